"""A task of the table, asked for by a name that came from outside."""

from __future__ import annotations

from tui.engine.errors import EngineError
from tui.tasks import TASKS
from tui.tasks.task import Task


def task_named(name: str) -> Task:
    """What is known of a task. Raises EngineError for a name that is none's."""
    if name not in TASKS:
        raise EngineError(
            "This task is not built yet",
            f"“{name}” is not among the engine's tasks: {', '.join(TASKS)}.",
            "Choose one of them.",
        )
    return TASKS[name]
