"""The checkpoints at hand: the built-in ones, then the text models in the Hub cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import facts, files, hub_cache
from tui.engine.sources.locate import Place
from tui.protocol.checkpoints import Checkpoint


def checkpoints(task: str) -> tuple[Checkpoint, ...]:
    """Every text checkpoint on this machine, those that serve the task first; a broken one says what is wrong.

    Entries of the cache without a config or without a tokenizer (images, sound, data of other libraries) are
    left out.
    """
    found = list(_described(task))
    return tuple(sorted(found, key=lambda checkpoint: not checkpoint.serves))


def _described(task: str) -> Iterator[Checkpoint]:
    for place, folder in _places(task):
        try:
            checkpoint = facts.describe(place, folder, task)
        except EngineError as error:
            if (folder / files.CONFIG).exists():
                yield _unreadable(place, error.failure.title)
        except OSError as error:
            yield _unreadable(place, error.strerror or type(error).__name__)
        else:
            if checkpoint.serves or files.has_tokenizer(folder):
                yield checkpoint


def _places(task: str) -> Iterator[tuple[Place, Path]]:
    for name in catalogue.built_in_names(task):
        folder = catalogue.built_in_folder(name)
        if folder is not None:
            yield Place(name, name, "built-in", folder), folder
    for repository, folder in hub_cache.repositories():
        yield Place(repository, repository, "hub-cache", folder), folder


def _unreadable(place: Place, why: str) -> Checkpoint:
    return Checkpoint(place.reference, place.name, place.source, serves=False, note=why.lower())
