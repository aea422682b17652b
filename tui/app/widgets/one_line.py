"""A single line with a left and a right part, repainted only where it differs."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.app.render.strips import changed_span
from tui.app.widgets.palette import style_of

Part = tuple[str, str]
"""Visible text and the name of the palette's style to show it in."""


class OneLine(Widget):
    """Left parts are dropped from the end when the line is too narrow; the right part always stands."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._left: tuple[tuple[Part, ...], ...] = ()
        self._right: tuple[Part, ...] = ()
        self._strip = Strip([])

    def show(self, left: tuple[tuple[Part, ...], ...], right: tuple[Part, ...] = ()) -> None:
        """Show groups of parts on the left, in order of importance, and parts on the right."""
        self._left, self._right = left, right
        self.redraw()

    @property
    def plain(self) -> str:
        """What the line says."""
        return self._strip.text

    def redraw(self) -> None:
        """Lay the parts out again and repaint what differs."""
        width = self.size.width
        if not self.is_mounted or not self.is_attached or width <= 0:
            return
        old, self._strip = self._strip, self._laid_out(width)
        span = changed_span(old, self._strip)
        if span is not None:
            self.refresh(Region(span[0], 0, span[1] - span[0], 1))

    def _laid_out(self, width: int) -> Strip:
        right = self._segments(self._right)
        right_width = Strip(right).cell_length
        left: list[Segment] = []
        used = 0
        for group in self._left:
            segments = self._segments(group)
            cells = Strip(segments).cell_length
            if used + cells + right_width + 1 > width:
                if not left:  # the first group is shown even when it has to be cut
                    left = list(Strip(segments).crop(0, max(0, width - right_width - 1)))
                    used = Strip(left).cell_length
                break
            left += segments
            used += cells
        fill = max(0, width - used - right_width)
        return Strip([*left, Segment(" " * fill, Style()), *right]).crop(0, width)

    def _segments(self, parts: tuple[Part, ...]) -> list[Segment]:
        return [Segment(text, style_of(self, name)) for text, name in parts if text]

    def render_line(self, y: int) -> Strip:
        """The line (Textual's line API)."""
        base = self.rich_style
        return self._strip.crop_extend(0, self.size.width, base).apply_style(base)

    def notify_style_update(self) -> None:
        """The theme changed: the parts hold styles of the old one."""
        super().notify_style_update()
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """What fits depends on the width."""
        self.redraw()
