"""A field for one line, which holds what was typed or pasted and draws every character harmless."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.widgets import Input

from tui.app.render.glyphs import visible_in_place

_LINE_BREAK = re.compile("[\r\n]")


class Entry(Input):
    """Textual's field sends the terminal what it holds: control characters, escapes, bidi marks."""

    @property
    def drawn(self) -> str:
        """What stands for the value: a character for each, none of them without a width of its own."""
        return visible_in_place(self.value, tab="⇥")

    @property
    def _value(self) -> Text:
        return Text(self.drawn, no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(self.drawn[:position])

    def _cell_offset_to_index(self, offset: int) -> int:
        wanted = offset + int(self.scroll_offset.x)
        cells = 0
        for place, character in enumerate(self.drawn):
            cells += cell_len(character)
            if wanted < cells:
                return place
        return len(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        """Take what is pasted up to its first line break, whatever else it holds."""
        event.prevent_default()
        event.stop()
        self.replace(_LINE_BREAK.split(event.text, maxsplit=1)[0], *self.selection)
