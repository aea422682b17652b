"""Pane 7: the answer, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from textual import events
from textual.message import Message
from textual.reactive import var

from tui.app.keys import ANSWER, ROWS, bindings
from tui.app.render import numbers
from tui.app.render.glyphs import wrapped
from tui.app.render.strips import Lines, row
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.app.render.answers.base import Drawing, Target
    from tui.protocol import Answered
    from tui.protocol.failures import Failure
    from tui.protocol.tokens import TokenSequence


class ShownAnswer(NamedTuple):
    """An answer with the texts and tokens it is about, which may be older than those on screen."""

    answered: Answered
    texts: tuple[str, ...]
    sequences: tuple[TokenSequence, ...]


class AnswerPane(LinePane):
    """What transformers' pipeline returns for this text, to the last digit, and how it came to be."""

    NUMBER = 7
    NAME = "Answer"
    HELP = (
        "What transformers' pipeline of this task returns for these texts and this checkpoint. It is always the "
        "pipeline's own reading (temperature 1, its own function) under the task's options (F2), whatever is "
        "tried in Logits → probabilities.\n\n"
        "“v” looks at it another way. Where rows can be selected, the one cursor follows: its token in Tokens, "
        "its characters in Input, its logits in Logits → probabilities.\n\n"
        "When something fails, it is told here: what, why, and what to do next. F4 shows the engine's log."
    )
    BINDINGS = bindings(ROWS, ANSWER)

    class Selected(Message):
        """Another row of the answer is selected."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

    class Taken(Message):
        """The selected row is to be put to use."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

    answer: var[ShownAnswer | None] = var(None)
    failure: var[Failure | None] = var(None)
    warning: var[str] = var("")
    """Why no answer can be trusted; stays as long as the checkpoint is in use."""
    cursor: var[int | None] = var(None)
    """Position of the selected token."""
    sequence: var[int] = var(0)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._modes: dict[str, int] = {}  # by kind of view
        self._selected = 0
        self._targets: tuple[tuple[int, Target], ...] = ()

    def on_mount(self) -> None:
        """An empty pane has its title too."""
        self._retitle()

    @property
    def drawing(self) -> Drawing[Any] | None:
        """The module that draws the kind of view at hand."""
        if self.answer is None:
            return None
        from tui.app.render.answers import drawing_of  # the first frame does without

        return drawing_of(self.answer.answered.view)

    @property
    def about(self) -> str:
        """What goes for all answers, then for this one."""
        drawing = self.drawing
        return self.HELP if drawing is None else f"{self.HELP}\n\n{drawing.HELP}"

    @property
    def mode(self) -> str:
        """The way to look at it now; empty without an answer."""
        drawing = self.drawing
        if drawing is None or self.answer is None:
            return ""
        kind = type(self.answer.answered.view).__name__
        return drawing.MODES[self._modes.get(kind, 0) % len(drawing.MODES)]

    def watch_answer(self) -> None:
        """Another answer."""
        self._retitle()
        self.redraw()

    def watch_failure(self) -> None:
        """Something failed, or works again."""
        self.redraw()

    def watch_warning(self) -> None:
        """Another checkpoint is in use."""
        self.redraw()

    def watch_cursor(self) -> None:
        """The one cursor moved: some drawings mark where it is."""
        self.redraw()

    def watch_sequence(self) -> None:
        """The one cursor moved to another sequence."""
        self.redraw()

    def _retitle(self) -> None:
        drawing = self.drawing
        if drawing is None or self.answer is None:
            self.set_title()
            return
        modes = (f"[{name}]" if name == self.mode else name for name in drawing.MODES)
        facts = f"{' '.join(modes)}   " if len(drawing.MODES) > 1 else ""
        self.set_title(f"{facts}in {numbers.seconds(self.answer.answered.seconds)}")

    def rows(self, width: int) -> Lines:
        """A failure in full, the warning about the checkpoint, then the last answer."""
        strips = Lines()
        if self.failure is not None:
            error, text = self.style("error"), self.style("text")
            strips += [row((line, error)) for line in wrapped(f"✗ {self.failure.title}", width)]
            strips += [row((line, text)) for line in wrapped(self.failure.detail, width)]
            strips += [row((line, text)) for line in wrapped(f"→ {self.failure.hint}", width)]
        if self.warning:
            strips += [row((line, self.style("error"))) for line in wrapped(f"⚠ {self.warning}", width)]
        drawing = self.drawing
        if drawing is not None and self.answer is not None:
            from tui.app.render.answers.base import Context

            drawn = drawing.draw(
                self.answer.answered.view,
                Context(
                    width=width,
                    height=max(1, self.room - len(strips)),
                    selected=self._selected,
                    mode=self.mode,
                    style=self.style,
                    texts=self.answer.texts,
                    sequences=self.answer.sequences,
                    cursor=(self.sequence, self.cursor),
                ),
            )
            self._targets = tuple((len(strips) + number, target) for number, target in drawn.targets)
            self._selected = max(0, min(self._selected, len(self._targets) - 1))
            strips += drawn.strips
        return strips

    def action_row(self, by: int) -> None:
        """Select another row; scroll where none can be selected."""
        if not self._targets:
            super().action_row(by)
            return
        self._selected = max(0, min(self._selected + by, len(self._targets) - 1))
        self.redraw()
        number, target = self._targets[self._selected]
        self.show_row(0 if self._selected == 0 else number)
        self.post_message(self.Selected(target))

    def action_edge(self, to: int) -> None:
        """Select the first or the last row."""
        self.action_row(to * max(len(self._targets), len(self._rows)))

    def action_view(self) -> None:
        """The next way to look at it."""
        if self.drawing is not None and self.answer is not None:
            kind = type(self.answer.answered.view).__name__
            self._modes[kind] = self._modes.get(kind, 0) + 1
            self._selected = 0
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
            self._retitle()
            self.redraw()

    def action_take(self) -> None:
        """Put the selected row to use."""
        if self._targets:
            self.post_message(self.Taken(self._targets[self._selected][1]))

    def on_click(self, event: events.Click) -> None:
        """A click selects a row."""
        offset = event.get_content_offset(self)
        if offset is not None:
            number = offset.y + self.scroll_offset.y
            for index, (own, _) in enumerate(self._targets):
                if own == number:
                    self.action_row(index - self._selected)
