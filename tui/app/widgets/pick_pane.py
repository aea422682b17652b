"""A pane with a list to choose from: one row an entry, a cursor, enter to take it."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip

from tui.app.keys import PICK, ROWS, bindings
from tui.app.render.glyphs import pad
from tui.app.render.strips import row
from tui.app.widgets.line_pane import LinePane

_LEAST_LISTED = 5
"""Rows of the list that are seen beside the details."""


class PickPane(LinePane):
    """Subclasses say what the entries are; choosing one posts `Picked`."""

    BINDINGS = bindings(ROWS, PICK)

    class Picked(Message):
        """The entry under the cursor was chosen."""

        def __init__(self, pane: PickPane, index: int) -> None:
            super().__init__()
            self.pane = pane
            self.index = index

        @property
        def control(self) -> PickPane:
            """The pane it was chosen in."""
            return self.pane

    cursor: var[int] = var(0)
    _standing = 0

    @property
    def standing(self) -> int:
        """The details stay in view where they leave room for the list."""
        return self._standing

    def entries(self) -> list[tuple[str, str, str]]:
        """Name, mark at the right end, and component class of every entry, in order."""
        raise NotImplementedError

    def details(self, width: int) -> list[Strip]:
        """Rows below the list about the entry under the cursor."""
        return []

    def rows(self, width: int) -> list[Strip]:
        """The entries, the one under the cursor marked by a sign and not by color alone."""
        strips = []
        for index, (name, mark, style_name) in enumerate(self.entries()):
            here = index == self.cursor
            style = self.style("cursor") if here and self.has_focus else self.style(style_name)
            text = pad(name, max(1, width - 3 - len(mark)))
            strips.append(row(("▸ " if here else "  ", style), (text, style), (f" {mark}", style)))
        details = [strip.crop(0, width) for strip in self.details(width)]
        self._standing = len(details) if len(details) + _LEAST_LISTED <= self.room else 0
        return strips + details

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on an entry."""
        return max(0, min(cursor, len(self.entries()) - 1))

    def watch_cursor(self, cursor: int) -> None:
        """Move the mark."""
        self.redraw()
        self.show_row(cursor)

    def action_row(self, by: int) -> None:
        """Move the cursor by rows."""
        self.cursor += by

    def action_edge(self, to: int) -> None:
        """Move the cursor to the first or the last entry."""
        self.cursor = 0 if to < 0 else len(self.entries()) - 1

    def action_choose(self) -> None:
        """Take the entry under the cursor."""
        self.post_message(self.Picked(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor and takes the entry."""
        place = event.get_content_offset(self)
        number = -1 if place is None else self._number(place.y)
        if 0 <= number < len(self.entries()):
            self.cursor = number
            self.action_choose()

    def on_focus(self) -> None:
        """The cursor row is highlighted while the pane has the focus."""
        self.redraw()

    def on_blur(self) -> None:
        """Without the focus only the mark stays."""
        self.redraw()
