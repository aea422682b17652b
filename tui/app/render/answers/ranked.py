"""The answer of zero-shot classification: labels ranked by how well their hypotheses follow from the text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.app.render import numbers
from tui.app.render.answers.base import Drawn, Target
from tui.app.render.glyphs import fit, pad, visible, wrapped
from tui.app.render.strips import bar, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import LabelVerdict, Ranked

MODES: tuple[str, ...] = ("ranking", "how")
HELP = (
    "Each label is put into the template (F2), and the head judges whether the sentence follows from the text: "
    "contradiction, neutral or entailment, one pair for each label. “ranking” shows the labels with the pipeline's "
    "scores, “how” the head's logits for every pair and how the selected label's score is made of them.\n\n"
    "With multi_label off the labels share 1: softmax of all their entailment logits. With it on, or with one "
    "label, each stands by itself: softmax of its entailment and contradiction logits; neutral is left out.\n\n"
    "Selecting a label shows its pair in Tokens and the head's logits of that pair in Logits → probabilities."
)
_NUMBER = 12
_SCORE = 8


def draw(view: Ranked, context: Context) -> Drawn:
    """The ranking with bars, or the logits it is made of."""
    selected = max(0, min(context.selected, len(view.verdicts) - 1))
    strips = _how(view, context, selected) if context.mode == "how" else _ranking(view, context, selected)
    first = len(strips) - len(view.verdicts)
    targets = tuple(
        (first + number, _target(verdict, context)) for number, verdict in enumerate(view.verdicts)
    )
    drawn = [strip.crop(0, context.width) for strip in (*strips, *_summary(view, context))]
    return Drawn(drawn, targets)


def _target(verdict: LabelVerdict, context: Context) -> Target:
    """The label's pair, at the first token of its own."""
    position = 0
    if verdict.sequence < len(context.sequences):
        tokens = context.sequences[verdict.sequence].tokens
        own = (number for number, token in enumerate(tokens) if token.field == 1 and token.start != token.end)
        position = next(own, 0)
    mark = (1, verdict.start, verdict.start + len(verdict.label))
    return Target(verdict.sequence, position, mark)


def _ranking(view: Ranked, context: Context, selected: int) -> list[Strip]:
    labels = _label_cells(view, context.width - _SCORE - 3)
    left = context.width - labels - _SCORE - 3
    bars = min(50, left) if left >= 8 else 0
    rest = left - bars - 2
    strips = []
    for number, verdict in enumerate(view.verdicts):
        here = number == selected
        style = context.style("strong" if here else "text")
        strips.append(
            row(
                ("▸ " if here else "  ", style),
                (pad(verdict.label, labels), style),
                (f"{verdict.score:>{_SCORE}.4f} ", style),
                (bar(verdict.score, bars) if bars else "", context.style("bar")),
                (f"  {fit(verdict.hypothesis, rest)}" if rest >= 20 else "", context.style("muted")),
            )
        )
    return strips


def _how(view: Ranked, context: Context, selected: int) -> list[Strip]:
    """The selected label's formula, a head, and the head's logits of every pair."""
    muted = context.style("muted")
    columns = _columns(view, (context.width - 10 - _SCORE) // _NUMBER)
    used = {view.entailment, view.contradiction}
    labels = _label_cells(view, context.width - 2 - _NUMBER * len(columns) - _SCORE)
    written = _formula(view, view.verdicts[selected])
    strips = [row((line, context.style("accent"))) for line in wrapped(written, context.width)]
    heads = [
        (f"{_right(view.head[each], _NUMBER - 2)}{'*' if each in used else ' '}", muted) for each in columns
    ]
    strips.append(row((pad("  label", 2 + labels), muted), *heads, (f"{'score':>{_SCORE}}", muted)))
    for number, verdict in enumerate(view.verdicts):
        here = number == selected
        style = context.style("strong" if here else "text")
        logits = [
            (f"{numbers.logit(verdict.logits[each]):>{_NUMBER - 1}} ", style if each in used else muted)
            for each in columns
        ]
        strips.append(
            row(
                ("▸ " if here else "  ", style),
                (pad(verdict.label, labels), style),
                *logits,
                (f"{verdict.score:>{_SCORE}.4f}", style),
            )
        )
    return strips


def _right(text: str, width: int) -> str:
    """A text at the right end of `width` cells and a blank before it."""
    shown = fit(text, width)
    return " " * (width + 1 - cell_len(shown)) + shown


def _columns(view: Ranked, room: int) -> list[int]:
    """The head's rows that there is room for, those that make the score first to stay."""
    used = [each for each in (view.contradiction, view.entailment) if each is not None]
    others = [each for each in range(len(view.head)) if each not in used]
    return sorted({*used, *others[: max(0, room - len(set(used)))]})


def _formula(view: Ranked, verdict: LabelVerdict) -> str:
    """How the label's score comes of its logits, with its numbers."""
    name = fit(verdict.label, 24)
    mine = verdict.logits[view.entailment]
    if view.contradiction is None:
        others = [each.logits[view.entailment] for each in view.verdicts]
        over, whole = f"Σ e^z of {len(others):,} labels", _sum_exponentials(others)
    else:
        against = verdict.logits[view.contradiction]
        over, whole = (
            f"(e^{numbers.logit(mine)} + e^{numbers.logit(against)})",
            _sum_exponentials([mine, against]),
        )
    if not math.isfinite(verdict.score):
        return f"{name}: e^{numbers.logit(mine)} ÷ {over}: no number for float32; the pipeline's score is nan"
    above = numbers.logit(_sum_exponentials([mine]))
    return (
        f"{name}: e^{numbers.logit(mine)} ÷ {over} = {above} ÷ {numbers.logit(whole)} = {verdict.score:.4f}"
    )


def _sum_exponentials(logits: list[float]) -> float:
    try:
        return math.fsum(map(math.exp, logits))
    except OverflowError:
        return math.inf


def _label_cells(view: Ranked, most: int) -> int:
    widest = max(cell_len(visible(verdict.label)) for verdict in view.verdicts)
    return max(1, min(widest, most, 48))


def _summary(view: Ranked, context: Context) -> list[Strip]:
    """Which reading of the logits made the ranking, and what is odd about it."""
    entailment = visible(view.head[view.entailment])
    if view.contradiction is None:
        words = [f"The labels share 1: softmax of their “{entailment}” logits."]
    else:
        against = visible(view.head[view.contradiction])
        words = [f"Each label by itself: softmax of its “{entailment}” and “{against}” logits."]
        if not view.head[view.contradiction].lower().startswith("contra"):
            words.append(f"The pipeline takes “{against}” for the contradiction, by its place in the head.")
    if context.mode == "how":
        words.append("* makes the score.")
        hidden = len(view.head) - len(_columns(view, (context.width - 10 - _SCORE) // _NUMBER))
        if hidden:
            words.append(f"{hidden:,} of the head's {len(view.head):,} logits are not shown.")
    if view.note:
        words.append(view.note)
    return [row((line, context.style("muted"))) for line in wrapped(" ".join(words), context.width)]
