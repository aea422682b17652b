"""Drawing an answer without a screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rich.style import Style
from textual.strip import Strip

from tests.asking import Told
from tui.app.render.answers.base import Context, Drawing, Drawn
from tui.app.widgets.palette import NAMES

STYLES = {name: Style(meta={"name": name}) for name in NAMES}
WIDTHS = (20, 76, 90, 190)


def draw(drawing: Drawing[Any], told: Told, **settings: Any) -> Drawn:
    """Draw what a task told; its rows fit the width, hold no control character and name their styles."""
    plain = Context(
        width=76,
        height=20,
        selected=0,
        mode=drawing.MODES[0],
        style=STYLES.__getitem__,
        texts=told.texts,
        sequences=told.outcome.written or told.prepared.sequences(),
    )
    context = replace(plain, **settings)
    drawn = drawing.draw(told.view, context)
    for strip in drawn.strips:
        assert strip.cell_length <= context.width, strip.text
        assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in strip.text)
        assert all(segment.style is not None for segment in strip)
    for number, _ in drawn.targets:
        assert 0 <= number < len(drawn.strips)
    return drawn


def lines(drawn: Drawn) -> list[str]:
    """The rows as text, without the blanks at their ends."""
    return [strip.text.rstrip() for strip in drawn.strips]


def styles(strip: Strip) -> list[tuple[str, str]]:
    """The parts of a row with the names of their styles."""
    return [(segment.text, segment.style.meta["name"]) for segment in strip if segment.style is not None]
