"""A field for one line, which holds what was typed or pasted."""

from __future__ import annotations

import re

from textual import events

from tui.app.terminal.fields import DrawnInput

_LINE_BREAK = re.compile("[\r\n]")


class Entry(DrawnInput):
    """Takes what is pasted up to its first line break, whatever else it holds."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.replace(_LINE_BREAK.split(event.text, maxsplit=1)[0], *self.selection)
