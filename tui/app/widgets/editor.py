"""A field for several lines of text."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Offset
from textual.widgets import TextArea

from tui.app.render.glyphs import visible_in_place

EDITOR_CHARACTERS = 8_000
"""Most characters in an editor: it wraps a whole paragraph at each key, which takes seconds for a megabyte."""


class Editor(TextArea):
    """Wraps its lines, leaves tab to the screen, and draws every character harmless."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(
            text,
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            highlight_cursor_line=False,
        )
        self.cursor_blink = False

    def get_line(self, line_index: int) -> Text:
        """One line of the document, with as many characters as it has."""
        return Text(visible_in_place(self.document.get_line(line_index)), end="", no_wrap=True)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """Scroll to the text cursor.

        An edit that takes lines and with them the scrollbar away asks for this before the cursor is placed again:
        where it stands then is a line that is gone, and Textual would raise ValueError.
        """
        if self.cursor_location[0] >= self.document.line_count:
            return Offset(0, 0)
        return super().scroll_cursor_visible(center, animate)
