"""Which files make a checkpoint, and which of them a folder has."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from tui.engine.errors import EngineError
from tui.engine.sources.vocabularies import KNOWN, Vocabularies, holds_vocabulary, is_read, name_a_tokenizer
from tui.system.plain_files import decoded, read_plain

CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
ADAPTER_CONFIG = "adapter_config.json"
_WEIGHTS = (
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
"""A single file of weights and the index of several, the form transformers prefers first."""
_SMALL = frozenset({CONFIG, "README.md", GENERATION_CONFIG, ADAPTER_CONFIG})


MOST_SETTINGS_BYTES = 16_000_000
"""Of a file of settings: the largest config in use names 21,000 labels in one megabyte."""
_MOST_SHARDS = 10_000
MOST_VOCABULARY_BYTES = 128_000_000
"""Of a tokenizer.json: the largest in use, of 262,000 entries and their merges, has 34 megabytes."""
MOST_INDEX_BYTES = 32_000_000
"""Of an index of shards: that of a model with 384 experts in 61 layers has 18 megabytes."""


def read_json(file: Path, most: int = MOST_SETTINGS_BYTES) -> dict[str, Any]:
    """A JSON object in a plain file. Raises OSError, or ValueError for anything that is not a JSON object."""
    raw = read_plain(file, most)
    if raw.startswith(b"\xef\xbb\xbf"):
        raise ValueError(
            "it begins with a byte order mark, which transformers can't read: save it without one"
        )
    try:
        content = json.loads(decoded(raw))
    except RecursionError:
        raise ValueError("its lists and objects are nested too deep") from None
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} holds no JSON object")
    return content


def read_config(folder: Path) -> dict[str, Any]:
    """A checkpoint's config. Raises EngineError when there is none, or none that can be read."""
    try:
        return read_json(folder / CONFIG)
    except FileNotFoundError:
        raise EngineError(
            "Not a checkpoint",
            f"The folder {folder} has no {CONFIG}; {contents_of(folder)}.",
            "Choose the folder that holds config.json, the weights and the tokenizer.",
        ) from None
    except PermissionError:
        raise
    except OSError as error:
        raise EngineError(
            "The config can't be read",
            f"{CONFIG} in {folder}: {error.strerror or error}.",
            "Copy or download the checkpoint again.",
        ) from error
    except ValueError as error:
        raise EngineError(
            "The config can't be read",
            f"{CONFIG} in {folder} is not valid JSON: {error}.",
            "Copy or download the checkpoint again.",
        ) from error


def contents_of(folder: Path) -> str:
    """What a folder holds instead of what was looked for, in words. Raises OSError."""
    names = sorted(entry.name for entry in folder.iterdir())
    found = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"it holds {found}" if names else "it is empty"


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The weight files transformers would load: safetensors before pickled ones, shards by their index.

    Raises OSError, and ValueError for an index that can't be followed.
    """
    for single, index in _WEIGHTS:
        if os.path.lexists(folder / single):
            return (folder / single,)
        if os.path.lexists(folder / index):
            return tuple(folder / name for name in _shards(folder / index))
    return ()


def _shards(index: Path) -> list[str]:
    """Names of the shards of an index. Raises OSError, and ValueError where one is no name of a file beside it."""
    shards = read_json(index, MOST_INDEX_BYTES).get("weight_map", {})
    if not isinstance(shards, dict):
        raise ValueError(f"{index.name}: “weight_map” is no object of names and files")
    names: set[str] = set()
    for tensor, name in shards.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"{index.name}: the file of “{tensor[:80]}” is no name")
        names.add(name)
    if len(names) > _MOST_SHARDS:
        raise ValueError(f"{index.name} names {len(names):,} files, of which most must be missing")
    for name in names:
        parts = Path(name).parts
        if Path(name).is_absolute() or ".." in parts or "\0" in name:
            raise ValueError(f"{index.name}: “{name[:200]}” leaves the folder")
    return sorted(names)


def needed(names: tuple[str, ...], known: Vocabularies = KNOWN) -> tuple[str, ...]:
    """Which files of a repository a load reads: config, card, tokenizer, and one form of the weights.

    And what tells of an adapter, which is not applied.

    known: which files tokenizers are made of.

    >>> needed(("config.json", "model.safetensors", "pytorch_model.bin", "vocab.txt", "tf_model.h5"))
    ('config.json', 'vocab.txt', 'model.safetensors')
    """
    small = tuple(name for name in names if name in _SMALL or is_read(name, known))
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
    """Whether the folder holds a vocabulary, or a tokenizer that needs none. Raises OSError."""
    try:
        config = read_json(folder / CONFIG)
    except (OSError, ValueError):
        config = {}
    names = [file.name for file in folder.iterdir() if holds_vocabulary(file.name) and file.exists()]
    return name_a_tokenizer(names, tokenizer_config(folder), config)


def tokenizer_config(folder: Path) -> dict[str, Any]:
    """`tokenizer_config.json`, empty where there is none or it can't be read."""
    try:
        return read_json(folder / TOKENIZER_CONFIG)
    except (OSError, ValueError):
        return {}
