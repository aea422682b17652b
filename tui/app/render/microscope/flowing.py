"""A long text as lines, made only as far as they are looked at."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from tui.app.render.glyphs import visible

_AT_ONCE = 2_000
"""Characters that are made visible at once."""


class Flowing:
    """A text in lines of at most `width` cells, its own line breaks kept; the time for a line is bounded."""

    def __init__(self, text: str, width: int) -> None:
        self._source = _lines(text, max(1, width))
        self._made: list[str] = []

    def first(self, count: int) -> list[str]:
        """The first lines, at most `count`."""
        while len(self._made) < count:
            line = next(self._source, None)
            if line is None:
                break
            self._made.append(line)
        return self._made[:count]

    def all(self) -> list[str]:
        """Every line: 50 ms for 100,000 characters."""
        self._made.extend(self._source)
        return self._made

    def is_longer(self, count: int) -> bool:
        """Whether there are more than `count` lines."""
        return len(self.first(count + 1)) > count


def _lines(text: str, width: int) -> Iterator[str]:
    """Lines that end at spaces where there are any; a word that is wider than a line is cut.

    >>> list(_lines("one two three\\nabcdefghijk", 8))
    ['one two ', 'three', 'abcdefgh', 'ijk']
    """
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield from _paragraph(text, start, end, width)
        start = end + 1


def _paragraph(text: str, start: int, end: int, width: int) -> Iterator[str]:
    line, cells, space = "", 0, -1
    yielded = False
    for first in range(start, end, _AT_ONCE):
        for character in visible(text[first : min(end, first + _AT_ONCE)]):
            wide = cell_len(character)
            while line and cells + wide > width:
                kept = space + 1 if space >= 0 and character != " " else len(line)
                yield line[:kept]
                yielded = True
                line = line[kept:]
                cells, space = cell_len(line), -1
                if character == " ":
                    character, wide = "", 0  # it stands beyond the line's end, unseen
            line += character
            cells += wide
            if character == " ":
                space = len(line) - 1
    if line or not yielded:
        yield line
