"""Pane 7: the answer, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import ROWS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import visible, wrapped
from tui.app.render.strips import row
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.protocol import Answered, Failure


class AnswerPane(LinePane):
    """What transformers' pipeline returns for this text, to the last digit."""

    NUMBER = 7
    NAME = "Answer"
    HELP = (
        "What transformers' pipeline of this task returns for this text and this checkpoint: the label with the "
        "highest score. It is always the pipeline's own reading (temperature 1, its own function), whatever is "
        "tried in Logits → probabilities.\n\n"
        "When something fails, it is told here: what, why, and what to do next. F4 shows the engine's log."
    )
    BINDINGS = bindings(ROWS)

    answered: var[Answered | None] = var(None)
    failure: var[Failure | None] = var(None)

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self.set_title()

    def watch_answered(self, answered: Answered | None) -> None:
        """Another answer."""
        self.set_title(f"in {numbers.seconds(answered.seconds)}" if answered else "")
        self.redraw()

    def watch_failure(self) -> None:
        """Something failed, or works again."""
        self.redraw()

    def rows(self, width: int) -> list[Strip]:
        """A failure in full, then the last answer."""
        strips = []
        if self.failure is not None:
            error, text = self.style("error"), self.style("text")
            strips += [row((line, error)) for line in wrapped(f"✗ {self.failure.title}", width)]
            strips += [row((line, text)) for line in wrapped(self.failure.detail, width)]
            strips += [row((line, text)) for line in wrapped(f"→ {self.failure.hint}", width)]
        if self.answered is not None:
            strips += [
                row(
                    (f"{visible(score.label)} ", self.style("strong")),
                    (f"{score.score:.4f}", self.style("text")),
                )
                for score in self.answered.answer
            ]
        return strips
