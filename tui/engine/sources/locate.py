"""From what a person typed to a place: a built-in's name, a folder, or an id on the Hub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import hub_cache
from tui.plain_files import kind_of
from tui.values import Source

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
    if reference.startswith(("/", "./", "../", "~")) or reference in ("", ".", ".."):
        raise EngineError(
            "No such folder",
            f"“{cut(reference)}” is {_instead(folder)}." if reference else "The name is empty.",
            "Give the folder that holds config.json, or a Hub id such as distilbert/distilbert-base-uncased.",
        )
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


def _instead(path: Path) -> str:
    """What is there in the place of a folder, in words."""
    try:
        kind = kind_of(path.stat().st_mode) or "a file"
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return "not a folder on the engine's machine"
    except OSError as error:
        return f"no folder: {error.strerror}"
    return f"{kind}, not a folder"
