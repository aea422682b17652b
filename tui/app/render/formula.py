"""The way from a logit to its probability, written out with the numbers of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.render.glyphs import fit
from tui.app.render.numbers import logit, percent

if TYPE_CHECKING:
    from tui.protocol import Function, Readout, Row

STEPS: dict[Function, tuple[str, ...]] = {
    "softmax": ("logits", "÷T", "−max", "exp", "÷Σ"),
    "sigmoid": ("logits", "÷T", "negate", "exp", "1 ÷ (1 + e)"),
    "none": ("logits", "÷T"),
}
"""The steps of each function, in order."""

COLUMNS: dict[Function, tuple[str, ...]] = {
    "softmax": ("logit z", "z÷T", "z÷T − max", "exp", "p"),
    "sigmoid": ("logit z", "z÷T", "−z÷T", "exp", "p"),
    "none": ("logit z", "z÷T"),
}
"""The head of each step's column."""


def cell(row: Row, step: int) -> str:
    """What stands in a row at a step's column."""
    if step == 4:
        return percent(row.probability)
    return logit((row.logit, row.scaled, row.shifted, row.exponential)[step])


def formula(readout: Readout, row: Row, step: int) -> str:
    """The arithmetic of one step for one row.

    At the last step it is the whole way: `p(POSITIVE) = e^(1.6123 − 1.6123) ÷ Σ = 1.0000 ÷ 1.0419 = 95.98 %`.
    """
    name = fit(row.label, 24)
    temperature = f"{readout.settings.temperature:g}"
    z, scaled, shifted = logit(row.logit), logit(row.scaled), logit(row.shifted)
    exponential, largest = logit(row.exponential), logit(readout.maximum)
    if step == 0:
        return f"z({name}) = {z}: row {row.index} of the head's output"
    if step == 1:
        return f"z ÷ T = {z} ÷ {temperature} = {scaled}"
    inner = scaled if temperature == "1" else f"{z} ÷ {temperature}"
    if readout.function == "softmax":
        total = logit(readout.sum_exponentials)
        return (
            f"z − max = {scaled} − {_parenthesized(largest)} = {shifted}",
            f"e^(z − max) = e^{_parenthesized(shifted)} = {exponential}",
            f"p({name}) = e^({inner} − {_parenthesized(largest)}) ÷ Σ = "
            f"{exponential} ÷ {total} = {percent(row.probability)}",
        )[step - 2]
    return (
        f"−z = −{_parenthesized(scaled)} = {shifted}",
        f"e^−z = e^{_parenthesized(shifted)} = {exponential}",
        f"p({name}) = 1 ÷ (1 + e^−({inner})) = 1 ÷ (1 + {exponential}) = {percent(row.probability)}",
    )[step - 2]


def _parenthesized(number: str) -> str:
    return f"({number})" if number.startswith("-") else number
