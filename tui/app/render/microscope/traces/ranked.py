"""Symbols side by side with the rank of each pair of neighbors below the gap between the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.glyphs import pad
from tui.app.render.microscope.traces.base import StyleOf, brief, counted
from tui.app.render.numbers import UNKNOWN
from tui.app.render.strips import row
from tui.protocol.microscope.traces import MergeStage, Symbol

_GUTTER = ("     ", "rank ", "means")
_MOST_LINES = 5
"""Lines of symbols that are drawn: those around the pair that is merged next."""
_BLOCK = 64
"""Symbols by which what is laid out moves on; it is three of them."""


class _Symbol(NamedTuple):
    """Where a symbol stands in its line, and the rank of the pair that it forms with the next one."""

    place: int
    text: str
    mean: str
    x: int
    cells: int
    label: str
    label_x: int


def ranked_symbols(
    now: MergeStage, meaning: Callable[[Symbol], str], width: int, style: StyleOf
) -> list[Strip]:
    """The symbols of a moment, of many those around the pair that is merged next, which is marked ▸rank◂.

    meaning: what a symbol stands for, empty where its text shows it.
    """
    margin = len(_GUTTER[0]) + 1
    merged = now.next.left if now.next is not None else 0
    begin = max(0, (merged // _BLOCK - 1) * _BLOCK)
    lines = _lines(now, meaning, begin, begin + 3 * _BLOCK, max(1, width - margin))
    here = next((number for number, line in enumerate(lines) if line[-1].place >= merged), 0)
    first = max(0, min(here - _MOST_LINES // 2, len(lines) - _MOST_LINES))
    shown = lines[first : first + _MOST_LINES]
    strips = []
    if before := shown[0][0].place:
        strips.append(row((f"{'':{margin}}… {counted(before, 'symbol')} before", style("muted"))))
    for line in shown:
        strips += _line_rows(line, merged, margin, style)
    if after := len(now.symbols) - 1 - shown[-1][-1].place:
        strips.append(row((f"{'':{margin}}… {counted(after, 'symbol')} after", style("muted"))))
    return strips


def _lines(
    now: MergeStage, meaning: Callable[[Symbol], str], begin: int, end: int, room: int
) -> list[list[_Symbol]]:
    """The symbols [begin, end), each as near to the one before as their rank lets it, in lines of `room` cells.

    A rank may reach below the near halves of its two symbols, so neighboring ranks never touch.
    """
    widest = max(1, room - 2)
    symbols = now.symbols[begin:end]
    texts = [brief(symbol.text, min(40, widest)) for symbol in symbols]
    means = [meaning(symbol) for symbol in symbols]
    sizes = [
        min(widest, max(cell_len(text), cell_len(mean))) for text, mean in zip(texts, means, strict=True)
    ]
    lines: list[list[_Symbol]] = [[]]
    x = 0
    for number, (text, mean, cells) in enumerate(zip(texts, means, sizes, strict=True)):
        place = begin + number
        label = ""
        if place < len(now.ranks):
            rank = now.ranks[place]
            label = UNKNOWN if rank is None else f"{rank:,}"
            if now.next is not None and now.next.left == place:
                label = f"▸{label}◂"
        own = (cells - 1) // 2
        if lines[-1] and x + max(cells, cells - own + cell_len(label)) > room:
            last = lines[-1][-1]
            lines[-1][-1] = last._replace(label_x=min(last.label_x, max(0, room - cell_len(last.label))))
            lines.append([])
            x = 0
        following = (sizes[number + 1] - 1) // 2 if number + 1 < len(sizes) else 0
        gap = max(1, cell_len(label) - own - following)
        low, high = x + cells - own, x + cells + gap + following
        label_x = low + (high - low - cell_len(label)) // 2
        lines[-1].append(_Symbol(place, text, mean, x, cells, label, label_x))
        x += cells + gap
    return lines


def _line_rows(line: Sequence[_Symbol], merged: int, margin: int, style: StyleOf) -> list[Strip]:
    symbols = [(f"{_GUTTER[0]:{margin}}", style("muted"))]
    ranks = [(f"{_GUTTER[1]:{margin}}", style("muted"))]
    meant = [(f"{_GUTTER[2]:{margin}}", style("muted"))]
    at, rank_at = 0, 0
    for symbol in line:
        gap = " " * (symbol.x - at)
        in_pair = symbol.place in (merged, merged + 1)
        name = "cursor" if in_pair else "odd" if symbol.place % 2 else "even"
        symbols += [(gap, style("text")), (pad(symbol.text, symbol.cells), style(name))]
        meant.append((gap + pad(symbol.mean, symbol.cells), style("muted")))
        at = symbol.x + symbol.cells
        if symbol.label:
            # the last one of a line has less room
            ranks.append((" " * max(0, symbol.label_x - rank_at), style("text")))
            ranks.append((symbol.label, _rank_style(symbol, merged, style)))
            rank_at = max(symbol.label_x, rank_at) + cell_len(symbol.label)
    strips = [row(*symbols)]
    if any(symbol.label for symbol in line):
        strips.append(row(*ranks))
    if any(symbol.mean for symbol in line):
        strips.append(row(*meant))
    return strips


def _rank_style(symbol: _Symbol, merged: int, style: StyleOf) -> Style:
    if symbol.place == merged:
        return style("strong")
    return style("muted" if symbol.label == UNKNOWN else "text")
