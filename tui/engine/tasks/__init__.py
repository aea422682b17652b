"""The tasks: one room each. This table is all that is known of them before torch is imported."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tui.engine.errors import EngineError


@dataclass(frozen=True)
class Room:
    """What a task asks of a checkpoint."""

    architecture_suffix: str
    """How the class names of models that can do it end."""
    head: str
    """What such a model has, in words."""


ROOMS = MappingProxyType({"sentiment-analysis": Room("ForSequenceClassification", "classification head")})


def room(task: str) -> Room:
    """What a task asks of a checkpoint. Raises EngineError for a task that is not built."""
    if task not in ROOMS:
        raise EngineError(
            "This task is not built yet",
            f"“{task}” is not among the engine's tasks: {', '.join(ROOMS)}.",
            "Choose one of them.",
        )
    return ROOMS[task]
