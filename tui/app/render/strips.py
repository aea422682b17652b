"""Rows of styled text as Textual strips, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

EIGHTHS = " ▏▎▍▌▋▊▉"


def row(*parts: tuple[str, Style]) -> Strip:
    """A strip from (visible text, style) parts; empty parts are left out."""
    return Strip([Segment(text, style) for text, style in parts if text])


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


def flow(texts: Iterable[str], width: int, gap: int = 1) -> list[list[int]]:
    """Indices of `texts` broken into lines of at most `width` cells, `gap` cells between neighbors.

    A text wider than the line has a line of its own.
    """
    lines: list[list[int]] = []
    used = width + 1
    for index, text in enumerate(texts):
        cells = cell_len(text)
        if not lines or used + gap + cells > width:
            lines.append([])
            used = cells
        else:
            used += gap + cells
        lines[-1].append(index)
    return lines


def changed_span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """First cell that differs and one past the last, or None when the strips show the same.

    Exact at the start; at the end only when both strips have the same number of cells.
    """
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
