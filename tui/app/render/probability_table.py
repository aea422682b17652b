"""The table of probabilities as strips: formula, head, watched rows, rows by rank, and what the others hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.strip import Strip

from tui.app.render import columns, formula, numbers
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.strips import bar, row
from tui.drawing.spaces import spaced

if TYPE_CHECKING:
    from rich.style import Style

    from tui.app.render.columns import Column
    from tui.protocol import Readout
    from tui.protocol.rows import Rest, Row

_LABELS = 24
_FEWEST_ROWS = 3
"""Rows by rank that pinned rows leave room for."""
_ROOM_TO_STATE = 8
"""Rows from which on the line about the other rows is pinned."""


class Table(NamedTuple):
    """What to draw, and what stands where."""

    strips: list[Strip]
    places: list[int | None]
    """For each strip the row it shows: its rank, −n … −1 for the watched rows, None for other lines."""
    pinned: int


def row_at(readout: Readout, place: int) -> Row:
    """The row at a place: the nearest that is there for a place that is not, or not any more."""
    if place < 0:
        watched = readout.watched[place] if -place <= len(readout.watched) else None
        if watched is not None:
            return watched
        place = readout.start
    return readout.rows[max(0, min(place - readout.start, len(readout.rows) - 1))]


def table(
    readout: Readout, step: str, selected: int, width: int, room: int, style: Callable[[str], Style]
) -> Table:
    """Draw a reading of at least one row."""
    muted = style("muted")
    shown = [*(each for each in readout.watched if each is not None), *readout.rows]
    labels = min(_LABELS, max(5, *(cell_len(fit(spaced(each.label), _LABELS)) for each in shown)))
    hidden = readout.total - len(readout.rows)
    head = f"label (others {_mass(readout)})" if hidden and readout.tail is not None else "label"
    labels = max(labels, min(cell_len(head), _LABELS))
    chosen = columns.choose(readout, step, labels, width)
    written = formula.formula(readout, row_at(readout, selected), step)
    strips = [row((fit(written, width), style("accent")))]
    if room > 4:
        own = columns.of_step(step)
        marked = own if own is not chosen[-1] else None  # told apart where later columns stand beside it
        named = (
            ((f"[{each.head}]" if each is marked else each.head).rjust(each.width), muted) for each in chosen
        )
        strips.append(row((pad(f"  {head}", 2 + labels), muted), *named))
    stated = [row((line, muted)) for line in wrapped(_others(readout), width)] if hidden else []
    if room > _ROOM_TO_STATE:
        strips += stated
    pinned = len(strips)
    watched = {each.index for each in readout.watched if each is not None}
    lines = _Lines(readout, step, chosen, labels, width, style, watched)
    count = len(readout.watched)
    found: list[int | None] = [None] * len(strips)
    for number, each in enumerate(readout.watched):
        place = number - count
        if each is None:
            name = spaced(readout.settings.watched[number].label)
            marks = "▸◆" if place == selected else " ◆"
            strips.append(row((fit(f"{marks}{pad(name, labels)}  no row of this name here", width), muted)))
        else:
            strips.append(lines.row(each, place == selected))
        found.append(place)
    pinned += min(count, max(0, room - pinned - _FEWEST_ROWS))
    for line in wrapped("\n".join(readout.notes), width) if readout.notes else ():
        strips.append(row((line, style("accent"))))
        found.append(None)
    within = max(readout.start, min(selected, readout.start + len(readout.rows) - 1))
    for number, each in enumerate(readout.rows):
        place = readout.start + number
        strips.append(lines.row(each, selected >= 0 and place == within))
        found.append(place)
    if room <= _ROOM_TO_STATE:
        strips += stated
    strips += [row((line, muted)) for said in summary(readout) for line in wrapped(said, width)]
    return Table(strips, found + [None] * (len(strips) - len(found)), pinned)


class _Lines(NamedTuple):
    """What all rows have in common."""

    readout: Readout
    step: str
    columns: list[Column]
    labels: int
    width: int
    style: Callable[[str], Style]
    watched: set[int]

    def row(self, each: Row, here: bool) -> Strip:
        """A label with its numbers, and a bar where the step's numbers are shares."""
        strong = self.style("strong" if here else "text")
        muted = self.style("muted")
        own = columns.of_step(self.step)
        bars = self.width - 3 - self.labels - sum(column.width for column in self.columns)
        marks = ("▸" if here else " ") + ("◆" if each.index in self.watched else " ")
        return row(
            (marks, strong),
            (pad(spaced(each.label), self.labels), muted if each.kept is False and not here else strong),
            *(
                (column.cell(each).rjust(column.width), strong if column is own else muted)
                for column in self.columns
            ),
            (" " + bar(self._share(each), bars) if bars > 4 else "", self.style("bar")),
        )

    def _share(self, each: Row) -> float:
        shares = {
            formula.SHARE: each.probability,
            formula.ALONE: each.probability,
            formula.KEPT: each.probability if each.kept else 0.0,
            formula.AGAIN: each.renormalized,
        }
        if self.step == formula.EXP:
            return each.exponential if self.readout.function == "softmax" else 0.0
        return shares.get(self.step) or 0.0


def _mass(readout: Readout) -> str:
    """What the rows that are not sent hold together."""
    rests = [
        rest.mass for rest in (readout.above, readout.below) if rest is not None and rest.mass is not None
    ]
    return _summed(math.fsum(rests))


def _others(readout: Readout) -> str:
    """How many rows are not shown and what they hold, before and after filtering."""
    count, total = len(readout.rows), numbers.count(readout.total)
    if readout.start:
        first, last = numbers.count(readout.start + 1), numbers.count(readout.start + count)
        shown = f"ranks {first} to {last} of {total}"
    else:
        shown = f"top {numbers.count(count)} of {total}"
    said = [shown]
    for rest, where in ((readout.above, "above"), (readout.below, "below" if readout.start else "other")):
        if rest is not None and rest.rows:
            said.append(_rest(rest, where))
    return "  " + "; ".join(said)


def _rest(rest: Rest, which: str) -> str:
    counted = numbers.count(rest.rows)
    said = f"the other {counted}" if which == "other" else f"the {counted} {which}"
    if rest.mass is None:
        return f"{said} are not shown"
    said += f" hold {_summed(rest.mass)}"
    if rest.kept is not None and rest.renormalized is not None:
        said += f"; filtered, {numbers.count(rest.kept)} of them hold {_summed(rest.renormalized)}"
    return said


def _summed(mass: float) -> str:
    """A sum of probabilities, which is not nearer than this to the whole."""
    return numbers.percent(1.0 if abs(1.0 - mass) < 1e-12 else mass)


def summary(readout: Readout) -> list[str]:
    """What chose the function, the entropy, and what each filter did."""
    first = f"{readout.function}: {readout.reason}"
    if readout.entropy_bits is not None:
        most = f"{math.log2(readout.total):.4g}"
        first += f"; entropy {numbers.logit(readout.entropy_bits)} bits of at most {most}"
    said = [first]
    if readout.penalized is not None:
        penalty = f"repetition penalty {readout.settings.repetition_penalty:g}"
        by = [penalty if name == "repetition penalty" else name for name in readout.reweighed_by]
        said.append(f"{', '.join(by)}: {numbers.count(readout.penalized)} logits changed")
    said += [
        f"{stage.title}: keeps {numbers.count(stage.kept)}, "
        f"drops {numbers.count(stage.dropped)} that hold {numbers.percent(stage.mass)}"
        for stage in readout.stages
    ]
    if readout.kept is not None:
        said.append(
            f"kept: {numbers.count(readout.kept)} rows that hold {numbers.percent(readout.kept_mass)}; "
            f"entropy among them {numbers.logit(readout.kept_entropy_bits)} bits"
        )
    return said
