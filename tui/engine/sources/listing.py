"""The checkpoints at hand: the built-in ones, then the text models in the Hub cache."""

from __future__ import annotations

from collections.abc import Iterator

from tui import catalogue
from tui.engine.errors import EngineError
from tui.engine.sources import facts, hub_cache
from tui.engine.sources.locate import Place
from tui.protocol import Checkpoint


def checkpoints(task: str) -> tuple[Checkpoint, ...]:
    """Every checkpoint on this machine, those that serve the task first. A broken entry says what is wrong."""
    found = list(_described(task))
    return tuple(sorted(found, key=lambda checkpoint: not checkpoint.serves))


def _described(task: str) -> Iterator[Checkpoint]:
    for place in _places(task):
        assert place.folder is not None
        try:
            yield facts.describe(place, place.folder, task)
        except EngineError as error:
            yield _unreadable(place, error.failure.title)
        except OSError as error:
            yield _unreadable(place, error.strerror or type(error).__name__)


def _places(task: str) -> Iterator[Place]:
    for name in catalogue.built_in_names(task):
        yield Place(name, name, "built-in", catalogue.built_in_folder(name))
    for repository, folder in hub_cache.repositories():
        yield Place(repository, repository, "hub-cache", folder)


def _unreadable(place: Place, why: str) -> Checkpoint:
    return Checkpoint(place.reference, place.name, place.source, serves=False, note=why.lower())
