"""Pane 1: which task."""

from __future__ import annotations

from textual.reactive import var

from tui.app.widgets.pick_pane import PickPane
from tui.choices import BUILT_TASKS, TASKS


class TaskPane(PickPane):
    """The eight tasks of the course, in its order."""

    NUMBER = 1
    NAME = "Task"
    HELP = (
        "What the model is asked to do. The task decides which head reads the hidden states and how its logits "
        "become an answer.\n\n"
        "sentiment-analysis: the whole text gets one label. The head gives one logit for each label; softmax "
        "(or sigmoid) makes probabilities of them.\n\n"
        "Tasks marked “later” are not built yet: they can be seen here but not chosen."
    )

    task_name: var[str] = var(TASKS[0])

    def on_mount(self) -> None:
        """Start on the task in use."""
        self.set_title()
        self.cursor = TASKS.index(self.task_name)

    def entries(self) -> list[tuple[str, str, str]]:
        """Every task; those not built yet say so."""
        return [
            (
                name,
                "●" if name == self.task_name else "" if name in BUILT_TASKS else "later",
                "strong" if name == self.task_name else "text" if name in BUILT_TASKS else "muted",
            )
            for name in TASKS
        ]

    def watch_task_name(self) -> None:
        """Move the mark of the task in use."""
        self.redraw()
