"""Rows of styled text as Textual strips, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias, overload

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

EIGHTHS = " ▏▎▍▌▋▊▉"


def row(*parts: tuple[str, Style]) -> Strip:
    """A strip from (visible text, style) parts; empty parts are left out."""
    return Strip([Segment(text, style) for text, style in parts if text])


Row: TypeAlias = "Strip | Callable[[], Strip]"
"""A row, or what makes it."""


class Lines(Sequence[Strip]):
    """Rows of which each is made when it is first looked at: of hundreds a pane shows a few dozen."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: list[Row] = list(rows._rows if isinstance(rows, Lines) else rows)

    def append(self, row: Row) -> None:
        """One more at the end."""
        self._rows.append(row)

    def __iadd__(self, rows: Iterable[Row]) -> Lines:
        self._rows += Lines(rows)._rows
        return self

    def cut(self, width: int) -> Lines:
        """The same rows, of at most `width` cells."""
        return Lines(
            row.crop(0, width) if isinstance(row, Strip) else partial(_cropped, row, width)
            for row in self._rows
        )

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Strip: ...
    @overload
    def __getitem__(self, place: slice) -> list[Strip]: ...
    def __getitem__(self, place: int | slice) -> Strip | list[Strip]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        row = self._rows[place]
        if not isinstance(row, Strip):
            row = self._rows[place] = row()
        return row


def _cropped(make: Callable[[], Strip], width: int) -> Strip:
    return make().crop(0, width)


def bar(fraction: float, width: int) -> str:
    """A bar of `width` cells filled to `fraction` (0 to 1), to an eighth of a cell; NaN draws nothing.

    >>> bar(0.5, 4), bar(0.53, 4), bar(0.001, 4), bar(float("nan"), 2)
    ('██  ', '██▏ ', '▏   ', '  ')
    """
    if not fraction > 0:
        return " " * width
    eighths = max(1, round(min(fraction, 1.0) * width * 8))
    whole, rest = divmod(eighths, 8)
    filled = "█" * whole + (EIGHTHS[rest] if rest else "")
    return filled + " " * (width - len(filled))


def flow(cells: Iterable[int], width: int, gap: int = 1) -> list[list[int]]:
    """Places of pieces broken into lines of at most `width` cells, `gap` cells between neighbors.

    cells: how wide each piece is. One wider than the line has a line of its own.

    >>> flow([3, 3, 2, 9], 7)
    [[0, 1], [2], [3]]
    """
    lines: list[list[int]] = []
    used = width + 1
    for place, wide in enumerate(cells):
        if not lines or used + gap + wide > width:
            lines.append([])
            used = wide
        else:
            used += gap + wide
        lines[-1].append(place)
    return lines


def changed_span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """First cell that differs and one past the last, or None when the strips show the same.

    Exact at the start; at the end only when both strips have the same number of cells.
    """
    if old is new:
        return None
    before = [(segment.text, segment.style) for segment in old]
    after = [(segment.text, segment.style) for segment in new]
    if before == after:
        return None
    start = _equal_cells(before, after)
    if old.cell_length != new.cell_length:
        return start, max(old.cell_length, new.cell_length)
    mirrored = [[(text[::-1], style) for text, style in reversed(parts)] for parts in (before, after)]
    return start, max(start + 1, new.cell_length - _equal_cells(*mirrored))


def _equal_cells(before: list[tuple[str, Style | None]], after: list[tuple[str, Style | None]]) -> int:
    """Cells from the start on that show the same."""
    cells = 0
    for (text, style), (other, other_style) in zip(before, after, strict=False):
        if style != other_style:
            break
        equal = 0
        for mine, theirs in zip(text, other, strict=False):
            if mine != theirs:
                break
            equal += 1
        while equal and any(not cell_len(rest[equal : equal + 1]) for rest in (text, other) if rest[equal:]):
            equal -= 1  # a combining mark belongs to the character before it
        cells += cell_len(text[:equal])
        if equal < max(len(text), len(other)):
            break
    return cells
