"""The tasks: one room each. This table is all that is known of them before torch is imported."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from tui.engine.errors import EngineError

if TYPE_CHECKING:
    from tui.engine.loading import LoadedCheckpoint
    from tui.engine.tasks.sentiment_analysis import Outcome
    from tui.engine.tokenization.reading import Reading
    from tui.protocol import Readout, ReadoutSettings, Score, Step


@dataclass(frozen=True)
class Room:
    """What a task asks of a checkpoint, and where its code is."""

    module: str
    architecture_suffix: str
    """How the class names of models that can do it end."""
    head: str
    """What such a model has, in words."""


ROOMS = MappingProxyType(
    {"sentiment-analysis": Room("sentiment_analysis", "ForSequenceClassification", "classification head")}
)


class Runner(Protocol):
    """What the module of a task offers; importing it imports torch."""

    def forward(self, loaded: LoadedCheckpoint, reading: Reading) -> Outcome:
        """Run the model on one text."""

    def read_out(self, request_id: int, outcome: Outcome, settings: ReadoutSettings) -> tuple[Readout, Step]:
        """Read an outcome's logits under some settings; the step is that of the walk."""

    def answer(self, outcome: Outcome) -> tuple[Score, ...]:
        """What transformers' pipeline of the task returns."""


def room(task: str) -> Room:
    """What a task asks of a checkpoint. Raises EngineError for a task that is not built."""
    if task not in ROOMS:
        raise EngineError(
            "This task is not built yet",
            f"“{task}” is not among the engine's tasks: {', '.join(ROOMS)}.",
            "Choose one of them.",
        )
    return ROOMS[task]


def runner(task: str) -> Runner:
    """The code of a task. Imports torch."""
    return cast("Runner", importlib.import_module(f"{__name__}.{room(task).module}"))
