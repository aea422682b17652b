"""WordPiece, candidate by candidate: what was tried, the longest first, and how far the word is cut."""

from __future__ import annotations

from functools import partial

from rich.cells import cell_len
from textual.strip import Strip

from tui.app.render.glyphs import fit, pad
from tui.app.render.microscope.traces.base import (
    DrawnTrace,
    MarkedPart,
    StyleOf,
    brief,
    cells_of,
    counted,
    marked_word,
    pieces_rows,
    said,
    span,
)
from tui.app.render.strips import Lines, row
from tui.protocol.microscope.traces import Attempt, WordPieceTrace

_NUMBER = 5
_FOUND = 14
"""Cells for what came of a candidate."""


def steps(trace: WordPieceTrace) -> int:
    """One for each candidate."""
    return len(trace.attempts)


def draw(trace: WordPieceTrace, step: int, width: int, style: StyleOf) -> DrawnTrace:
    """The candidates before the last of the first `step`, then that one in the word."""
    rows = Lines(partial(_tried, trace, number, number == step - 1, width, style) for number in range(step))
    first = len(rows)
    if trace.too_long:
        says = (
            f"The word has {len(trace.word):,} characters, and the model looks at none of more than "
            f"{trace.longest_word:,} (max_input_chars_per_word): it is unknown, nothing is tried."
        )
    else:
        rows += marked_word(trace.word, _marks(trace, step), _near(trace, step), width, style, "     ")
        says = _sentence(trace, step)
    rows += said(says, width, style("strong"))
    if step == len(trace.attempts):
        rows += pieces_rows(trace.pieces, width, style)
    if len(trace.attempts) < trace.attempts_total:
        kept, total = len(trace.attempts), trace.attempts_total
        note = f"Kept: the first {kept:,} of {total:,} candidates. The pieces are all here."
        rows += said(note, width, style("muted"))
    return DrawnTrace(rows, max(0, first - 1))


def _hits(trace: WordPieceTrace, step: int) -> list[Attempt]:
    return [tried for tried in trace.attempts[:step] if tried.id is not None]


def _marks(trace: WordPieceTrace, step: int) -> list[MarkedPart]:
    """The pieces found so far, and below what follows them the candidate that was tried last."""
    marks = [
        MarkedPart(hit.start, hit.end, "odd" if number % 2 else "even", "╰─╯╵")
        for number, hit in enumerate(_hits(trace, step))
    ]
    last = trace.attempts[step - 1] if step else None
    if last is not None and last.id is None:
        marks.append(MarkedPart(last.start, last.end, "cursor", "^^^^"))
    return marks


def _near(trace: WordPieceTrace, step: int) -> int:
    return trace.attempts[step - 1].start if step else 0


def _sentence(trace: WordPieceTrace, step: int) -> str:
    if not step:
        total, characters = trace.attempts_total, counted(len(trace.word), "character")
        which = f"first of {total:,} candidates" if total > 1 else "only candidate"
        return f"Nothing is tried yet. The {which} is the whole word, {characters}."
    last = trace.attempts[step - 1]
    size = last.end - last.start
    where = f"characters {span(last.start, last.end)}"
    says = f"Try {step:,} of {trace.attempts_total:,}: “{brief(last.text)}”, {where}: "
    if last.id is not None:
        rest = len(trace.word) - last.end
        after = f"{counted(rest, 'character')} left" if rest else "the word is cut to its end"
        return f"{says}✓ an entry, id {last.id}; {after}."
    if size > 1:
        return f"{says}✗ no entry; next without its last character."
    given_up = ", what was found before it is given up" if _hits(trace, step) else ""
    unknown = brief(trace.pieces[0].text) if trace.pieces else "unknown"
    return (
        f"{says}✗ no entry, and nothing shorter is left to try: the whole word becomes {unknown}{given_up}."
    )


def _tried(trace: WordPieceTrace, number: int, now: bool, width: int, style: StyleOf) -> Strip:
    """A candidate and what came of it, below its place in the word where that is short enough."""
    tried = trace.attempts[number]
    hit = tried.id is not None
    found = f"id {tried.id}" if hit else "no entry"
    room = max(1, width - _NUMBER - 2 - _FOUND)
    indent = _indent(trace.word, tried, room)
    where = f"from {tried.start}  " if indent is None and tried.start else ""
    text = " " * (indent or 0) + brief(tried.text, max(1, room - (indent or 0) - cell_len(where)))
    name = "text" if hit else "muted"
    return row(
        ("▸" if now else " ", style("strong")),
        (f"{number + 1:>{_NUMBER - 2}} ", style("muted")),
        ("✓ " if hit else "✗ ", style("strong" if hit else "muted")),
        (where, style("muted")),
        (pad(text, room - cell_len(where)), style("strong" if hit else name)),
        (fit(f"  {found}", _FOUND), style(name)),
    )


def _indent(word: str, tried: Attempt, room: int) -> int | None:
    """Cells before a candidate that put its characters below their place; None where the word is too long."""
    prefix = len(tried.text) - (tried.end - tried.start)
    if len(word) > room or cells_of(word) + 4 > room:
        return None
    return max(0, 2 + cells_of(word[: tried.start]) - cells_of(tried.text[:prefix]))
