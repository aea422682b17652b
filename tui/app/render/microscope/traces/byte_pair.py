"""Byte-pair encoding, merge by merge: a row for each moment before, then the symbols of now with their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from tui.app.render.answers.base import kept
from tui.app.render.glyphs import fit
from tui.app.render.microscope.traces.base import (
    MOST_PIECES,
    DrawnTrace,
    StyleOf,
    brief,
    counted,
    pieces_rows,
    said,
)
from tui.app.render.microscope.traces.ranked import ranked_symbols
from tui.app.render.strips import Lines, row
from tui.protocol.microscope.traces import BytePairTrace, MergeStage, Symbol, stage

_NUMBER = 5
_NARROWEST_TOLD = 56
"""Cells from which on rows of the past say in words what was merged."""
_FEW = 6
_BYTES = 8


def steps(trace: BytePairTrace) -> int:
    """One for each merge."""
    return len(trace.merges)


def draw(trace: BytePairTrace, step: int, width: int, style: StyleOf) -> DrawnTrace:
    """The moments before `step` merges, and that after them."""
    rows = Lines()
    if trace.whole:
        says = "The word is an entry: it is taken whole, and no merge is looked at (ignore_merges is set)."
        rows += said(says, width, style("strong"))
        rows += [*pieces_rows(trace.pieces, width, style), *_notes(trace, width, style)]
        return DrawnTrace(rows, 0)
    moments = _moments(trace)
    rows += [partial(_past, moments, number, width, style) for number in range(step)]
    now = moments.after(step)
    rows += said(_sentence(trace, now, step), width, style("strong"))
    if now.next is not None:
        rows += ranked_symbols(now, meaning, width, style)
    else:
        means = [meaning(symbol) for symbol in now.symbols[:MOST_PIECES]]
        rows += pieces_rows(trace.pieces, width, style, means)
    rows += _notes(trace, width, style)
    return DrawnTrace(rows, step)


class _Moments:
    """The moments of a trace, each made from the one before when it is first needed."""

    def __init__(self, trace: BytePairTrace) -> None:
        self._trace = trace
        self._known = [stage(trace, 0)]

    def after(self, merged: int) -> MergeStage:
        """The moment after so many merges."""
        while len(self._known) <= merged:
            done, last = len(self._known) - 1, self._known[-1]
            only = msgspec.structs.replace(
                self._trace,
                symbols=last.symbols,
                ranks=last.ranks,
                merges=self._trace.merges[done : done + 2],
            )
            self._known.append(stage(only, 1))
        return self._known[merged]


@kept
def _moments(trace: BytePairTrace) -> _Moments:
    return _Moments(trace)


def meaning(symbol: Symbol) -> str:
    """What a symbol stands for, where its entry doesn't show it: text, or bytes that are a part of a character.

    >>> meaning(Symbol(0, "Ġco", 0, 3, b" co", "merge")), meaning(Symbol(1, "b</w>", 0, 1, b"b", "entry"))
    ('␠co', '')
    >>> meaning(Symbol(2, "æĿ", 0, 2, b"\\xe6\\x9d", "merge")), meaning(Symbol(3, "<0x65>", 0, 1, b"e", "byte"))
    ('E6 9D', 'e')
    """
    if not symbol.source:
        return ""
    try:
        text = symbol.source.decode()
    except UnicodeDecodeError:
        rest = "…" if len(symbol.source) > _BYTES else ""
        return symbol.source[:_BYTES].hex(" ").upper() + rest
    plain = symbol.origin in ("entry", "merge") and text in symbol.text
    return "" if plain else brief(text, 20)


def _sentence(trace: BytePairTrace, now: MergeStage, step: int) -> str:
    total, merge = len(trace.merges), now.next
    begins = "" if step else _beginning(trace)
    if merge is None:
        pairs = len(now.ranks)
        if not now.symbols:
            return f"{begins}Nothing of the word is left to merge."
        if not pairs:
            left = "one symbol is left" if step else "a single symbol, there is nothing to merge"
        else:
            left = f"no merge exists for {'the pair' if pairs == 1 else f'any of the {pairs:,} pairs'} left"
        return f"{begins}After {counted(total, 'merge')}: {left}." if step else f"{begins}Done: {left}."
    one, other = now.symbols[merge.left], now.symbols[merge.left + 1]
    ranked = [rank for rank in now.ranks if rank is not None]
    ties = ranked.count(merge.rank)
    several = f"the lowest of {len(ranked):,} pairs that have one"
    why = several if len(ranked) > 1 else "the only pair that has one"
    also = f", the leftmost of {ties:,} with it" if ties > 1 else ""
    return (
        f"{begins}Merge {step + 1:,} of {total:,}: {brief(one.text)} + {brief(other.text)} → "
        f"{brief(merge.made.text)}, rank {merge.rank:,}, {why}{also}"
    )


def _beginning(trace: BytePairTrace) -> str:
    """What the characters are to begin with."""
    unknown = sum(symbol.origin == "unknown" for symbol in trace.symbols)
    spelled = sum(symbol.origin == "byte" for symbol in trace.symbols)
    facts = [counted(trace.symbols_total, "symbol") + " to begin with"]
    if unknown:
        facts.append(f"{unknown:,} of them the unknown token")
    if spelled:
        facts.append(f"{spelled:,} of them bytes of characters without an entry")
    return ", ".join(facts) + ". "


def _notes(trace: BytePairTrace, width: int, style: StyleOf) -> list[Strip]:
    notes = []
    if len(trace.symbols) < trace.symbols_total:
        notes.append(
            f"Walked through: the first {len(trace.symbols):,} of {trace.symbols_total:,} symbols with "
            f"{counted(len(trace.merges), 'merge')}; all of the word takes {trace.merges_total:,}."
        )
    if trace.dropped:
        few = " ".join(brief(trace.word[place], 8) for place in trace.dropped[:_FEW])
        more = " …" if len(trace.dropped) > _FEW else ""
        become = "becomes" if len(trace.dropped) == 1 else "become"
        notes.append(
            f"{counted(len(trace.dropped), 'character')} ({few}{more}) {become} nothing: the vocabulary has "
            f"neither {'it' if len(trace.dropped) == 1 else 'them'} nor an unknown token."
        )
    if trace.dropout is not None:
        notes.append(
            f"BPE-dropout: the tokenizer skips a merge with a chance of {trace.dropout:g} each time, so its "
            "pieces differ from call to call; here none is skipped."
        )
    return [strip for note in notes for strip in said(note, width, style("muted"))]


# --------------------------------------------------------------------------------------- a row of the past


def _past(moments: _Moments, number: int, width: int, style: StyleOf) -> Strip:
    """A moment with the pair that was merged then in brackets."""
    moment = moments.after(number)
    merge = moment.next
    assert merge is not None
    told = ""
    if width >= _NARROWEST_TOLD:
        left, right = moment.symbols[merge.left], moment.symbols[merge.left + 1]
        told = f"{brief(left.text, 12)} + {brief(right.text, 12)}  rank {merge.rank:,}"
        told = fit(told, width // 2)
    room = max(1, width - _NUMBER - (cell_len(told) + 2 if told else 0))
    parts = _around(moment.symbols, merge.left, room, style)
    used = sum(cell_len(text) for text, _ in parts)
    filling = " " * max(0, room - used)
    return row((f"{number:>{_NUMBER - 1}} ", style("muted")), *parts, (f"{filling}  {told}", style("muted")))


def _around(symbols: Sequence[Symbol], left: int, room: int, style: StyleOf) -> list[tuple[str, Style]]:
    """The pair at `left` in brackets and as many symbols around it as there is room for."""
    pair = f"[{brief(symbols[left].text, room // 3)} {brief(symbols[left + 1].text, room // 3)}]"
    first, after = left, left + 2
    free = room - cell_len(pair) - 4  # an … and a blank at each end
    before_texts: list[str] = []
    after_texts: list[str] = []
    while first > 0 or after < len(symbols):
        grown = False
        for texts, place in ((after_texts, after), (before_texts, first - 1)):
            if not 0 <= place < len(symbols):
                continue
            text = brief(symbols[place].text, 20)
            if (cells := cell_len(text) + 1) > free:
                continue
            free -= cells
            texts.append(text)
            grown = True
            if texts is after_texts:
                after += 1
            else:
                first -= 1
        if not grown:
            break
    text_style = style("text")
    before = " ".join(reversed(before_texts))
    return [
        ("… " if first else "", text_style),
        (f"{before} " if before else "", text_style),
        (pair, style("accent")),
        (" " + " ".join(after_texts) if after_texts else "", text_style),
        (" …" if after < len(symbols) else "", text_style),
    ]
