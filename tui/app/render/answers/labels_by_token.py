"""The probability of every label at every token, as a table that is shaded."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.app.render.answers.base import Drawn, Target, kept
from tui.app.render.glyphs import fit, pad, visible
from tui.app.render.strips import Lines, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Tagged
    from tui.protocol.tokens import Token

MOST_ROWS = 512
_SHADES = ((0.75, "█"), (0.5, "▓"), (0.25, "▒"), (0.05, "░"), (0.0, "·"))
_TOKEN, _LABEL, _NARROWEST, _WIDEST = 14, 12, 4, 9


def shade(probability: float) -> str:
    """One cell that is the darker the likelier.

    >>> [shade(p) for p in (1.0, 0.6, 0.3, 0.1, 0.001, 0.0, float("nan"))]
    ['█', '▓', '▒', '░', '·', ' ', '?']
    """
    if math.isnan(probability):
        return "?"
    return next((sign for least, sign in _SHADES if probability >= least and probability > 0), " ")


def matrix(view: Tagged, context: Context) -> Drawn:
    """A row for each token: its likeliest label, then a cell for each label as far as there is room."""
    muted = context.style("muted")
    best = min(_LABEL, max(5, *(cell_len(visible(label)) for label in view.labels)))
    left = context.width - 2 - 5 - _TOKEN - best - 10
    shown = _columns(view, max(1, left // _NARROWEST))
    width = max(_NARROWEST, min(_WIDEST, left // len(shown)))
    *above, heads = _heads([view.labels[each] for each in shown], width)
    before = 2 + 5 + _TOKEN + best + 10
    strips = Lines(row((" " * before, muted), *((head, muted) for head in line)) for line in above)
    titles = (pad("     # token", 7 + _TOKEN), muted), (pad("likeliest", best + 10), muted)
    strips.append(row(*titles, *((head, muted) for head in heads)))
    targets: list[tuple[int, Target]] = []
    total = sum(len(sequence.tokens) for sequence in context.sequences)
    for number, sequence in enumerate(context.sequences):
        if sequence.name and len(targets) < MOST_ROWS:
            strips.append(row((fit(sequence.name, context.width), context.style("accent"))))
        for position, token in enumerate(sequence.tokens[: MOST_ROWS - len(targets)]):
            here = len(targets) == context.selected
            targets.append((len(strips), Target(number, position, _mark(token))))
            strips.append(partial(_row, view, context, (number, position), token, best, (shown, width), here))
    notes = []
    if len(shown) < len(view.labels):
        notes.append(f"{len(shown)} of {len(view.labels)} labels, those that are likeliest anywhere")
    if len(targets) < total:
        notes.append(f"first {len(targets):,} of {total:,} tokens")
    strips += [row((fit(note, context.width), muted)) for note in notes]
    return Drawn(strips, tuple(targets))


def _row(
    view: Tagged,
    context: Context,
    place: tuple[int, int],
    token: Token,
    best: int,
    columns: tuple[list[int], int],
    here: bool,
) -> Strip:
    """One token's row. place: its sequence and position. best: cells of the likeliest label. columns: their
    labels, and how wide each is.
    """
    sequence, position = place
    shown, width = columns
    probabilities = view.probabilities[sequence][position]
    index = max(range(len(probabilities)), key=probabilities.__getitem__)
    style, bar = (
        context.style("strong" if here else "special" if token.special else "text"),
        context.style("bar"),
    )
    cells = [(_cell(probabilities[each], width), bar) for each in shown]
    sign = "▸ " if here else "• " if place == context.cursor else "  "
    return row(
        (sign, style),
        (f"{position:>4} ", context.style("muted")),
        (pad(token.text, _TOKEN - 1) + " ", style),
        (pad(view.labels[index], best), style),
        (f"{probabilities[index]:>8.4f}  ", style),
        *cells,
    )


def _heads(labels: list[str], width: int) -> list[list[str]]:
    """The heads of the columns in one line, or where that is too little room, in two: `B` above `PER`."""
    if all(cell_len(visible(label)) < width for label in labels):
        return [[pad(label, width) for label in labels]]
    parts = [label.split("-", 1) if "-" in label else ["", label] for label in labels]
    return [[pad(fit(part[line], width - 1), width) for part in parts] for line in (0, 1)]


@kept
def _columns(view: Tagged, room: int) -> list[int]:
    """The labels that there is room for: those that are the likeliest anywhere, in the head's order."""
    indices = range(len(view.labels))
    if len(view.labels) <= room:
        return list(indices)
    rows = [row for window in view.probabilities for row in window[:MOST_ROWS]]
    largest = {index: max((row[index] for row in rows), default=0.0) for index in indices}
    return sorted(sorted(indices, key=lambda index: -largest[index])[:room])


def _cell(probability: float, width: int) -> str:
    """A shade, and the number in percent where there is room."""
    if width >= 8:
        return f"{shade(probability) * 2}{percent_in_brief(probability):>{width - 3}} "
    if width >= 6:
        return f"{shade(probability)}{percent_in_brief(probability, 0):>{width - 2}} "
    return shade(probability) * (width - 1) + " "


def percent_in_brief(probability: float, digits: int = 1) -> str:
    """Percent of few cells; nothing is rounded to 0 or 100 that isn't.

    >>> [percent_in_brief(p) for p in (0.98765, 0.0001, 0.0, 0.99999)], percent_in_brief(0.98765, 0)
    (['98.8', '<0.1', '0', '>99.9'], '99')
    """
    if probability in (0.0, 1.0) or math.isnan(probability):
        return f"{probability * 100:.0f}"
    shown = f"{probability * 100:.{digits}f}"
    least, most = 10**-digits, 100 - 10**-digits
    if float(shown) == 0:
        return f"<{least:g}"
    return f">{most:g}" if float(shown) == 100 else shown


def _mark(token: Token) -> tuple[int, int, int] | None:
    if token.start is None or token.end is None or token.start == token.end:
        return None
    return token.field or 0, token.start, token.end
