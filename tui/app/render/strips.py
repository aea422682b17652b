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

    Compares whole segments from both ends: exact for what is equal, generous by at most a segment.
    """
    before = [(segment.text, segment.style) for segment in old]
    after = [(segment.text, segment.style) for segment in new]
    if before == after:
        return None
    start, head = 0, 0
    for mine, other in zip(before, after, strict=False):
        if mine != other:
            break
        start += cell_len(mine[0])
        head += 1
    old_end, new_end = old.cell_length, new.cell_length
    for mine, other in zip(reversed(before[head:]), reversed(after[head:]), strict=False):
        if mine != other or old_end != new_end:
            break
        old_end -= cell_len(mine[0])
        new_end = old_end
    return start, max(old_end, new_end)
