"""From a reference to facts, and from facts to a folder on this machine: the only way to the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tui.engine.errors import EngineError
from tui.engine.sources import facts
from tui.engine.sources.hub import Remote
from tui.engine.sources.locate import locate
from tui.protocol.checkpoints import Checkpoint
from tui.tasks import TASKS


def inspect(reference: str, revision: str | None, task: str, check: Callable[[], None]) -> Checkpoint:
    """What a checkpoint is, asked of the Hub when it is not on this machine.

    `check` is called while the Hub is waited for and raises to give up. Raises EngineError.
    """
    place = locate(reference, revision)
    if place.folder is not None:
        return facts.describe(place, place.folder, task)
    with Remote(place, check) as remote:
        return remote.describe(task)


def obtain(
    reference: str,
    revision: str | None,
    task: str,
    check: Callable[[], None],
    report: Callable[[int, int], object],
) -> tuple[Checkpoint, Path]:
    """A checkpoint's facts and the folder it is in, downloaded first when it is not on this machine.

    `check` as in `inspect`; `report` is told bytes done and in all. What its config says can't serve the task is
    refused before its weights are fetched. Raises EngineError.
    """
    place = locate(reference, revision)
    if place.folder is not None:
        return facts.describe(place, place.folder, task), place.folder
    with Remote(place, check) as remote:
        checkpoint = remote.describe(task)
        if not (checkpoint.serves or (checkpoint.untrained and TASKS[task].over_vocabulary)):
            raise EngineError(
                "This checkpoint can't do the task",
                f"{checkpoint.name}: {checkpoint.note.removesuffix('.')}.",
                f"Choose one that was trained for {task}.",
            )
        folder = remote.download(report)
    return facts.describe(replace(place, source="hub-cache", folder=folder), folder, task), folder
