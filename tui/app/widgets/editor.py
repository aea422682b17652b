"""A field for several lines of text."""

from __future__ import annotations

from tui.app.terminal.fields import DrawnTextArea

EDITOR_CHARACTERS = 8_000
"""Most characters in an editor: it wraps a whole paragraph at each key, which takes seconds for a megabyte."""


class Editor(DrawnTextArea):
    """Wraps its lines, and leaves tab to the screen."""

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
