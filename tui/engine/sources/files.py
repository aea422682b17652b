"""Which files make a checkpoint, and which of them a folder has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tui.engine.errors import EngineError

CONFIG = "config.json"
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
            f"The folder {folder} has no {CONFIG}; "
            + (f"it holds {found}." if names else "it is empty."),
            "Choose the folder that holds config.json, the weights and the tokenizer.",
        ) from None
    except (ValueError, RecursionError) as error:
        raise EngineError(
            "The config can't be read",
            f"{CONFIG} in {folder} is not valid JSON: {error}.",
            "Copy or download the checkpoint again.",
        ) from error


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The weight files that transformers would load: safetensors before pickled ones, shards by their index."""
    for single, index in (
        ("model.safetensors", "model.safetensors.index.json"),
        ("pytorch_model.bin", "pytorch_model.bin.index.json"),
    ):
        if (folder / single).exists():
            return (folder / single,)
        if (folder / index).exists():
            shards = read_json(folder / index).get("weight_map", {})
            return tuple(folder / name for name in sorted(set(shards.values())))
    return ()


def has_tokenizer(folder: Path) -> bool:
    """Whether the folder holds a vocabulary, or a tokenizer that needs none."""
    if any((folder / name).exists() for name in VOCABULARIES):
        return True
    return tokenizer_config(folder).get("tokenizer_class") in _TOKENIZERS_WITHOUT_VOCABULARY


def tokenizer_config(folder: Path) -> dict[str, Any]:
    """`tokenizer_config.json`, empty where there is none or it can't be read."""
    try:
        return read_json(folder / "tokenizer_config.json")
    except (OSError, ValueError):
        return {}
