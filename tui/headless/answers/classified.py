"""The answer of text classification as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.headless.text import number, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Classified


def lines(view: Classified, reading: Reply) -> Lines:
    """Labels with their scores; the rows of logits below it tell the rest."""
    answer = ", ".join(f"{visible(score.label)} {number(score.score)}" for score in view.scores)
    return answer, [f"  {visible(view.note)}"] if view.note else []
