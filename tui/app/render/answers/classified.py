"""The answer of text classification: labels with the pipeline's scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.app.render.answers.base import Drawn
from tui.app.render.glyphs import fit, pad, visible, wrapped
from tui.app.render.strips import bar, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Classified

MODES: tuple[str, ...] = ("scores",)
HELP = (
    "The labels with their scores as the pipeline returns them, highest first; `top_k` (F2) says how many. "
    "Softmax scores share 1 among the labels; sigmoid scores are each label's own probability; with "
    "none the logits are the scores, which can be any number. Bars show scores that are probabilities."
)
_NARROWEST_BAR, _WIDEST_BAR = 8, 60


def draw(view: Classified, context: Context) -> Drawn:
    """One label as `LABEL 0.9598`; several in columns with bars, as far as they are probabilities."""
    strong, text, muted = (context.style(name) for name in ("strong", "text", "muted"))
    if len(view.scores) == 1:
        (only,) = view.scores
        number = f"{only.score:.4f}"
        strips = [row((f"{fit(only.label, context.width - len(number) - 1)} ", strong), (number, text))]
    else:
        strips = _table(view, context)
    hidden = (view.total or 0) - len(view.scores)
    if hidden > 0 and len(view.scores) > 1:
        left = f"top {len(view.scores):,} of {view.total:,} labels{_mass(view)}"
        strips.append(row((fit(left, context.width), muted)))
    if view.note:
        strips += [row((line, muted)) for line in wrapped(view.note, context.width)]
    return Drawn(strips)


def _table(view: Classified, context: Context) -> list[Strip]:
    scores = [f"{score.score:.4f}" for score in view.scores]
    digits = max(map(len, scores), default=0)
    widest = max((cell_len(visible(score.label)) for score in view.scores), default=0)
    labels = max(1, min(widest, context.width - digits - 1, max(12, context.width // 2)))
    room = min(_WIDEST_BAR, context.width - labels - digits - 2)
    bars = room if view.function in ("softmax", "sigmoid") and room >= _NARROWEST_BAR else 0
    return [
        row(
            (pad(score.label, labels) + " ", context.style("strong" if first else "text")),
            (f"{number:>{digits}} ", context.style("text")),
            (bar(score.score, bars) if bars else "", context.style("bar")),
        )
        for first, (score, number) in zip(
            (True, *[False] * len(scores)), zip(view.scores, scores, strict=True), strict=False
        )
    ]


def _mass(view: Classified) -> str:
    """What the labels that are not shown hold together, where the scores share 1."""
    rest = 1 - math.fsum(score.score for score in view.scores)
    return f"; the others hold {max(0.0, rest):.4f}" if view.function == "softmax" and rest == rest else ""
