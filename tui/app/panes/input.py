"""Pane 3: the text."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import var
from textual.widgets import TextArea

from tui.app.render import numbers
from tui.app.render.glyphs import visible_in_place
from tui.app.widgets.frame import Framed
from tui.app.widgets.palette import style_of

EDITOR_CHARACTERS = 8_000
"""Most characters in the editor. What is pasted beyond is kept and sent to the model, but not edited: the
editor wraps a whole paragraph at each key, which takes seconds for a megabyte."""


class InputPane(Framed, TextArea):
    """The editor; it marks the characters of the selected token and dims what the model doesn't read."""

    NUMBER = 3
    NAME = "Input"
    HELP = (
        "The text the model reads. Type: tokens, logits and answer follow. Several lines are one text.\n\n"
        "Escape leaves the field; then digits reach the panes. The characters of the token selected in Tokens "
        "are underlined here, and moving the cursor here selects the token it stands on.\n\n"
        f"A text longer than {EDITOR_CHARACTERS:,} characters is kept whole and tokenized whole; the editor "
        "shows its beginning. Clear the field to let the rest go. What the model doesn't read (it takes a "
        "limited number of tokens) is struck through."
    )

    DEFAULT_CLASSES = "pane"

    class Edited(Message):
        """The text is different now."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class CaretMoved(Message):
        """The text cursor stands at another character (an offset in code points)."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    mark: var[tuple[int, int] | None] = var(None)
    """Characters of the selected token."""
    unread_from: var[int | None] = var(None)
    """First character the model doesn't read."""

    def __init__(self, text: str, caret: int | None = None, *, id: str) -> None:
        """Start with `text`, the text cursor before character `caret` or at the end."""
        super().__init__(
            text[:EDITOR_CHARACTERS],
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
        )
        self.cursor_blink = False
        self._beyond = text[EDITOR_CHARACTERS:]
        self._first_caret = caret

    @property
    def full_text(self) -> str:
        """The text in the editor and what is kept beyond it."""
        return self.text + self._beyond

    @property
    def caret(self) -> int:
        """Characters before the text cursor."""
        row, column = self.cursor_location
        return self._start_of(row) + column

    def replace_text(self, text: str) -> None:
        """Put another text in place of this one."""
        self._beyond = text[EDITOR_CHARACTERS:]
        self.load_text(text[:EDITOR_CHARACTERS])

    def exchange_text(self, text: str) -> None:
        """Put a text in place of what the editor shows, as an edit that can be undone."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    def on_mount(self) -> None:
        """Put the text cursor where it belongs."""
        if self._first_caret is None:
            self.move_cursor(self.document.end)
        else:
            self.move_caret_to(self._first_caret)
        self._tell_facts()

    def on_resize(self, event: events.Resize) -> None:
        """The title depends on the width."""
        self.fit_title()

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        start, end = sorted(self.selection)
        before = self.get_text_range((0, 0), start)
        after = self.get_text_range(end, self.document.end)
        if len(before) + len(event.text) + len(after) <= EDITOR_CHARACTERS:
            result = self.replace(event.text, start, end, maintain_selection_offset=False)
            self.move_cursor(result.end_location)
            return
        self.replace_text(before + event.text + after + self._beyond)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Count, and tell whoever listens."""
        event.stop()
        if not self.text:
            self._beyond = ""
        self._tell_facts()
        self.post_message(self.Edited(self.full_text))

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """Tell where the text cursor stands, when the person moved it."""
        event.stop()
        if self.has_focus:
            self.post_message(self.CaretMoved(self.caret))

    def move_caret_to(self, offset: int) -> None:
        """Put the text cursor before a character."""
        for row, line in enumerate(self.document.lines):
            if offset <= len(line):
                self.move_cursor((row, offset))
                return
            offset -= len(line) + len(self.document.newline)
        self.move_cursor(self.document.end)

    def watch_mark(self) -> None:
        """Underline other characters."""
        self._repaint()

    def watch_unread_from(self) -> None:
        """Strike out other characters."""
        self._repaint()

    def _repaint(self) -> None:
        self._line_cache.clear()
        self.refresh()

    def _tell_facts(self) -> None:
        facts = f"{numbers.count(len(self.text) + len(self._beyond))} characters"
        if self._beyond:
            facts += f", the first {numbers.count(len(self.text))} shown"
        self.set_title(facts)

    def _start_of(self, row: int) -> int:
        """Characters before a line."""
        return sum(map(len, self.document.lines[:row])) + row * len(self.document.newline)

    def get_line(self, line_index: int) -> Text:
        """One line of the document, harmless, with the selected token and the unread part marked."""
        source = self.document.get_line(line_index)
        line = Text(visible_in_place(source), end="", no_wrap=True)
        start = self._start_of(line_index)
        if self.unread_from is not None and self.unread_from < start + len(source):
            style = style_of(self, "unread")
            line.stylize(style + Style(strike=True), max(0, self.unread_from - start))
        if self.mark is not None:
            first, last = self.mark[0] - start, self.mark[1] - start
            if first < len(source) and last > 0:
                style = style_of(self, "mark")
                line.stylize(style + Style(underline=True, bold=True), max(0, first), last)
        return line
