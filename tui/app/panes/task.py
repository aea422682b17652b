"""Pane 1: which task."""

from __future__ import annotations

from textual.reactive import var

from tui.app.widgets.pick_pane import PickPane
from tui.choices import TASKS


class TaskPane(PickPane):
    """The eight tasks of the course, in its order, and the hidden states by themselves."""

    NUMBER = 1
    NAME = "Task"
    HELP = (
        "What the model is asked to do. The task decides which head reads the hidden states and how its logits "
        "become an answer. Enter takes the selected one; texts, options and model of each task are kept.\n\n"
        "sentiment-analysis (text-classification): the whole text gets a label.\n"
        "zero-shot-classification: labels you name yourself, by asking whether each follows from the text.\n"
        "text-generation: which token comes next, at every position.\n"
        "fill-mask: which tokens could stand in a masked place.\n"
        "ner (token-classification): which tokens are names, and of what.\n"
        "question-answering: which stretch of a context answers a question.\n"
        "summarization and translation: a decoder writes from what an encoder read.\n"
        "feature-extraction: the hidden states themselves, as vectors."
    )

    task_name: var[str] = var(TASKS[0])

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
        self.cursor = TASKS.index(self.task_name)
        self.redraw()
