"""What the drawings of all traces have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.chips import Chip, Flow
from tui.app.render.glyphs import fit, visible, wrapped
from tui.app.render.numbers import UNKNOWN
from tui.app.render.strips import Lines, row
from tui.protocol.microscope.traces import TracePiece

MOST_PIECES = 200
"""Pieces that are listed; the view of the stages has all of them."""

StyleOf: TypeAlias = Callable[[str], Style]


class DrawnTrace(NamedTuple):
    """The steps up to one of them, from top to bottom."""

    rows: Lines
    first: int
    """Where the step itself begins; the rows before are those it came from."""


def brief(text: str, cells: int = 40) -> str:
    """Text of any length with its spaces to be seen, cut to so many cells; an empty one as ∅.

    >>> brief("a b", 8), brief("", 8), brief("a" * 100_000, 8)
    ('a␠b', '∅', 'aaaaaaa…')
    """
    near = text[: 4 * cells]
    return _brief(near, cells, len(near) < len(text))


@lru_cache(maxsize=8192)
def _brief(near: str, cells: int, more: bool) -> str:
    shown = fit(near.replace(" ", "␠"), cells)
    if more and not shown.endswith("…"):
        shown = fit(shown, cells - 1) + "…"
    return shown or "∅"


def counted(number: int, what: str) -> str:
    """A number and what it counts.

    >>> counted(1, "pair"), counted(1200, "pair")
    ('1 pair', '1,200 pairs')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def said(text: str, width: int, style: Style) -> list[Strip]:
    """A sentence in as many rows as it takes."""
    return [row((line, style)) for line in wrapped(text, width)]


def pieces_rows(
    pieces: Sequence[TracePiece], width: int, style: StyleOf, means: Sequence[str] = ()
) -> list[Strip]:
    """What the word became: its pieces with ids and characters.

    means: for the first of them what they stand for, where their entries don't show it.
    """
    shown = pieces[:MOST_PIECES]
    cut = f", the first {len(shown)} shown" if len(shown) < len(pieces) else ""
    gutter: tuple[str, ...] = ("piece", "id", "from")
    if any(means[: len(shown)]):
        gutter = (*gutter, "means")
    chips = []
    for place, piece in enumerate(shown):
        levels: tuple[str, ...] = (brief(piece.text), str(piece.id), span(piece.start, piece.end))
        if len(gutter) > 3:
            levels = (*levels, means[place] if place < len(means) else "")
        chips.append(Chip(levels, "odd" if place % 2 else "even"))
    head = f"→ {counted(len(pieces), 'piece')}{cut}" if pieces else "→ no piece at all"
    return [row((fit(head, width), style("strong"))), *Flow(chips, width, gutter).rows(style)]


def span(start: int | None, end: int | None) -> str:
    """Characters of a word or text, the end not among them, as everywhere in the app.

    >>> span(3, 1007), span(None, None)
    ('3–1,007', '–')
    """
    return UNKNOWN if start is None or end is None else f"{start:,}–{end:,}"


# ---------------------------------------------------------------------------------- a word with marks below


class MarkedPart(NamedTuple):
    """Characters [start, end) of a word and how they stand out: by a style, and by what is drawn below them."""

    start: int
    end: int
    style: str
    mark: str
    """First, inner and last character of the mark, and a fourth one for where there is a single cell."""


def marked_word(
    word: str, marks: Sequence[MarkedPart], near: int, width: int, style: StyleOf, margin: str = ""
) -> list[Strip]:
    """A word and below it the marks of its parts, in two rows; of a long word what is near a character.

    marks: in order, without overlap.
    """
    room = max(1, width - cell_len(margin))
    first, last = window(word, near, room)
    by_place = {place: mark for mark in marks for place in range(max(first, mark.start), min(last, mark.end))}
    upper: list[tuple[str, Style]] = [(margin, style("muted")), ("…" if first else "", style("muted"))]
    lower = " " * (cell_len(margin) + (first > 0))
    for place in range(first, last):
        shown = _character(word[place])
        mark = by_place.get(place)
        upper.append((shown, style(mark.style if mark else "text")))
        lower += _mark(mark, place, cell_len(shown)) if mark else " " * cell_len(shown)
    upper.append(("…" if last < len(word) else "", style("muted")))
    return [row(*upper), row((lower.rstrip() or " ", style("mark")))]


def _character(character: str) -> str:
    shown = "␠" if character == " " else visible(character)
    return shown if cell_len(shown) else f"◌{shown}"


def _mark(mark: MarkedPart, place: int, cells: int) -> str:
    head, inner, tail, single = tuple(mark.mark)
    is_first, is_last = place == mark.start, place == mark.end - 1
    if is_first and is_last and cells == 1:
        return single
    middle = inner * (cells - is_first - is_last)
    return (head if is_first else "") + middle + (tail if is_last else "")


def window(word: str, near: int, room: int) -> tuple[int, int]:
    """The characters [first, last) that fit into so many cells, with one left for each `…`; `near` among them.

    >>> window("waiting", 3, 20), window("abcdefghij", 8, 6)
    ((0, 7), (6, 10))
    """
    if len(word) <= room and cells_of(word) <= room:
        return 0, len(word)
    first = last = max(0, min(near, len(word) - 1))
    left = room - 2
    while left > 0 and (first > 0 or last < len(word)):
        before = last - first
        for step in (1, -1):
            place = last if step > 0 else first - 1
            if 0 <= place < len(word) and (cells := cells_of(word[place])) <= left:
                left -= cells
                last, first = (last + 1, first) if step > 0 else (last, first - 1)
        if last - first == before:
            break
    return first, max(last, first + 1)


def cells_of(text: str) -> int:
    """Cells that the characters of a text take, each by itself.

    >>> cells_of("a東"), cells_of("\\u200b")
    (3, 6)
    """
    return sum(cell_len(_character(character)) for character in text)
