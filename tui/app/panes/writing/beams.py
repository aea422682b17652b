"""Candidates of one step of a beam search, as rows of the tree: what became of each, and why."""

from __future__ import annotations

from rich.cells import cell_len

from tui.app.branches.traced import Way, chosen, shared
from tui.app.render import numbers
from tui.app.render.glyphs import ending, pad, visible
from tui.protocol.writing.beams import BeamCandidate
from tui.protocol.writing.steps import added_text

_MARKS = {"kept": "✓", "finished": "■", "cut": "✗"}


def entry(way: Way, first: Way, room: int) -> str:
    """A candidate behind those that it follows, on so many cells. first: the one with the highest score."""
    last = way[-1]
    scores = f"ln p {numbers.logit(last.score):>9}  ÷len {numbers.logit(last.penalized):>8}"
    parting = 0 if way is first else min(shared(way, first), len(way) - 1)
    before = f"…{parting:,} " if parting else ""
    words = visible("".join(_added(each) for each in way[parting:]))
    why = visible(last.why)
    space = max(8, min(room - cell_len(scores) - 4, 40))
    if cell_len(before) + cell_len(words) + 2 > space:
        words = "…" + ending(words, space - cell_len(before) - 3)
    shown = f"{_MARKS[last.fate]} {pad(f'{before}“{words}”', space)} {scores}"
    return f"{shown}  {why}" if cell_len(shown) + 2 + cell_len(why) <= room else shown


def about(way: Way) -> str:
    """A candidate in full."""
    last, length = way[-1], len(way)
    return (
        f"“{visible(last.text)}” id {last.id:,} after beam {last.parent + 1}: "
        f"ln p {numbers.logit(last.log_probability)}, of all {length:,} together {numbers.logit(last.score)}, "
        f"with the length {numbers.logit(last.penalized)}; {last.fate}: {visible(last.why)}"
    )


def style_of(candidate: BeamCandidate) -> str:
    """The component class of its row."""
    return {"kept": "text", "finished": "strong", "cut": "muted"}[candidate.fate]


def _added(candidate: BeamCandidate) -> str:
    return added_text(chosen(candidate, 0)) or candidate.text
