"""What all views of the microscope have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tui.app.render.glyphs import wrapped
from tui.app.render.strips import Lines, row
from tui.app.widgets.line_pane import LinePane
from tui.protocol.failures import Failure

if TYPE_CHECKING:
    from tui.app.enquiries import Answer
    from tui.protocol.microscope.questions import AnyQuestion, Subject


class View(LinePane):
    """A view on the tokenizer `subject`; its own text is `text`. It asks by messages and is told answers by `hear`.

    Subclasses say which questions they have (`inquire`), take findings (`take`) and draw them (`lines`).
    """

    TAB: ClassVar[str] = ""
    """Its name in the line of views."""
    FIELD: ClassVar[str] = "Text"
    """What is typed for it."""
    FIELD_ABOUT: ClassVar[str] = "The text that the tokenizer is given."
    FIELD_SHARED: ClassVar[bool] = True
    """Whether what is typed is the one text that views share."""

    text: var[str] = var("")
    subject: var[str] = var("")
    """The tokenizer, as `questions.About` names it; empty: that of the checkpoint in use."""
    shared_text = ""
    """The text that views share, where the field holds another."""
    told_of: tuple[str, Subject] | None = None
    """The tokenizer that the findings shown tell of: what it was asked about as, and what it is; None: none are."""
    failure: var[Failure | None] = var(None)
    cursor: var[int] = var(0)
    """The selected row."""

    class Asks(Message):
        """A question for the engine."""

        def __init__(self, view: View, question: AnyQuestion) -> None:
            super().__init__()
            self.view = view
            self.question = question

    class Opens(Message):
        """Another tokenizer is wanted: `opened` is called once it can be asked about, `failed` where it can't."""

        def __init__(
            self, reference: str, opened: Callable[[], None], failed: Callable[[Failure], None]
        ) -> None:
            super().__init__()
            self.reference, self.opened, self.failed = reference, opened, failed

    class Shift(Message):
        """Another view is wanted, with something of this one in it."""

        def __init__(self, tab: str, word: int | None = None, entry: int | None = None) -> None:
            super().__init__()
            self.tab, self.word, self.entry = tab, word, entry

    class Fills(Message):
        """What is to stand in the view's own field."""

        def __init__(self, view: View, text: str) -> None:
            super().__init__()
            self.view, self.text = view, text

    class GivesUp(Message):
        """The question of a kind is not wanted any more."""

        def __init__(self, kind: type) -> None:
            super().__init__()
            self.kind = kind

    def on_mount(self) -> None:
        """An empty view has its title too."""
        self.set_title()

    # ---------------------------------------------------------------------------- for subclasses to fill

    def inquire(self) -> None:
        """Ask what the view needs to know now: it came into sight, or text or tokenizer are others."""
        raise NotImplementedError

    def take(self, answer: Answer) -> None:
        """Keep a finding or a progress."""
        raise NotImplementedError

    def lines(self, width: int) -> Sequence[Strip]:
        """The rows."""
        raise NotImplementedError

    def count(self) -> int:
        """How many rows the cursor can be on."""
        return 0

    def row_of(self, cursor: int) -> int:
        """The drawn row of a cursor."""
        return cursor

    def go_to(self, word: int | None, entry: int | None) -> None:
        """Another view sends here, to a word or to an entry of the vocabulary."""

    # ---------------------------------------------------------------------------------------- the rest

    def ask(self, question: AnyQuestion) -> None:
        """Have the engine asked."""
        self.post_message(self.Asks(self, question))

    def hear(self, answer: Answer) -> None:
        """What came of a question: what failed is shown until something else is found."""
        if isinstance(answer, Failure):
            self.failure, self.stale = answer, True
        elif answer is not None:
            self.failure, self.stale = None, False
            self.take(answer)
        self.redraw()

    def rows(self, width: int) -> Sequence[Strip]:
        """What failed, then what is known."""
        rows = Lines(self._failed(width))
        rows += self.lines(width)
        return rows

    def _failed(self, width: int) -> list[Strip]:
        if self.failure is None:
            return []
        failure = self.failure
        return [
            *(row((line, self.style("error"))) for line in wrapped(f"✗ {failure.title}", width)),
            *(row((line, self.style("text"))) for line in wrapped(failure.detail, width)),
            *(row((line, self.style("muted"))) for line in wrapped(f"→ {failure.hint}", width)),
        ]

    def validate_cursor(self, cursor: int) -> int:
        """Within what there is."""
        return max(0, min(cursor, self.count() - 1))

    def watch_cursor(self) -> None:
        """Another row is selected."""
        self.redraw()
        width = self.scrollable_content_region.width
        self.show_row(len(self._failed(width)) + self.row_of(self.cursor) if width > 0 else 0)

    def action_row(self, by: int) -> None:
        """Select another row."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move by a screenful."""
        self.cursor += by * max(1, self.room - 1)

    def action_edge(self, to: int) -> None:
        """Select the first or the last row."""
        self.cursor = 0 if to < 0 else self.count() - 1
