"""From what a person typed to a place: a built-in's name, a folder, or an id on the Hub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import files, hub_cache, instead
from tui.protocol.checkpoints import Source
from tui.system.plain_files import kind_of

_LONGEST_SHOWN = 200
_HUB_ID = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True)
class Place:
    """Where a checkpoint's files are."""

    reference: str
    name: str
    source: Source
    folder: Path | None
    """The folder with its files; None while they are only on the Hub."""
    revision: str | None = None


def locate(reference: str, revision: str | None = None) -> Place:
    """Find a checkpoint: a built-in of that name, then a folder, then the Hub cache, then the Hub.

    Looks at the disk only. Raises EngineError for what can be none of them.
    """
    reference = reference.strip()
    built_in = catalogue.built_in_folder(reference)
    if built_in is not None:
        return Place(reference, reference, "built-in", built_in)
    folder = path_of(reference)
    if reference and is_folder(folder):
        # a link is called by its own name, not by what it leads to
        name = Path(os.path.abspath(folder)).name  # noqa: PTH100 - `resolve` would follow it
        return Place(reference, name or str(folder), "folder", folder.resolve())
    if reference.startswith(("/", "./", "../", "~")) or reference in ("", ".", "..") or _is_weights(folder):
        raise _no_folder(reference, folder)
    if _HUB_ID.fullmatch(reference) is None or "--" in reference or ".." in reference:
        raise EngineError(
            "Not a checkpoint's name",
            f"“{cut(reference)}” is no built-in checkpoint, no folder, and no Hub id can look like that.",
            "Give a folder, or a Hub id of the form owner/name.",
        )
    cached = hub_cache.snapshot(reference, revision)
    if cached is not None and hub_cache.is_complete(cached):
        return Place(reference, reference, "hub-cache", cached, revision)
    return Place(reference, reference, "hub", None, revision)


def path_of(reference: str) -> Path:
    """The path a person typed, `~` and `~name` replaced. Raises EngineError where there is no such home."""
    try:
        return Path(reference).expanduser()
    except RuntimeError:
        raise EngineError(
            "No such folder",
            f"“{cut(reference)}” begins with the home of a user whom the engine's machine doesn't know.",
            "Give the whole path, beginning with /.",
        ) from None


def is_folder(path: Path) -> bool:
    """Whether a folder is there, whatever can't be a path; raises PermissionError alone."""
    try:
        return path.is_dir()
    except PermissionError:
        raise
    except (OSError, ValueError):  # a name too long for the file system, say
        return False


def cut(reference: str) -> str:
    """What a person typed, of a length that fits a message."""
    return reference if len(reference) <= _LONGEST_SHOWN else f"{reference[:_LONGEST_SHOWN]}…"


def _is_weights(path: Path) -> bool:
    """Whether a file is there that holds weights by its name, which no Hub id has."""
    try:
        return path.is_file() and (
            files.holds_weights(path.name) or instead.of_names((path.name,)) is not None
        )
    except (OSError, ValueError):
        return False


def _no_folder(reference: str, path: Path) -> EngineError:
    """What is there in the place of a folder, and what to give."""
    hint = "Give the folder that holds config.json, or a Hub id such as distilbert/distilbert-base-uncased."
    try:
        kind = kind_of(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        said = "not a folder on the engine's machine"
    except OSError as error:
        said = f"no folder: {error.strerror}"
    else:
        said = f"{kind or 'a file'}, not a folder"
        other = None if kind else instead.of_names((path.name,))
        if not kind and (path.parent / files.CONFIG).is_file():
            hint = f"Give the folder that it is in: {path.parent}"
        elif other is not None:
            said, hint = f"{said}: {other.what}", other.hint
    return EngineError(
        "No such folder", f"“{cut(reference)}” is {said}." if reference else "The name is empty.", hint
    )
