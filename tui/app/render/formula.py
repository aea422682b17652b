"""The way from a logit to its probability, written out with the numbers of one row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.app.render.glyphs import fit
from tui.app.render.numbers import count, logit, percent
from tui.drawing.spaces import spaced

if TYPE_CHECKING:
    from tui.protocol import Readout
    from tui.protocol.rows import FilterStage, Row

LOGITS, PENALTY, SCALED, SHIFTED, EXP = "logits", "penalty", "÷T", "−max", "exp"
SHARE, KEPT, AGAIN = "÷Σ", "kept", "renormalized"
NEGATED, ALONE = "negate", "1 ÷ (1 + e)"


def steps(readout: Readout | None) -> tuple[str, ...]:
    """The steps of a reading in order; those that are off are left out."""
    if readout is None:
        return (LOGITS, SCALED, SHIFTED, EXP, SHARE)
    if readout.function == "none":
        return (LOGITS, SCALED)
    if readout.function == "sigmoid":
        return (LOGITS, SCALED, NEGATED, EXP, ALONE)
    penalty = () if readout.penalized is None else (PENALTY,)
    filtered = () if readout.kept is None else (KEPT, AGAIN)
    return (LOGITS, *penalty, SCALED, SHIFTED, EXP, SHARE, *filtered)


def formula(readout: Readout, row: Row, step: str) -> str:
    """The arithmetic of one step for one row.

    At ÷Σ it is the whole way: `p(POSITIVE) = e^(1.6123 − 1.6123) ÷ Σ = 1.0000 ÷ 1.0419 = 95.98 %`.
    """
    name = fit(spaced(row.label), 24)
    temperature = f"{readout.settings.temperature:g}"
    z, scaled, shifted = logit(row.logit), logit(row.scaled), logit(row.shifted)
    exponential, largest = logit(row.exponential), logit(readout.maximum)
    if step == LOGITS:
        return f"z({name}) = {z}: row {row.index} of the head's output"
    if step == PENALTY:
        return f"z({name}) = {_penalty(readout, row)}"
    came = z if row.penalized is None else logit(row.penalized)
    if step == SCALED:
        return f"z ÷ T = {came} ÷ {temperature} = {scaled}"
    inner = scaled if temperature == "1" else f"{came} ÷ {temperature}"
    if step == SHIFTED:
        return f"z − max = {scaled} − {_parenthesized(largest)} = {shifted}"
    if step == NEGATED:
        return f"−z = −{_parenthesized(scaled)} = {shifted}"
    if step == EXP:
        power = "e^−z" if readout.function == "sigmoid" else "e^(z − max)"
        return f"{power} = e^{_parenthesized(shifted)} = {exponential}"
    if step == ALONE:
        share = percent(row.probability)
        return f"p({name}) = 1 ÷ (1 + e^−({inner})) = 1 ÷ (1 + {exponential}) = {share}"
    if step == SHARE:
        return (
            f"p({name}) = e^({inner} − {_parenthesized(largest)}) ÷ Σ = "
            f"{exponential} ÷ {logit(readout.sum_exponentials)} = {percent(row.probability)}"
        )
    if step == KEPT:
        return _kept(readout, row, name)
    if not row.kept:
        return f"p({name}) = 0: {_dropped(row)}"
    total, share = logit(readout.kept_sum), percent(row.renormalized)
    return f"p({name}) among the kept = e^(z − max) ÷ Σ kept = {exponential} ÷ {total} = {share}"


def _penalty(readout: Readout, row: Row) -> str:
    z, penalty = logit(row.logit), f"{readout.settings.repetition_penalty:g}"
    if any(name != "repetition penalty" for name in readout.reweighed_by):
        return f"{logit(row.penalized)}: {z} re-weighed by {' and '.join(readout.reweighed_by)}"
    if row.penalized == row.logit:
        return f"{z}: the repetition penalty leaves it, it does not stand before"
    sign = "·" if row.logit < 0 else "÷"
    return f"{z} {sign} {penalty} = {logit(row.penalized)}: it stands before"


def _dropped(row: Row) -> str:
    return "its logit is −∞" if row.dropped_by == "logit" else f"dropped by {row.dropped_by}"


def _kept(readout: Readout, row: Row, name: str) -> str:
    """Which filters a row passed, up to the one that dropped it, each with what it compares."""
    if row.dropped_by == "logit":
        return f"{name} is not kept: {_dropped(row)}"
    said = []
    for number, stage in enumerate(readout.stages):
        stays = stage.name != row.dropped_by
        said.append(f"{stage.title} {'✓' if stays else '✗'} {_why(readout, number, row, stays)}".rstrip())
        if not stays:
            break
    return f"{name} is {'kept' if row.kept else 'dropped'}: {' · '.join(said)}"


def _why(readout: Readout, number: int, row: Row, stays: bool) -> str:
    stage: FilterStage = readout.stages[number]
    if stage.name == "top-k":
        return f"z÷T {logit(row.scaled)} {'≥' if stays else '<'} {logit(stage.limit)}"
    if stage.name == "min-p":
        least = row.exponential / stage.limit if stage.limit else row.exponential
        return f"p÷max {logit(least)} {'≥' if stays else '<'} {stage.value:g}"
    if stage.name == "typical-p":
        if stage.entropy is None or not stage.sum_exponentials > 0:
            return ""
        away = abs(math.log(stage.sum_exponentials) - row.shifted - stage.entropy)
        return f"|−ln p − entropy| {logit(away)} {'≤' if stays else '>'} {logit(stage.limit)} nats"
    if stage.name != "top-p":
        return ""
    later = readout.stages[number + 1 :]
    left = later[0].sum_exponentials if later else readout.kept_sum
    share = None if left is None or not stage.sum_exponentials > 0 else left / stage.sum_exponentials
    among = f"the {count(stage.kept)} likeliest hold {percent(share)}"
    return among if stays else f"{among} without it"


def _parenthesized(number: str) -> str:
    return f"({number})" if number.startswith("-") else number
