"""Text that more is put behind: what stands is not laid out again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.strips import Lines, row


class Running:
    """Parts, one right after the other, broken wherever a line is full."""

    def __init__(self, width: int, style: Callable[[str], Style]) -> None:
        """style: what the palette's names stand for."""
        self.width = width
        self.begins: list[int] = []
        """The line that each part begins on."""
        self._style = style
        self._lines: list[list[tuple[str, str, int]]] = [[]]
        self._strips: dict[int, Strip] = {}
        """Lines as they are drawn where no part is selected."""
        self._used = 0

    def append(self, text: str, name: str) -> None:
        """Put a part behind the others: visible text and the palette's name for it."""
        place = len(self.begins)
        if text and self._used and not _fitting(text, self.width - self._used):
            self._break()
        self.begins.append(len(self._lines) - 1)
        while text:
            count = _fitting(text, self.width - self._used) or (0 if self._used else 1)
            self._strips.pop(len(self._lines) - 1, None)
            self._lines[-1].append((text[:count], name, place))
            self._used += cell_len(text[:count])
            text = text[count:]
            if text:
                self._break()

    def _break(self) -> None:
        self._lines.append([])
        self._used = 0

    def rows(self, selected: int | None = None, mark: str = "") -> Lines:
        """The lines with a part of them selected; behind the last part stands a mark of one cell, or none."""
        last = len(self._lines) - 1
        rows = Lines(partial(self._row, number, selected) for number in range(last))
        end = (mark, self._style("accent"))
        if self._used < self.width:
            rows.append(row(*self._parts(last, selected), end))
        else:
            rows.append(row(*self._parts(last, selected)))
            rows += [row(end)] if mark else []
        return rows

    def _row(self, number: int, selected: int | None) -> Strip:
        line = self._lines[number]
        if selected is not None and line and line[0][2] <= selected <= line[-1][2]:
            return row(*self._parts(number, selected))
        strip = self._strips.get(number)
        if strip is None:
            strip = self._strips[number] = row(*self._parts(number, None))
        return strip

    def _parts(self, number: int, selected: int | None) -> list[tuple[str, Style]]:
        marked = self._style("cursor") + Style(bold=True)
        return [
            (text, marked if place == selected else self._style(name))
            for text, name, place in self._lines[number]
        ]


def _fitting(text: str, cells: int) -> int:
    """How many characters of a visible text fit into so many cells, a mark with the one that it stands on."""
    if text.isascii():
        return min(len(text), max(0, cells))
    for place, character in enumerate(text):
        cells -= cell_len(character)
        if cells < 0:
            return place
    return len(text)
