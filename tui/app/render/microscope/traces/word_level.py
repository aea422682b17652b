"""Word level: one step, which is a look into the vocabulary."""

from __future__ import annotations

from tui.app.render.microscope.traces.base import DrawnTrace, StyleOf, brief, pieces_rows, said
from tui.app.render.strips import Lines
from tui.protocol.microscope.traces import WordLevelTrace


def draw(trace: WordLevelTrace, step: int, width: int, style: StyleOf) -> DrawnTrace:
    """Before it, or what came of it."""
    word = brief(trace.word)
    if not step:
        says = f"The whole word “{word}” is looked up in the vocabulary; it is never cut."
        return DrawnTrace(Lines(said(says, width, style("strong"))), 0)
    if trace.known:
        says = f"✓ “{word}” is an entry."
    else:
        token = brief(trace.pieces[0].text) if trace.pieces else "unknown"
        says = f"✗ “{word}” is no entry: the whole word becomes {token}."
    rows = Lines(said(says, width, style("strong")))
    rows += pieces_rows(trace.pieces, width, style)
    return DrawnTrace(rows, 0)
