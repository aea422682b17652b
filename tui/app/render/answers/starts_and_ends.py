"""Start and end of an answer: their logits along the tokens of a window, and the grid of spans they make."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.app.render import numbers
from tui.app.render.answers.base import Drawn, Target
from tui.app.render.answers.labels_by_token import percent_in_brief, shade
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.strips import Lines, bar, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Extracted, TokenSpan, Window
    from tui.protocol.tokens import Token

_MOST_ROWS = 512
_TOKEN, _CELL, _WIDEST_BAR = 14, 7, 40


def along_tokens(view: Extracted, context: Context) -> Drawn:
    """A row for each open token of a window: start on the left, end on the right."""
    muted = context.style("muted")
    number, best = _window(view, context)
    window, sequence = view.windows[number], context.sequences[number]
    positions = [position for position, is_open in enumerate(window.open) if is_open]
    bars = max(0, min(_WIDEST_BAR, (context.width - 9 - _TOKEN) // 2 - 21))
    half = 21 + bars
    strips = Lines(
        [
            row(
                (pad("       # token", 9 + _TOKEN), muted),
                (pad("start logit         p", half), muted),
                (pad("end logit         p".rjust(21), half), muted),
            )
        ]
    )
    targets: list[tuple[int, Target]] = []
    for position in positions[:_MOST_ROWS]:
        token, here = sequence.tokens[position], len(targets) == context.selected
        starts, ends = best is not None and best.first == position, best is not None and best.last == position
        edge = f"{'[' if starts else ' '}{']' if ends else ' '} "
        targets.append((len(strips), Target(number, position, _mark(token))))
        strips.append(partial(_edges, window, context, (number, position), token, edge, bars, here))
    notes = [sequence.name] if sequence.name else []
    if best is not None:
        notes.append("[ first and ] last token of the best answer")
    if len(positions) > _MOST_ROWS:
        notes.append(f"first {_MOST_ROWS} of {len(positions):,} tokens")
    notes.append(f"{len(window.open) - len(positions):,} tokens that can't be an answer's edge are not shown")
    strips += [row((line, muted)) for line in wrapped("; ".join(notes), context.width)]
    return Drawn(strips, tuple(targets))


def _edges(
    window: Window, context: Context, place: tuple[int, int], token: Token, edge: str, bars: int, here: bool
) -> Strip:
    """One token's row. place: its window and position. edge: whether the best answer starts or ends there."""
    position = place[1]
    style = context.style("strong" if here else "special" if token.special else "text")
    parts = []
    for logits, probabilities in (
        (window.start_logits, window.start_probabilities),
        (window.end_logits, window.end_probabilities),
    ):
        logit, probability = logits[position], probabilities[position]
        parts.append((f"{numbers.logit(logit, 3):>9} {numbers.percent(probability):>9} ", style))
        parts.append((bar(probability, bars) + " ", context.style("bar")))
    sign = "▸ " if here else "• " if place == context.cursor else "  "
    return row(
        (sign, style),
        (edge, context.style("accent")),
        (f"{position:>4} "[-5:], context.style("muted")),
        (pad(token.text, _TOKEN - 1), style),
        *parts,
    )


def grid(view: Extracted, context: Context) -> Drawn:
    """Starts down, ends across, around the best span: p(start) × p(end) where it is a span."""
    muted = context.style("muted")
    number, best = _window(view, context)
    window, tokens = view.windows[number], context.sequences[number].tokens
    positions = [position for position, is_open in enumerate(window.open) if is_open and position > 0]
    if not positions:
        words = "No token of the context is in this window."
        return Drawn([row((line, muted)) for line in wrapped(words, context.width)])
    room = max(1, (context.width - 9 - _TOKEN) // _CELL)
    starts = _around(positions, best.first if best is not None else None, room)
    ends = _around(positions, best.last if best is not None else None, room)
    largest = max(_score(view, number, first, last) for first in starts for last in ends)
    heads = [(pad(fit(tokens[last].text, _CELL - 1), _CELL), muted) for last in ends]
    strips = [row((pad("start ↓  end →", 9 + _TOKEN), muted), *heads)]
    targets: list[tuple[int, Target]] = []
    for first in starts:
        here = len(targets) == context.selected
        style = context.style("strong" if here else "text")
        cells = []
        for last in ends:
            score = _score(view, number, first, last)
            chosen = best is not None and (best.first, best.last) == (first, last)
            drawn = shade(score / largest) if largest else " "
            valid = first <= last < first + view.max_answer_len
            cells.append(
                f"{drawn}{percent_in_brief(score):>5}{'◂' if chosen else ' '}" if valid else " " * _CELL
            )
        strips.append(
            row(
                ("▸ " if here else "  ", style),
                (f"{first:>6} ", muted),
                (pad(tokens[first].text, _TOKEN - 1) + " ", style),
                *((cell, context.style("strong" if cell.endswith("◂") else "bar")) for cell in cells),
            )
        )
        targets.append((len(strips) - 1, Target(number, first, _mark(tokens[first]))))
    name = context.sequences[number].name
    notes = [f"percent{f' in {name}' if name else ''}; shades by the likeliest shown"]
    if best is not None:
        notes.append("◂ the best answer")
    notes.append(f"blank: it ends before it starts, or has more than {view.max_answer_len} tokens")
    if len(starts) < len(positions):
        notes.append(f"{len(starts):,} of {len(positions):,} starts and ends")
    strips += [row((line, muted)) for line in wrapped("; ".join(notes), context.width)]
    return Drawn(strips, tuple(targets))


def _window(view: Extracted, context: Context) -> tuple[int, TokenSpan | None]:
    """The window of the cursor or else of the best answer, and the best answer's tokens if they are in it."""
    spans = [span.found[0] for span in view.spans if not span.no_answer]
    best = spans[0] if spans else None
    sequence, position = context.cursor
    chosen = (position is not None or sequence > 0) and sequence < len(view.windows)
    number = sequence if chosen else best.sequence if best is not None else 0
    return number, best if best is not None and best.sequence == number else None


def _around(positions: list[int], best: int | None, room: int) -> list[int]:
    """So many neighbors of the best answer's first or last token as there is room for, it in their middle."""
    middle = positions.index(best) if best in positions else 0
    start = max(0, min(middle - room // 2, len(positions) - room))
    return positions[start : start + room]


def _score(view: Extracted, number: int, first: int, last: int) -> float:
    if not first <= last < first + view.max_answer_len:
        return 0.0
    window = view.windows[number]
    return window.start_probabilities[first] * window.end_probabilities[last]


def _mark(token: Token) -> tuple[int, int, int] | None:
    if token.start is None or token.end is None or token.start == token.end:
        return None
    return token.field or 0, token.start, token.end
