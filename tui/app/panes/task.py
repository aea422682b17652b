"""Pane 1: which task."""

from __future__ import annotations

from textual.reactive import var

from tui.app.widgets.pick_pane import PickPane
from tui.tasks import TASKS


class TaskPane(PickPane):
    """The tasks of the course, in its order, and the hidden states by themselves."""

    NUMBER = 1
    NAME = "Task"
    HELP = (
        "What the model is asked to do. The task decides which head reads the hidden states and how its logits "
        "become an answer. Enter takes the selected one; texts, options and model of each task are kept.\n\n"
        + "\n".join(f"{task.title}: {task.about}" for task in TASKS.values())
    )

    task_name: var[str] = var(next(iter(TASKS)))

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self.set_title()

    def entries(self) -> list[tuple[str, str, str]]:
        """Every task; the one in use is marked."""
        return [
            (name, "●" if name == self.task_name else "", "strong" if name == self.task_name else "text")
            for name in TASKS
        ]

    def watch_task_name(self) -> None:
        """Move the cursor and the mark to the task in use."""
        self.cursor = list(TASKS).index(self.task_name)
        self.redraw()
