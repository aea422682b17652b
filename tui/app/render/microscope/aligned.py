"""The same text in a row for each tokenizer, cut at its own tokens, with the cuts of all in the same columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.style import Style

from tui.app.render.glyphs import fit, visible

if TYPE_CHECKING:
    from tui.protocol.microscope.comparison import ComparedTokenizer, Comparison

CUT, WITHIN, THROUGH, UNKNOWN, DROPPED = "│", "·", "┊", "¿", "░"
_MEANINGS = (
    (CUT, "a token ends or begins"),
    (WITHIN, "the token goes on: another tokenizer cuts here"),
    (THROUGH, "a cut inside a character, which both tokens share"),
    ("×", "so many tokens share the character"),
    (UNKNOWN, "an unknown token begins"),
    (DROPPED, "dropped: no token stands for it"),
    ("␠", "a space"),
)
_UNKNOWN_SPELLING = re.compile(r"\W*unk(nown)?\W*|⁇", re.IGNORECASE)
SPACE = "␠"
Owners = tuple[tuple[int, ...], ...]
"""For each tokenizer the places in its `tokens` of those that cover some characters."""


class AlignedColumn(NamedTuple):
    """Characters that stand below each other in all rows."""

    shown: str
    blank: str
    """As many cells without what is not white space: what a row shows that has no token for them."""
    cells: int
    """All that it takes, `extra` included."""
    extra: int
    """Cells after the characters, for saying in some row how many tokens share them."""
    end: int
    """One past the last character, in the text that was tokenized."""
    owners: Owners


class Block(NamedTuple):
    """One line of columns, and whose the characters before and after it are."""

    columns: tuple[AlignedColumn, ...]
    before: Owners
    after: Owners

    @property
    def end(self) -> int:
        """One past its last character."""
        return self.columns[-1].end


def lay_out(comparison: Comparison, start: int, room: int, most: int) -> list[Block]:
    """At most `most` blocks of the text from the character `start` on, each of at most `room` cells.

    Looks at no more of the text than the blocks hold.
    """
    excerpt, segments = comparison.excerpt, comparison.segments
    start = max(start, excerpt.start)
    if start >= excerpt.start + len(excerpt.text):
        return []
    number = bisect_right(segments, start, key=lambda segment: segment.start) - 1
    if segments[number].start < start:
        before = segments[number].tokens
    elif number:
        before = segments[number - 1].tokens
    else:
        before = _crossing(comparison, segments[number].tokens, start)
    blocks: list[Block] = []
    line: list[AlignedColumn] = []
    used = 1
    for segment in segments[number:]:
        first = max(segment.start, start)
        text = excerpt.text[first - excerpt.start : segment.end - excerpt.start]
        for column in _columns(text, first, segment.tokens, max(1, room - 2)):
            if line and used + column.cells + 1 > room:
                blocks.append(Block(tuple(line), before, column.owners))
                if len(blocks) == most:
                    return blocks
                before, line, used = line[-1].owners, [], 1
            line.append(column)
            used += column.cells + 1
    if line:
        last = line[-1]
        blocks.append(Block(tuple(line), before, _crossing(comparison, last.owners, last.end)))
    return blocks


def _crossing(comparison: Comparison, owners: Owners, place: int) -> Owners:
    """Which of the tokens have characters on both sides of an end of the excerpt."""
    return tuple(
        tuple(
            number
            for number in numbers
            if (tokenizer.tokens[number].start or 0) < place < (tokenizer.tokens[number].end or 0)
        )
        for tokenizer, numbers in zip(comparison.tokenizers, owners, strict=True)
    )


def _columns(text: str, start: int, owners: Owners, room: int) -> list[AlignedColumn]:
    """The characters of one segment: one column, or several where they don't fit into `room` cells."""
    shared = max((len(tokens) for tokens in owners), default=0)
    extra = len(_share(shared))
    whole = _column(text, start + len(text), owners, extra)
    if whole.cells <= room:
        return [whole]
    columns = []
    kept, cells = "", 0
    for place, character in enumerate(text):
        width = cell_len(visible(character)) or 1
        if kept and cells + width + extra >= room:  # a cell is left for what a mark stands on
            columns.append(_column(kept, start + place, owners, extra))
            kept, cells = "", 0
        kept += character
        cells += width
    columns.append(_column(kept, start + len(text), owners, extra))
    return columns


def _column(text: str, end: int, owners: Owners, extra: int) -> AlignedColumn:
    if text.isascii() and text.isprintable():  # most are, and looking each character up takes time
        shown, cells = text.replace(" ", SPACE), len(text)
        blank = "".join(" " if character == " " else DROPPED for character in text)
    else:
        shown = on_its_own(text)
        cells = cell_len(shown)
        blank = "".join(
            (" " if character.isspace() else DROPPED) * cell_len(visible(character)) for character in text
        )
        blank = (blank + (blank[:1] or DROPPED) * cells)[:cells]
    return AlignedColumn(shown, blank, cells + extra, extra, end, owners)


def on_its_own(text: str) -> str:
    """Text with its spaces to be seen, and something for a leading mark to stand on: it joins what is before it.

    >>> on_its_own(" a"), on_its_own("\u0e31") == "◌\u0e31"
    ('␠a', True)
    """
    shown = visible(text).replace(" ", SPACE)
    return "◌" + shown if shown and cell_len(shown[0]) == 0 else shown


def _share(tokens: int) -> str:
    """How it is marked that several tokens share characters."""
    return f"×{tokens}" if tokens > 1 else ""


class AlignedRows:
    """Draws blocks: the names in a gutter, then the text as each tokenizer cuts it."""

    def __init__(self, comparison: Comparison, style: Callable[[str], Style]) -> None:
        self._tokenizers = comparison.tokenizers
        self._unknown = [frozenset(each.unknown_places) for each in comparison.tokenizers]
        self._style = lru_cache(style)

    def draw(self, block: Block) -> list[list[tuple[str, Style]]]:
        """The parts of a row for each tokenizer."""
        return [self._parts(block, number) for number in range(len(self._tokenizers))]

    def _parts(self, block: Block, number: int) -> list[tuple[str, Style]]:
        if not self._tokenizers[number].aligned:
            return [("it doesn't say which characters its tokens come from", self._style("muted"))]
        parts: list[tuple[str, str]] = []
        before = block.before[number]
        for column in block.columns:
            owners = column.owners[number]
            look = self._look(owners, number)
            parts.append(self._between(before, owners, look, number))
            share = _share(len(owners))
            text = (column.shown if owners else column.blank) + share
            parts.append((text + " " * (column.extra - len(share)), look))
            before = owners
        after = block.after[number]
        parts.append(self._between(before, after, self._look(after, number), number))
        return [
            ("".join(text for text, _ in alike), self._style(look))
            for look, alike in groupby(parts, key=itemgetter(1))
        ]

    def _between(
        self, before: tuple[int, ...], after: tuple[int, ...], look: str, number: int
    ) -> tuple[str, str]:
        """What stands between two columns, and the name of its style. `look`: that of the second one."""
        if before == after:
            return (WITHIN, look) if after else (" ", "muted")
        if look == "error" and not self._unknown[number].isdisjoint(set(after) - set(before)):
            return UNKNOWN, "error"
        return CUT if set(before).isdisjoint(after) else THROUGH, "muted"

    def _look(self, owners: tuple[int, ...], number: int) -> str:
        """The name of the style of characters that some tokens cover."""
        if not owners:
            return "muted"
        if self._unknown[number] and not self._unknown[number].isdisjoint(owners):
            return "error"
        if len(owners) > 1:
            return "mark"
        tokenizer = self._tokenizers[number]
        if tokenizer.tokens[owners[0]].special:
            return "special"
        return "odd" if (tokenizer.first + owners[0]) % 2 else "even"


def legend(rows: Iterable[list[tuple[str, Style]]]) -> list[str]:
    """What the marks in drawn rows mean, of those that occur."""
    drawn = "".join(text for parts in rows for text, _ in parts)
    return [f"{mark} {meaning}" for mark, meaning in _MEANINGS if mark in drawn]


def unaligned(compared: ComparedTokenizer, width: int, most: int) -> str:
    """The first tokens of a tokenizer that knows no offsets, and how many there are."""
    shown, cells = [], 0
    for token in compared.tokens[:most]:
        piece = fit(token.text.replace(" ", SPACE), 40) or "∅"
        cells += cell_len(piece) + 1
        if cells > width:
            break
        shown.append(piece)
    return f"{len(shown):,} of {compared.total:,} tokens: " + " ".join(shown)
