"""Which files make a checkpoint, and which of them a folder has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.engine.errors import EngineError

CONFIG = "config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
_WEIGHTS = (
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
"""A single file of weights and the index of several, the form transformers prefers first."""
_SMALL = frozenset({
    CONFIG, TOKENIZER_CONFIG, "README.md", "added_tokens.json", "chat_template.jinja", "generation_config.json",
    "merges.txt", "special_tokens_map.json", "target.spm",
})  # fmt: skip
_TOKENIZERS_WITHOUT_VOCABULARY = frozenset({"ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer"})
VOCABULARIES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model",
    "spm.model", "source.spm", "vocab.model", "tiktoken.model", "tekken.json",
)  # fmt: skip


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object in a file. Raises OSError, or ValueError for anything that is not a JSON object."""
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} holds no JSON object")
    return content


def read_config(folder: Path) -> dict[str, Any]:
    """A checkpoint's config. Raises EngineError when there is none, or none that can be read."""
    try:
        return read_json(folder / CONFIG)
    except FileNotFoundError:
        names = sorted(entry.name for entry in folder.iterdir())
        found = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        raise EngineError(
            "Not a checkpoint",
            f"The folder {folder} has no {CONFIG}; " + (f"it holds {found}." if names else "it is empty."),
            "Choose the folder that holds config.json, the weights and the tokenizer.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise EngineError(
            "The config can't be read",
            f"{CONFIG} in {folder} is not valid JSON: {error}.",
            "Copy or download the checkpoint again.",
        ) from error


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The weight files transformers would load: safetensors before pickled ones, shards by their index."""
    for single, index in _WEIGHTS:
        if (folder / single).exists():
            return (folder / single,)
        if (folder / index).exists():
            shards = read_json(folder / index).get("weight_map", {})
            return tuple(folder / name for name in sorted(set(shards.values())))
    return ()


def needed(names: tuple[str, ...]) -> tuple[str, ...]:
    """Which files of a repository a load reads: config, card, tokenizer, and one form of the weights.

    >>> needed(("config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt", "tf_model.h5"))
    ('config.json', 'vocab.txt', 'model.safetensors')
    """
    small = tuple(name for name in names if name in _SMALL or name in VOCABULARIES)
    for single, index in _WEIGHTS:
        if single in names:
            return (*small, single)
        if index in names:
            stem, _, ending = single.partition(".")
            shards = re.compile(rf"{stem}-\d+-of-\d+\.{ending}")
            return (*small, index, *(name for name in names if shards.fullmatch(name)))
    return small


def holds_weights(name: str) -> bool:
    """Whether a file's name says that it holds weights."""
    return name.endswith((".safetensors", ".bin"))


def has_tokenizer(folder: Path) -> bool:
    """Whether the folder holds a vocabulary, or a tokenizer that needs none."""
    present = tuple(name for name in VOCABULARIES if (folder / name).exists())
    return names_a_tokenizer(present, tokenizer_config(folder))


def names_a_tokenizer(names: tuple[str, ...], settings: Mapping[str, Any]) -> bool:
    """Whether files of these names and `tokenizer_config.json` make a tokenizer."""
    has_vocabulary = any(name in VOCABULARIES for name in names)
    return has_vocabulary or settings.get("tokenizer_class") in _TOKENIZERS_WITHOUT_VOCABULARY


def tokenizer_config(folder: Path) -> dict[str, Any]:
    """`tokenizer_config.json`, empty where there is none or it can't be read."""
    try:
        return read_json(folder / TOKENIZER_CONFIG)
    except (OSError, ValueError):
        return {}
