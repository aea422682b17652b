"""What the terminal shows, so that only cells that differ are sent to it.

Textual repaints whole widgets: a key typed costs ten kilobytes and more, and on a slow line writing them stalls
the event loop. The canvas stands between Textual's compositor and the driver, remembers every cell that was
sent, and turns each update into the runs of cells that are new. This is what curses has always done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

Cell = tuple[str, Style | None]
"""A character with its marks, and its style; the second cell of a wide character is empty."""

_UNKNOWN: Cell = ("\x00", None)
_BRIDGE = 5
"""Equal cells between two runs that are sent again rather than jumped over: a jump costs about as much."""


def cells(strip: Strip) -> list[Cell]:
    """A strip cell by cell.

    Where characters join into a cluster of another width than their sum, the whole segment stands in its first
    cell, so that it is sent whole or not at all.
    """
    found: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        if text.isascii():
            found += [(character, style) for character in text]
            continue
        single: list[Cell] = []
        for character in text:
            width = cell_len(character)
            if width:
                single += [(character, style), *[("", style)] * (width - 1)]
            elif single:
                single[-1] = (single[-1][0] + character, style)
        width = cell_len(text)
        found += single if len(single) == width else [(text, style), *[("", style)] * (width - 1)]
    return found


def _cut(line: list[Cell], width: int) -> list[Cell]:
    """At most `width` cells; of a wide character at the cut a space is left."""
    if len(line) <= width or line[width][0]:
        return line[:width]
    start = width - 1
    while start > 0 and not line[start][0]:
        start -= 1
    return line[:start] + [(" ", line[start][1])] * (width - start)


class CellUpdate(CompositorUpdate):
    """Runs of cells to write: where each begins, and its strip."""

    def __init__(self, runs: list[tuple[int, int, Strip]]) -> None:
        self.runs = runs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for x, y, strip in self.runs:
            yield Control.move_to(x, y).segment
            yield from strip

    def render_segments(self, console: Console) -> str:
        """Cursor moves and cells as the terminal takes them; a style is said once for all runs that begin in it.

        The runs don't overlap, so their order is free.
        """
        sequences: list[str] = []
        current, closing = None, ""
        for x, y, strip in sorted(self.runs, key=_first_style):
            sequences.append(f"\x1b[{y + 1};{x + 1}H")
            for text, style, _ in strip:
                if style != current:
                    opening, close = _codes(style, console)
                    sequences += (closing, opening)
                    current, closing = style, close
                sequences.append(text)
        return "".join([*sequences, closing])


def _first_style(run: tuple[int, int, Strip]) -> int:
    return next((hash(style) for _, style, _ in run[2]), 0)


def _codes(style: Style | None, console: Console) -> tuple[str, str]:
    """What switches a style on, and what switches it off."""
    if style is None:
        return "", ""
    opening, _, closing = style.render("\x00", color_system=console._color_system).partition("\x00")
    return opening, closing


class Canvas:
    """The cells of one terminal."""

    def __init__(self) -> None:
        self._lines: list[list[Cell] | Sequence[Strip]] = []
        """Each line by cells; by strips until it is needed so, as the first frame needs none."""
        self._size = Size(0, 0)

    def forget(self) -> None:
        """Nothing is known of the terminal any more: the next updates send all they cover."""
        self._size = Size(0, 0)

    def reduced(self, update: RenderableType | None, size: Size) -> RenderableType | None:
        """The same update without the cells that the terminal shows already; other objects as they are."""
        if not isinstance(update, (LayoutUpdate, ChopsUpdate)):
            return update
        if size != self._size:
            self._size = size
            if isinstance(update, LayoutUpdate) and update.region == size.region:
                lines = [list(line) for line in update.strips]
                self._lines = list(lines)
                return LayoutUpdate(list(lines), update.region)
            self._lines = [[_UNKNOWN] * size.width for _ in range(size.height)]
        painted = _layout_pieces(update) if isinstance(update, LayoutUpdate) else _chop_pieces(update)
        fresh: dict[int, list[Cell]] = {}
        for x, y, strip in painted:
            # What was painted for a larger terminal may lie outside of the one there is now.
            if 0 <= y < size.height and 0 <= x < size.width:
                line = fresh.setdefault(y, list(self._line(y)))
                piece = _cut(cells(strip), size.width - x)
                line[x : x + len(piece)] = piece
        runs = []
        for y, line in fresh.items():
            runs += [(start, y, _strip(line[start:end])) for start, end in _runs(self._line(y), line)]
            self._lines[y] = line
        return CellUpdate(runs)

    def _line(self, y: int) -> list[Cell]:
        line = self._lines[y]
        if line and isinstance(line[0], Strip):
            shown = _cut(cells(Strip.join(cast("Sequence[Strip]", line))), self._size.width)
            line = shown + [_UNKNOWN] * (self._size.width - len(shown))
            self._lines[y] = line
        return cast("list[Cell]", line)


def _layout_pieces(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, strips in enumerate(update.strips, update.region.y):
        yield update.region.x, y, Strip.join(strips)


def _chop_pieces(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            # What lies outside the span was not rendered: it may hold a blank where a widget is.
            if strip is not None and x < last and end > first:
                start = max(x, first)
                yield start, y, strip.crop(start - x, min(end, last) - x)


def _runs(old: list[Cell], new: list[Cell]) -> list[tuple[int, int]]:
    """Where `new` differs, as [start, end) in cells, whole characters; near runs joined over what is known."""
    runs: list[tuple[int, int]] = []
    for x, (before, after) in enumerate(zip(old, new, strict=True)):
        if before == after:
            continue
        start, end = x, x + 1
        while start and not new[start][0]:
            start -= 1
        while end < len(new) and not new[end][0]:
            end += 1
        if runs and start - runs[-1][1] <= _BRIDGE and _UNKNOWN not in new[runs[-1][1] : start]:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _strip(line: Iterable[Cell]) -> Strip:
    """Cells as a strip with as few segments as possible."""
    segments: list[Segment] = []
    text, style = "", None
    for character, wanted in line:
        if text and wanted != style and not (character == " " and _same_blank(style, wanted)):
            segments.append(Segment(text, style))
            text = ""
        if not text:
            style = wanted
        text += character
    return Strip([*segments, Segment(text, style)])


def _same_blank(style: Style | None, other: Style | None) -> bool:
    """Whether a space looks the same in both styles: the color of letters does not matter to it."""
    if style is None or other is None or style.bgcolor != other.bgcolor:
        return False
    return not any(
        each.underline or each.reverse or each.strike or each.overline or each.link for each in (style, other)
    )
