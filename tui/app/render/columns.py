"""Columns of the table of probabilities: what each shows, and which of them a width has room for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tui.app.render import formula
from tui.app.render.numbers import UNKNOWN, count, logit, percent

if TYPE_CHECKING:
    from tui.protocol import Readout
    from tui.protocol.rows import Row


class Column(NamedTuple):
    """One number of every row."""

    head: str
    cell: Callable[[Row], str]
    width: int = 11


def _kept(row: Row) -> str:
    if row.kept is None:
        return UNKNOWN
    return "✓" if row.kept else f"✗ {row.dropped_by}"


def _cumulative(row: Row) -> str:
    if row.cumulative is not None and abs(1.0 - row.cumulative) < 1e-12:
        return percent(1.0)  # the sum is not nearer than that
    return percent(row.cumulative)


_LOGIT = Column("logit z", lambda row: logit(row.logit))
_PENALIZED = Column("z penalized", lambda row: logit(row.penalized), 14)
_SCALED = Column("z÷T", lambda row: logit(row.scaled))
_SHIFTED = Column("z÷T − max", lambda row: logit(row.shifted))
_NEGATED = Column("−z÷T", lambda row: logit(row.shifted))
_EXP = Column("exp", lambda row: logit(row.exponential))
_SHARE = Column("p", lambda row: percent(row.probability))
_CUMULATIVE = Column("cumulative", _cumulative)
_KEPT = Column("kept?", _kept, 13)
_AGAIN = Column("p filtered", lambda row: percent(row.renormalized), 13)
_BITS = Column("bits", lambda row: logit(row.surprisal_bits))
_NATS = Column("ln p", lambda row: logit(row.log_probability))
_RANK = Column("rank", lambda row: UNKNOWN if row.rank is None else count(row.rank + 1), 9)
_OF_STEP = {
    formula.LOGITS: _LOGIT,
    formula.PENALTY: _PENALIZED,
    formula.SCALED: _SCALED,
    formula.SHIFTED: _SHIFTED,
    formula.NEGATED: _NEGATED,
    formula.EXP: _EXP,
    formula.SHARE: _SHARE,
    formula.ALONE: _SHARE,
    formula.KEPT: _KEPT,
    formula.AGAIN: _AGAIN,
}
_ORDER = (
    _LOGIT,
    _PENALIZED,
    _SCALED,
    _SHIFTED,
    _NEGATED,
    _EXP,
    _SHARE,
    _CUMULATIVE,
    _KEPT,
    _AGAIN,
    _BITS,
    _NATS,
    _RANK,
)
WITH_BARS = (formula.EXP, formula.SHARE, formula.ALONE, formula.AGAIN)
_FEW = 5
"""Up to so many rows the columns of the arithmetic come before those about the distribution."""


def of_step(step: str) -> Column:
    """The column that a step makes."""
    return _OF_STEP[step]


def choose(readout: Readout, step: str, labels: int, width: int) -> list[Column]:
    """The columns to show, in order: all where they fit, else those that lead to the step.

    labels: cells that the names of the rows take.
    """
    names = formula.steps(readout)
    whole = {_OF_STEP[name] for name in names} | {_RANK}
    if names[-1] not in (formula.LOGITS, formula.SCALED):
        whole |= {_BITS, _NATS}
    if readout.function == "softmax":
        whole |= {_CUMULATIVE}
    if readout.settings.temperature == 1.0 and step != formula.SCALED:
        whole.discard(_SCALED)  # z ÷ 1 repeats the logit
    room = width - 2 - labels
    if sum(column.width for column in whole) <= room:
        return [column for column in _ORDER if column in whole]
    if step in WITH_BARS and width >= 70:
        room -= round(0.3 * width) if readout.total <= _FEW else 8
    chosen: list[Column] = []
    for column in _wanted(readout, names, step):
        if column in whole and column not in chosen and (column.width <= room or not chosen):
            chosen.append(column)
            room -= column.width
    return [column for column in _ORDER if column in chosen]


def _wanted(readout: Readout, names: tuple[str, ...], step: str) -> list[Column]:
    """The columns that lead to a step, the most telling first."""
    so_far = [_OF_STEP[name] for name in reversed(names[: names.index(step) + 1])]
    many = readout.total > _FEW
    if step in (formula.SHARE, formula.ALONE) and many:
        so_far[2:2] = [_CUMULATIVE, _BITS]
    elif step == formula.KEPT and many:
        so_far[2:2] = [_CUMULATIVE]
    elif step == formula.AGAIN and many:
        so_far[3:3] = [_CUMULATIVE]
    if readout.watched or readout.start:
        so_far.insert(1, _RANK)
    return [*so_far, _RANK] if many else so_far
