"""What transformers would open in a checkpoint's folder: plain files of the folder itself, and nothing else."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from tui.engine.errors import EngineError
from tui.engine.sources import files, hub_cache
from tui.system.plain_files import POINTER, is_pointer, kind_of

_READ = frozenset({
    ".bin", ".codes", ".jinja", ".json", ".md", ".model", ".py", ".safetensors", ".spm", ".tiktoken", ".tokenizer",
    ".txt", ".vocab",
})  # fmt: skip
"""How the names end of what transformers opens by itself."""
_NOT_FOR_TEXTS = frozenset({".bin", ".md", ".safetensors"})
"""Of those what says nothing of a config or a tokenizer."""
_TEMPLATES = "additional_chat_templates"
_SEVERAL_PROCESSES = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")
"""Names by which transformers takes a folder for the work of several processes, and loads nothing else of it."""
_VOCABULARIES = frozenset({"merges.txt", "tokenizer.json", "vocab.json", "vocab.txt"})
_TEXTS = frozenset({".jinja", ".json", ".txt"})


def check(folder: Path, *, weights: bool = True) -> None:
    """Look at what a load would open in a folder, before it is opened; `weights`: those and the card, too.

    Raises EngineError for what is no plain file (a named pipe is waited for without end), for a link that leads out
    of the folder (but to the Hub cache's own store), and for settings too large for any checkpoint. Raises OSError.
    """
    for file in _opened(folder):
        if not weights and file.suffix in _NOT_FOR_TEXTS:
            continue
        problem = problem_of(folder, file)
        if problem:
            raise EngineError(
                "Not a file of this checkpoint",
                f"{file.name} in {folder}: {problem}.",
                "Then open it again."
                if problem == POINTER
                else "Choose the folder that holds the checkpoint's own files, or copy them into this one.",
            )
        if _SEVERAL_PROCESSES.fullmatch(file.name):
            raise EngineError(
                "These weights are parts of several processes",
                f"{file.name} in {folder} was saved by a training that ran on many devices.",
                "Save it with save_pretrained, as model.safetensors, and choose that folder.",
            )


def problem_of(folder: Path, file: Path) -> str:
    """Why a file of a folder must not be opened, in words; empty where nothing is against it, or none is there."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return f"it can't be read: {getattr(error, 'strerror', None) or error}"
    kind = kind_of(status.st_mode)
    if kind:
        return f"it is {kind}, not a file"
    if not _inside(folder, file):
        return f"it is a link that leaves the folder, to {os.path.realpath(file)}"
    with contextlib.suppress(OSError):  # whoever opens it tells that it can't be read
        if is_pointer(file):
            return POINTER
    most = _most_bytes(file.name)
    if file.suffix in _TEXTS and status.st_size > most:
        return f"it is too large: {status.st_size / 1e6:,.0f} MB, where at most {most / 1e6:,.0f} MB are read"
    return ""


def _most_bytes(name: str) -> int:
    """How large a file of a name may be that is read whole."""
    if name in _VOCABULARIES:
        return files.MOST_VOCABULARY_BYTES
    return files.MOST_INDEX_BYTES if name.endswith(".index.json") else files.MOST_SETTINGS_BYTES


def _opened(folder: Path) -> Iterator[Path]:
    for place in (folder, folder / _TEMPLATES):
        try:
            with os.scandir(place) as entries:
                names = sorted(entry.name for entry in entries if Path(entry.name).suffix in _READ)
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield from (place / name for name in names)


def _inside(folder: Path, file: Path) -> bool:
    """Whether a file is in the folder, or a blob of the Hub cache, where all snapshots' files are links to."""
    target = Path(os.path.realpath(file))
    home = Path(os.path.realpath(folder))
    if target.is_relative_to(home):
        return True
    blobs = target.parent
    own_store = Path(os.path.realpath(home.parents[1] / "blobs")) if home.parent.name == "snapshots" else None
    return blobs == own_store or (
        blobs.name == "blobs" and blobs.parent.parent == Path(os.path.realpath(hub_cache.root()))
    )


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The weight files a load opens, each a plain file of the folder or missing.

    Raises OSError, and ValueError for an index that can't be followed.
    """
    found = files.weight_files(folder)
    for file in found:
        problem = problem_of(folder, file)
        if problem:
            raise ValueError(f"{str(file.relative_to(folder))[:100]}: {problem}")
    return found
