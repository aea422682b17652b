"""Pane 3: the text."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text
from textual import events
from textual.reactive import var
from textual.widgets import TextArea

from tui.app.panes.field import NAME, NUMBER, CaretMoved, Edited, TypedInto
from tui.app.render import numbers
from tui.app.widgets.editor import EDITOR_CHARACTERS, Editor
from tui.app.widgets.frame import Framed
from tui.app.widgets.palette import style_of

_CHAT_HELP = (
    "The option chat is on: a line that begins with system:, user: or assistant: begins a turn, and the "
    "checkpoint's template makes the prompt of the turns. A backslash before such a line keeps it a part of "
    "the turn above, and a backslash alone is an empty line. ctrl+t edits turn by turn."
)


class InputPane(TypedInto, Framed, Editor):
    """The editor; it marks the characters of the selected token and dims what the model doesn't read.

    What is pasted beyond its most characters is kept and sent to the model, but not edited.
    """

    NUMBER = NUMBER
    NAME = NAME
    HELP = (
        "The text the model reads. Type: tokens, logits and answer follow. Several lines are one text.\n\n"
        "Escape leaves the field; then digits reach the panes. The characters of the token selected in Tokens "
        "are underlined here, and moving the cursor here selects the token it stands on.\n\n"
        f"A text longer than {EDITOR_CHARACTERS:,} characters is kept whole and tokenized whole; the editor "
        "shows its beginning. Clear the field to let the rest go. What the model doesn't read (it takes a "
        "limited number of tokens) is struck through."
    )

    DEFAULT_CLASSES = "pane field"

    mark: var[tuple[int, int] | None] = var(None)
    """Characters of the selected token."""
    unread_from: var[int | None] = var(None)
    """First character the model doesn't read."""
    options: var[Mapping[str, object]] = var({})
    """The task's options that differ from their defaults."""
    is_chat: var[bool] = var(False)
    """Whether the text is read as the turns of a conversation."""

    def __init__(self, text: str, caret: int | None = None, *, id: str) -> None:
        """Start with `text`, the text cursor before character `caret` or at the end."""
        super().__init__(text[:EDITOR_CHARACTERS], id=id)
        self._beyond = text[EDITOR_CHARACTERS:]
        self._first_caret = caret
        self._field_name, self._field_about = self.NAME, ""

    def rename(self, name: str, about: str) -> None:
        """Be the field of another task: its title, and what F1 tells first."""
        self._field_name, self._field_about = name, about
        self._tell_facts()

    @property
    def pane_name(self) -> str:
        """The field's name."""
        return self._field_name

    @property
    def about(self) -> str:
        """What the field is for, then what goes for all fields, and for conversations."""
        chat = f"\n\n{_CHAT_HELP}" if self.is_chat else ""
        return f"{self._field_about}\n\n{self.HELP}{chat}".lstrip()

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
        """Put a text in place of what the editor shows, as an edit that can be undone.

        One with more than the editor holds, before or after, can't be.
        """
        if max(len(text), len(self.full_text)) > EDITOR_CHARACTERS:
            self.replace_text(text)
            return
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
        self.post_message(Edited())

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """Tell where the text cursor stands, when the person moved it."""
        event.stop()
        if self.has_focus:
            self.post_message(CaretMoved(self, self.caret))

    def exchange_part(self, start: int, end: int, text: str) -> None:
        """Put a text in place of some characters, as an edit that can be undone."""
        self.replace(text, self._location(start), self._location(end))

    def _location(self, offset: int) -> tuple[int, int]:
        for row, line in enumerate(self.document.lines):
            if offset <= len(line):
                return row, offset
            offset -= len(line) + len(self.document.newline)
        return self.document.end

    def move_caret_to(self, offset: int) -> None:
        """Put the text cursor before a character."""
        self.move_cursor(self._location(offset))

    def watch_mark(self) -> None:
        """Underline other characters."""
        self._repaint()

    def watch_unread_from(self) -> None:
        """Strike out other characters."""
        self._repaint()

    def watch_options(self, options: Mapping[str, object]) -> None:
        """Whether the text is read as turns."""
        self.is_chat = bool(options.get("chat"))

    def watch_is_chat(self) -> None:
        """Count turns and show where they begin, or not."""
        self._tell_facts()
        self._repaint()

    def _repaint(self) -> None:
        self._line_cache.clear()
        self.refresh()

    def _tell_facts(self) -> None:
        facts = f"{numbers.count(len(self.text) + len(self._beyond))} characters"
        if self.is_chat and not self._beyond:
            from tui.tasks.chat import turns_of

            turns = len(turns_of(self.text))
            facts = f"{numbers.count(turns)} turn{'s' * (turns != 1)}, {facts}"
        if self._beyond:
            facts += f", the first {numbers.count(len(self.text))} shown"
        self.set_title(facts)

    def _start_of(self, row: int) -> int:
        """Characters before a line."""
        return sum(map(len, self.document.lines[:row])) + row * len(self.document.newline)

    def get_line(self, line_index: int) -> Text:
        """One line of the document, with who speaks, the selected token and the unread part marked."""
        source = self.document.get_line(line_index)
        line = super().get_line(line_index)
        start = self._start_of(line_index)
        if self.is_chat:
            from tui.tasks.chat import role_end

            line.stylize(style_of(self, "key"), 0, role_end(source))
        if self.unread_from is not None and self.unread_from < start + len(source):
            style = style_of(self, "unread")
            line.stylize(style + Style(strike=True), max(0, self.unread_from - start))
        if self.mark is not None:
            first, last = self.mark[0] - start, self.mark[1] - start
            if first < len(source) and last > 0:
                style = style_of(self, "mark")
                line.stylize(style + Style(underline=True, bold=True), max(0, first), last)
        return line
