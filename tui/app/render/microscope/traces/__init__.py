"""Drawings of how a tokenizer's model cuts a word, one file for each algorithm: the steps so far, then the last."""

from __future__ import annotations

from tui.app.render.microscope.traces import byte_pair, unigram, word_level, wordpiece
from tui.app.render.microscope.traces.base import DrawnTrace, StyleOf
from tui.protocol.microscope.traces import AnyTrace, BytePairTrace, UnigramTrace, WordPieceTrace


def steps(trace: AnyTrace) -> int:
    """The number of the last step, at which the pieces are there; 0 is before anything happened."""
    match trace:
        case BytePairTrace():
            return byte_pair.steps(trace)
        case WordPieceTrace():
            return wordpiece.steps(trace)
        case UnigramTrace():
            return unigram.steps(trace)
        case _:
            return 1


def draw(trace: AnyTrace, step: int, width: int, style: StyleOf) -> DrawnTrace:
    """The rows of a step, 0 to `steps(trace)`."""
    match trace:
        case BytePairTrace():
            drawn = byte_pair.draw(trace, step, width, style)
        case WordPieceTrace():
            drawn = wordpiece.draw(trace, step, width, style)
        case UnigramTrace():
            drawn = unigram.draw(trace, step, width, style)
        case _:
            drawn = word_level.draw(trace, step, width, style)
    return drawn._replace(rows=drawn.rows.cut(width))
