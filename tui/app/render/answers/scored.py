"""The answer of text generation: what the model goes on with, and how likely it found each token of the prompt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from tui.app.render.answers.base import Drawn, Target, kept
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.numbers import UNKNOWN, count, logit, percent
from tui.app.render.strips import Lines, bar, flow, row
from tui.drawing.spaces import spaced

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Scored, TokenScore
    from tui.protocol.tokens import Token

MODES: tuple[str, ...] = ("text", "table", "next")
HELP = (
    "First what greedy decoding goes on with (→), as the pipeline returns it with do_sample=False; max_new_tokens "
    "(F2) says how far. Perplexity is e to the mean of −ln p over the prompt's tokens: how many equally likely "
    "tokens the model was torn between.\n\n"
    "“text”: the prompt's tokens, under each its surprisal, −log2 p in bits. Nothing is known of the first. "
    "“table”: probability and rank over the whole vocabulary too. “next”: the likeliest tokens after the prompt."
    "\n\n"
    "Selecting a token reads in Logits → probabilities what comes after it."
)
_LEVELS = ((2.0, "muted"), (6.0, "text"), (10.0, "accent"))
_WIDEST_TOKEN = 24
_NARROWEST_BAR, _WIDEST_BAR = 6, 50


def draw(view: Scored, context: Context) -> Drawn:
    """The continuation and the perplexity at the top, one of the modes below."""
    strips = Lines(_continuation(view, context))
    strips.append(row((fit(_perplexity(view), context.width), context.style("text"))))
    muted = context.style("muted")
    for number, text in enumerate(view.others, 2):
        strips += [row((line, muted)) for line in wrapped(f"text {number}: {text}", context.width)]
    if view.stopped:
        told = f"wrote {_tokens(view.written)}; ended by {view.stopped}"
        strips += [row((line, muted)) for line in wrapped(told, context.width)]
    if view.prefix:
        before = fit(f"read before the text ({view.prefix_by}): {view.prefix}", context.width)
        strips.append(row((before, muted)))
    if view.note:
        strips += [row((line, muted)) for line in wrapped(view.note, context.width)]
    drawing = {"table": _table, "next": _next}.get(context.mode, _text)
    return drawing(view, context, strips)


def _continuation(view: Scored, context: Context) -> list[Strip]:
    """What was written, in as many rows as leave one for the perplexity."""
    strong = context.style("strong")
    if not view.written:
        return [row((fit("→ nothing written", context.width), context.style("muted")))]
    if not view.continuation.strip():
        shown = repr(view.continuation) if view.continuation else "special tokens only"
        return [row((fit(f"→ {shown}", context.width), strong))]
    room = max(1, context.height - 2)
    lines = wrapped(view.continuation, max(1, context.width - 2))
    kept = lines[:room]
    if len(lines) > room:
        kept[-1] = fit(f"{kept[-1]} …", max(1, context.width - 2))
    return [
        row((fit(("  " if number else "→ ") + line, context.width), strong))
        for number, line in enumerate(kept)
    ]


def _perplexity(view: Scored) -> str:
    scored = sum(score.surprisal_bits is not None for score in view.tokens)
    if not scored:
        return f"perplexity {UNKNOWN}: no token has others before it"
    parts = [
        f"perplexity {_number(view.perplexity)}",
        f"{_number(view.total_bits)} bits over {_tokens(scored)}",
    ]
    if view.text_bytes and view.total_bits is not None:
        parts.append(f"{_number(view.total_bits / view.text_bytes)} bits per byte")
    return " · ".join(parts)


def _number(number: float | None) -> str:
    return logit(number, 2 if number is not None and abs(number) >= 100 else 3)


def _tokens(number: int) -> str:
    return "1 token" if number == 1 else f"{number:,} tokens"


# -------------------------------------------------------------------------------------------------- text


def _text(view: Scored, context: Context, strips: Lines) -> Drawn:
    """Tokens in lines, under each its bits."""
    layout = _laid(view.tokens, _prompt(view, context), context.width)
    marked = _marked(view, context)
    targets: list[tuple[int, Target]] = []
    for line in layout.lines:
        targets += [(len(strips), Target(0, position)) for position in line]
        strips.append(partial(_names, view, context, layout, line, marked))
        strips.append(partial(_numbers, context, layout, line))
    legend = "under each token its surprisal in bits: 0 was certain, 1 even odds, 10 one in 1,024"
    strips += [row((line, context.style("muted"))) for line in wrapped(legend, context.width)]
    return Drawn(strips, tuple(targets))


class _Layout(NamedTuple):
    """Where the tokens stand, whatever is selected; by position but for `lines`."""

    names: list[str]
    bits: list[str]
    cells: list[int]
    """How wide each is, with the blank before it."""
    lines: list[list[int]]
    """Positions by line."""


@kept
def _laid(scores: tuple[TokenScore, ...], tokens: tuple[Token, ...], width: int) -> _Layout:
    room = max(1, min(_WIDEST_TOKEN, width - 1))
    names = [fit(token.text, room) for token in tokens]
    bits = [_bits(score) for score in scores]
    cells = [1 + max(cell_len(name), cell_len(number)) for name, number in zip(names, bits, strict=True)]
    return _Layout(names, bits, cells, flow(cells, width, gap=0))


def _names(view: Scored, context: Context, layout: _Layout, line: list[int], marked: int) -> Strip:
    parts = []
    for position in line:
        style = "cursor" if position == marked else _level(view.tokens[position])
        sign = "▸" if position == marked else " "
        parts.append((pad(sign + layout.names[position], layout.cells[position]), context.style(style)))
    return row(*parts)


def _numbers(context: Context, layout: _Layout, line: list[int]) -> Strip:
    texts = (pad(f" {layout.bits[position]}", layout.cells[position]) for position in line)
    return row(*((text, context.style("muted")) for text in texts))


@kept
def _first(tokens: tuple[Token, ...], count: int) -> tuple[Token, ...]:
    return tokens[:count]


def _prompt(view: Scored, context: Context) -> tuple[Token, ...]:
    """The tokens that the scores are of."""
    return _first(context.sequences[0].tokens, len(view.tokens))


def _marked(view: Scored, context: Context) -> int:
    """Position of the selected token: that of the one cursor, where it is somewhere."""
    position = context.cursor[1]
    return context.selected if position is None else min(position, len(view.tokens) - 1)


def _bits(score: TokenScore) -> str:
    bits = score.surprisal_bits
    if bits is None:
        return UNKNOWN
    return f"{bits:.1f}" if math.isfinite(bits) else str(bits)


def _level(score: TokenScore) -> str:
    if score.surprisal_bits is None:
        return "text"
    return next((style for most, style in _LEVELS if score.surprisal_bits < most), "strong")


# ------------------------------------------------------------------------------------------------- table


class _Columns(NamedTuple):
    """What stands in the table, whatever is selected."""

    cells: list[str]
    """By position: the numbers of all columns."""
    titles: str
    digits: int
    name: int
    """Cells of a token."""
    room: int
    """Cells of a bar."""
    most: float
    """The largest surprisal."""


@kept
def _columns(scores: tuple[TokenScore, ...], tokens: tuple[Token, ...], width: int) -> _Columns:
    columns = [
        _column("probability", [percent(score.probability) for score in scores]),
        _column("rank", [count(score.rank) for score in scores]),
        _column("bits", [logit(score.surprisal_bits, 3) for score in scores]),
    ]
    digits = max(3, len(str(len(tokens) - 1)))
    fixed = 1 + digits + 2 + sum(cells + 2 for cells, _ in columns)
    while columns and width - fixed < 4:  # what is told first is kept longest: bits, then rank
        fixed -= columns.pop(0)[0] + 2
    widest = max((cell_len(fit(token.text, _WIDEST_TOKEN)) for token in tokens), default=5)
    name = max(1, min(max(5, widest), width - fixed))
    titles, *cells = (
        "".join(f"  {column[number]:>{wide}}" for wide, column in columns)
        for number in range(len(tokens) + 1)
    )
    most = max((score.surprisal_bits or 0.0 for score in scores), default=0.0)
    return _Columns(cells, titles, digits, name, min(_WIDEST_BAR, width - fixed - name - 2), most)


def _table(view: Scored, context: Context, strips: Lines) -> Drawn:
    """One token a row."""
    tokens = _prompt(view, context)
    marked = _marked(view, context)
    columns = _columns(view.tokens, tokens, context.width)
    head = f" {'pos':>{columns.digits}}  {pad('token', columns.name)}{columns.titles}"
    strips.append(row((fit(head, context.width), context.style("muted"))))
    targets: list[tuple[int, Target]] = []
    for position, token in enumerate(tokens):
        targets.append((len(strips), Target(0, position)))
        strips.append(partial(_row, view, context, columns, position, token, position == marked))
    return Drawn(strips, tuple(targets))


def _row(view: Scored, context: Context, columns: _Columns, position: int, token: Token, here: bool) -> Strip:
    style, most = context.style("cursor" if here else "text"), columns.most
    parts = [
        (f"{'▸' if here else ' '}{position:>{columns.digits}}  ", style),
        (pad(token.text, columns.name), style if here else context.style("strong")),
        (columns.cells[position], style),
    ]
    bits = view.tokens[position].surprisal_bits
    if columns.room >= _NARROWEST_BAR and bits is not None and 0 < most < math.inf:
        parts.append((f"  {bar(bits / most, columns.room)}", context.style("bar")))
    return _cut(parts, context.width)


def _column(title: str, cells: list[str]) -> tuple[int, list[str]]:
    whole = [title, *cells]
    return max(map(len, whole)), whole


def _cut(parts: Iterable[tuple[str, object]], width: int) -> Strip:
    strip = row(*parts)  # type: ignore[arg-type]
    return strip.crop(0, width) if strip.cell_length > width else strip


# -------------------------------------------------------------------------------------------------- next


def _next(view: Scored, context: Context, strips: Lines) -> Drawn:
    """The likeliest next tokens with bars."""
    shown = [percent(candidate.probability) for candidate in view.next]
    digits = max(map(len, shown), default=0)
    names = [spaced(candidate.text) for candidate in view.next]
    widest = max((cell_len(fit(name, _WIDEST_TOKEN)) for name in names), default=1)
    name = max(1, min(widest, context.width - digits - 6))
    room = min(_WIDEST_BAR, context.width - name - digits - 7)
    best = max((candidate.probability for candidate in view.next), default=0.0)
    for number, (candidate, label, probability) in enumerate(zip(view.next, names, shown, strict=True), 1):
        parts = [
            (f"{number:>3}  ", context.style("muted")),
            (pad(label, name), context.style("strong" if number == 1 else "text")),
            (f" {probability:>{digits}}", context.style("text")),
        ]
        if room >= _NARROWEST_BAR and best > 0:
            parts.append((f" {bar(candidate.probability, room)}", context.style("bar")))
        strips.append(_cut(parts, context.width))
    rest = 1.0 - math.fsum(candidate.probability for candidate in view.next)
    told = f"top {len(view.next)} after the prompt; all others hold {percent(max(0.0, rest))}"
    strips += [row((line, context.style("muted"))) for line in wrapped(told, context.width)]
    return Drawn(strips)
