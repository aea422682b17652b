"""Every kind of answer as lines of plain text: one file for each view."""

from __future__ import annotations

from typing import assert_never

from tui.headless.answers import (
    classified,
    extracted,
    featured,
    filled,
    generated,
    ranked,
    scored,
    tagged,
)
from tui.headless.answers.base import Lines
from tui.headless.reading import Reply
from tui.protocol.answers import (
    AnyView,
    Classified,
    Extracted,
    Featured,
    Filled,
    Generated,
    Ranked,
    Scored,
    Tagged,
)


def lines(view: AnyView, reading: Reply) -> Lines:
    """The lines of a view."""
    match view:
        case Classified():
            return classified.lines(view, reading)
        case Ranked():
            return ranked.lines(view, reading)
        case Scored():
            return scored.lines(view, reading)
        case Filled():
            return filled.lines(view, reading)
        case Tagged():
            return tagged.lines(view, reading)
        case Extracted():
            return extracted.lines(view, reading)
        case Generated():
            return generated.lines(view, reading)
        case Featured():
            return featured.lines(view, reading)
        case _:
            assert_never(view)
