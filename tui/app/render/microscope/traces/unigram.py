"""Unigram by Viterbi, place by place: which pieces arrive there, and which of them leaves the best way behind."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from operator import attrgetter

from rich.cells import cell_len
from textual.strip import Strip

from tui.app.render import numbers
from tui.app.render.glyphs import fit, pad
from tui.app.render.microscope.traces.base import (
    DrawnTrace,
    MarkedPart,
    StyleOf,
    brief,
    counted,
    marked_word,
    pieces_rows,
    said,
    span,
)
from tui.app.render.strips import Lines, row
from tui.protocol.microscope.traces import LatticeNode, UnigramTrace

_NUMBER = 5
_SCORE = 11
_AT = 6
_VERDICT = 18
_WIDEST_PIECE = 24
_MOST_FUSED = 4


def steps(trace: UnigramTrace) -> int:
    """One for each place in the word that a piece can end at."""
    return trace.characters


def draw(trace: UnigramTrace, step: int, width: int, style: StyleOf) -> DrawnTrace:
    """The best arrival at each place before, then all that arrive at the place after `step` characters."""
    rows = Lines(partial(_past, trace, place, width, style) for place in range(1, step))
    first = len(rows)
    rows += marked_word(trace.word, _marks(trace, step), max(0, step - 1), width, style, "     ")
    if not step:
        says = (
            f"Place 0, before the word: log-probability 0. Each of the {counted(trace.characters, 'place')} after "
            f"it gets the best way to it; {counted(len(trace.nodes), 'piece')} of the vocabulary fit."
        )
        rows += said(says, width, style("strong"))
        return DrawnTrace(rows, 0)
    rows += _arriving(trace, step, width, style)
    if step == trace.characters:
        rows += _outcome(trace, width, style)
    return DrawnTrace(rows, first)


# ------------------------------------------------------------------------------------------------ the way


def _way(trace: UnigramTrace, place: int, most: int | None = None) -> list[LatticeNode]:
    """The best way to a place, or the end of it."""
    nodes: list[LatticeNode] = []
    while len(nodes) != most and (last := trace.arrivals[place]) is not None:
        nodes.append(trace.nodes[last])
        place = nodes[-1].start
    return nodes[::-1]


def _marks(trace: UnigramTrace, place: int) -> list[MarkedPart]:
    return [
        MarkedPart(node.start, node.end, "odd" if number % 2 else "even", "╰─╯╵")
        for number, node in enumerate(_way(trace, place))
    ]


def _way_text(trace: UnigramTrace, place: int, room: int) -> str:
    """The best way to a place; of a long one the end."""
    shown, first = "", place
    for node in reversed(_way(trace, place, room)):
        longer = f"{_piece(trace, node)}│{shown}" if shown else _piece(trace, node)
        if cell_len(longer) > room - 2:
            return f"…│{shown}" if shown else fit(longer, room)
        shown, first = longer, node.start
    return shown if not first else f"…│{shown}"


def _piece(trace: UnigramTrace, node: LatticeNode) -> str:
    """A piece; an unknown character in brackets."""
    text = brief(trace.word[node.start : node.end], _WIDEST_PIECE)
    return f"({text})" if node.unknown else text


def _past(trace: UnigramTrace, place: int, width: int, style: StyleOf) -> Strip:
    """The best way to an earlier place."""
    arrival = trace.arrivals[place]
    assert arrival is not None
    node = trace.nodes[arrival]
    room = max(6, min(_WIDEST_PIECE + 2, width - _NUMBER - _AT - _SCORE - 24))
    return row(
        (f"{place:>{_NUMBER - 1}} ", style("muted")),
        (pad(_piece(trace, node), room), style("text")),
        (f"{_at(node.start):>{_AT}}", style("muted")),
        (f"{numbers.logit(trace.best[place]):>{_SCORE}}", style("text")),
        (
            "  " + _way_text(trace, place, max(3, width - _NUMBER - room - _AT - _SCORE - 2)),
            style("muted"),
        ),
    )


def _at(place: int) -> str:
    return f"@{place}"


# ------------------------------------------------------------------------------------------- the arrivals


def _arriving(trace: UnigramTrace, place: int, width: int, style: StyleOf) -> list[Strip]:
    """Everything that ends at a place, with its score; the winner marked."""
    by_end = attrgetter("end")
    begin = bisect_left(trace.nodes, place, key=by_end)
    end = bisect_left(trace.nodes, place + 1, key=by_end)
    winner = trace.arrivals[place]
    way = _way_text(trace, place, 60)
    fit_here = counted(end - begin, "piece")
    says = f"Place {place:,} of {len(trace.word):,}: {fit_here} can end here. Best way to it: {way}"
    strips = said(says, width, style("strong"))
    room = max(6, min(_WIDEST_PIECE + 2, width - 2 - 3 * _SCORE - _AT - _VERDICT))
    head = f"  {'piece':{room}}{'log p':>{_SCORE}}{'+ best':>{_SCORE}}{'to':>{_AT}}{'= score':>{_SCORE}}"
    strips.append(row((head, style("muted"))))
    for number in range(begin, end):
        node = trace.nodes[number]
        before = trace.best[node.start]
        score = before + node.log_probability
        won = number == winner
        behind = trace.best[place] - score
        verdict = "best" if won else f"{numbers.logit(behind)} behind" if behind else "as good, found later"
        strips.append(
            row(
                ("▸ " if won else "  ", style("strong")),
                (pad(_piece(trace, node), room), style("strong" if won else "text")),
                (f"{numbers.logit(node.log_probability):>{_SCORE}}", style("text")),
                (f"{numbers.logit(before):>{_SCORE}}", style("text")),
                (f"{_at(node.start):>{_AT}}", style("muted")),
                (f"{numbers.logit(score):>{_SCORE}}", style("strong" if won else "text")),
                (f"  {verdict}", style("strong" if won else "muted")),
            )
        )
    if any(node.unknown for node in trace.nodes[begin:end]):
        note = (
            f"In brackets: no entry is this character alone, so it counts {numbers.logit(trace.unknown_score)}, "
            "10 nats below the worst entry."
        )
        strips += said(note, width, style("muted"))
    return strips


# -------------------------------------------------------------------------------------------- at the end


def _outcome(trace: UnigramTrace, width: int, style: StyleOf) -> list[Strip]:
    """The best way through the word, its rivals, and the pieces it becomes."""
    strips: list[Strip] = []
    if not trace.segmentations:
        note = (
            f"The word has {len(trace.word):,} characters, of which the first {trace.characters:,} are walked "
            f"through; the best way through all of it has the log-probability "
            f"{numbers.logit(trace.log_probability)}."
        )
        strips += said(note, width, style("muted"))
    else:
        several = len(trace.segmentations) > 1
        head = (
            f"the {len(trace.segmentations)} likeliest ways through the word" if several else "the only way"
        )
        strips.append(row((fit(f"{head}, log-probability in nats:", width), style("strong"))))
    for number, way in enumerate(trace.segmentations):
        cuts = [_piece(trace, trace.nodes[place]) for place in way.nodes]
        strips.append(_rival(number, cuts, way.log_probability, way.behind, way.factor, width, style))
    for start, end in trace.fused[:_MOST_FUSED]:
        note = f"Characters {span(start, end)} are unknown, one next to the other, and are taken together."
        strips += said(note, width, style("muted"))
    if len(trace.fused) > _MOST_FUSED:
        note = f"So do {len(trace.fused) - _MOST_FUSED:,} more stretches of unknown characters."
        strips += said(note, width, style("muted"))
    return strips + pieces_rows(trace.pieces, width, style)


def _rival(
    number: int,
    cuts: Sequence[str],
    log_probability: float,
    behind: float,
    factor: float | None,
    width: int,
    style: StyleOf,
) -> Strip:
    if not number:
        told = "taken"
    elif not behind:
        told = "as likely, found later"
    else:
        told = f"{numbers.logit(behind)} behind, {_factor(factor)} less likely"
    score = numbers.logit(log_probability)
    taken = number == 0
    told_cells = min(max(1, width // 2), 34)
    room = max(1, width - 4 - _SCORE - 2 - told_cells)
    return row(
        (f"{'▸' if taken else ' '}{number + 1} ", style("strong")),
        (pad(_cuts(cuts, room), room), style("strong" if taken else "text")),
        (f"{score:>{_SCORE}}  ", style("strong" if taken else "text")),
        (fit(told, told_cells), style("muted")),
    )


def _cuts(cuts: Sequence[str], room: int) -> str:
    """Pieces with bars between them, as many as there is room for."""
    shown = ""
    for place, cut in enumerate(cuts):
        longer = f"{shown}│{cut}" if place else cut
        if cell_len(longer) > room:
            return fit(longer, room)
        shown = longer
    return shown


def _factor(factor: float | None) -> str:
    """How many times likelier the best is.

    >>> _factor(1.2214), _factor(31.7), _factor(5e6), _factor(None)
    ('1.2×', '32×', '5.0e+06×', 'more than 1e308×')
    """
    if factor is None:
        return "more than 1e308×"
    if factor < 10:
        return f"{factor:.1f}×"
    return f"{factor:,.0f}×" if factor < 1e5 else f"{factor:.1e}×"
