"""From what a person typed to a place: a built-in's name, a folder, or an id on the Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import hub_cache
from tui.values import Source

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
    folder = Path(reference).expanduser()
    if reference and folder.is_dir():
        return Place(reference, folder.resolve().name or str(folder.resolve()), "folder", folder.resolve())
    if reference.startswith(("/", "./", "../", "~")) or reference in ("", ".", ".."):
        raise EngineError(
            "No such folder",
            f"“{reference}” is not a folder on the engine's machine." if reference else "The name is empty.",
            "Give the folder that holds config.json, or a Hub id such as distilbert/distilbert-base-uncased.",
        )
    if _HUB_ID.fullmatch(reference) is None or "--" in reference or ".." in reference:
        raise EngineError(
            "Not a checkpoint's name",
            f"“{reference}” is no built-in checkpoint, no folder, and no Hub id can look like that.",
            "Give a folder, or a Hub id of the form owner/name.",
        )
    cached = hub_cache.snapshot(reference, revision)
    if cached is not None and hub_cache.is_complete(cached):
        return Place(reference, reference, "hub-cache", cached, revision)
    return Place(reference, reference, "hub", None, revision)
