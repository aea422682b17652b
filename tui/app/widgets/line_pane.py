"""A framed pane of rows drawn by Textual's line API; an update repaints only the spans that differ."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.app.render.strips import changed_span
from tui.app.widgets.frame import Framed
from tui.app.widgets.palette import palette_of, style_of

_DIM = Style(dim=True)
_BLANK = Strip([])


class LinePane(Framed, ScrollView, can_focus=True):
    """Subclasses say what their rows are (`rows`); whoever changes what they depend on calls `redraw`."""

    DEFAULT_CLASSES = "pane"

    stale: var[bool] = var(False)
    """What is shown no longer fits the input: it stays, dimmed."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Strip] = []
        self._palette: tuple[Style, ...] | None = None
        """The styles of the theme in which the rows are drawn."""

    def rows(self, width: int) -> Sequence[Strip]:
        """What to show on `width` cells, top to bottom."""
        raise NotImplementedError

    def style(self, name: str) -> Style:
        """The style of the palette called `name`."""
        return style_of(self, name)

    @property
    def pinned(self) -> int:
        """How many rows at the top stay when the others scroll."""
        return 0

    @property
    def standing(self) -> int:
        """How many of the last rows stay at the bottom when there are more rows than lines."""
        return 0

    @property
    def room(self) -> int:
        """Rows that can be seen at once."""
        return self.scrollable_content_region.height

    def redraw(self) -> None:
        """Build the rows again and repaint what differs from the screen."""
        width = self.scrollable_content_region.width
        if not self.is_mounted or not self.is_attached or width <= 0:
            return
        lines = range(self.size.height)
        old = [self._line(y) for y in lines]
        count = len(self._rows)
        self._rows = self.rows(width)
        if len(self._rows) != count:
            self.virtual_size = Size(width, len(self._rows))
        for y in lines:
            span = changed_span(old[y], self._line(y))
            if span is not None:
                self.refresh(Region(span[0], y, max(1, span[1] - span[0]), 1))

    def show_row(self, number: int) -> None:
        """Scroll as little as needed to have a row in view."""
        top = self.scroll_offset.y
        if number < top + self.pinned:
            self.scroll_to(y=max(0, number - self.pinned), animate=False, force=True, immediate=True)
        elif self.room and top + self.room - self.standing <= number < len(self._rows) - self.standing:
            y = number - self.room + self.standing + 1
            self.scroll_to(y=y, animate=False, force=True, immediate=True)

    def plain(self) -> str:
        """The rows as text, for the clipboard."""
        return "\n".join(strip.text.rstrip() for strip in self._rows)

    def _number(self, y: int) -> int:
        """The row drawn on line `y` of the pane."""
        if y < self.pinned:
            return y
        below = self.room - y
        if 0 < below <= self.standing and len(self._rows) > self.room:
            return len(self._rows) - below
        return self.scroll_offset.y + y

    def _line(self, y: int) -> Strip:
        number = self._number(y)
        return self._rows[number] if number < len(self._rows) else _BLANK

    def render_line(self, y: int) -> Strip:
        """One line of the pane (Textual's line API)."""
        width = self.size.width
        base = self.rich_style
        number = self._number(y)
        if number >= len(self._rows):
            return Strip.blank(width, base)
        strip = self._rows[number].crop_extend(0, width, base).apply_style(base)
        return strip.apply_style(_DIM) if self.stale else strip

    def action_row(self, by: int) -> None:
        """Scroll by rows; panes with a cursor of their own move that instead."""
        self.scroll_relative(y=by, animate=False, force=True)

    def action_page(self, by: int) -> None:
        """Move by a screenful."""
        self.action_row(by * max(1, self.room - self.pinned))

    def action_edge(self, to: int) -> None:
        """Move to the first or the last row."""
        self.action_row(to * len(self._rows))

    def action_copy(self) -> None:
        """Put the pane's text on the terminal's clipboard (OSC 52, which works over SSH)."""
        self.app.copy_to_clipboard(self.plain())
        self.app.notify(f"{self.NAME} copied to the terminal's clipboard", markup=False, timeout=2)

    def watch_stale(self) -> None:
        """Repaint all rows: each of them dims or brightens."""
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint after a scroll, the pinned rows included."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def notify_style_update(self) -> None:
        """Where the theme changed, the rows hold styles of the old one; the focus alone changes none of them."""
        super().notify_style_update()
        palette = palette_of(self) if self.is_attached else None
        if palette is not None and palette != self._palette:
            self._palette = palette
            self.theme_changed()
            self.redraw()

    def theme_changed(self) -> None:
        """Let go of what is kept in the styles of the theme before."""

    def on_resize(self, event: events.Resize) -> None:
        """Rows and title depend on the width."""
        self.fit_title()
        self.redraw()
