"""Pieces of text in a flow, each with facts below it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.glyphs import pad
from tui.app.render.running import Running
from tui.app.render.strips import Lines, flow, row


class Chip(NamedTuple):
    """One piece: its levels from top to bottom, and the palette's name for the first of them."""

    levels: tuple[str, ...]
    style: str


class Flow:
    """Chips in lines of at most `width` cells; a line is drawn when it is looked at."""

    def __init__(self, chips: Sequence[Chip], width: int, gutter: Sequence[str] = ()) -> None:
        """gutter: what the levels are, in front of each line."""
        self._chips = chips
        self._gutter = gutter
        self._margin = max((cell_len(name) for name in gutter), default=-1) + 1
        room = max(1, width - self._margin)
        self._widths = [min(room, max(1, *map(cell_len, chip.levels))) for chip in chips]
        self._lines = flow(self._widths, room)
        self._depth = max((len(chip.levels) for chip in chips), default=0)

    def row_of(self, place: int) -> int:
        """The first row of a chip; 0 where there is none."""
        line = bisect_right(self._lines, place, key=itemgetter(0)) - 1
        return max(0, line) * self._depth

    def rows(self, style: Callable[[str], Style], selected: int | None = None) -> Lines:
        """As many rows for each line as there are levels."""
        return Lines(
            partial(self._row, line, level, style, selected)
            for line in self._lines
            for level in range(self._depth)
        )

    def _row(
        self, line: Sequence[int], level: int, style: Callable[[str], Style], selected: int | None
    ) -> Strip:
        name = self._gutter[level] if level < len(self._gutter) else ""
        parts: list[tuple[str, Style]] = [(name.ljust(self._margin), style("muted"))]
        for place in line:
            chip, width = self._chips[place], self._widths[place]
            looks = style(chip.style if level == 0 else "muted")
            if place == selected:
                looks = style("cursor") + Style(bold=True)
            parts.append((pad(chip.levels[level] if level < len(chip.levels) else "", width), looks))
            parts.append((" " if place != line[-1] else "", style("text")))
        return row(*parts)


def in_line(
    parts: Sequence[tuple[str, str]], width: int, style: Callable[[str], Style], selected: int | None = None
) -> tuple[Lines, list[int]]:
    """Parts, one right after the other, broken wherever a line is full; and the line each part begins on.

    parts: visible text and the palette's name for it.
    """
    running = Running(width, style)
    for text, name in parts:
        running.append(text, name)
    return running.rows(selected), running.begins
