"""The answer of summarization and translation: the text, its tokens one by one, and the settings in force."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from tui.app.render import numbers
from tui.app.render.answers.base import Drawn, Target, kept
from tui.app.render.glyphs import fit, pad, visible, wrapped
from tui.app.render.strips import Lines, bar, row
from tui.drawing.spaces import spaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Generated, GenerationSetting, WrittenToken

MODES: tuple[str, ...] = ("text", "tokens", "settings")
HELP = (
    "text: what the decoder wrote, as the pipelines of transformers 4 return it, then why it stopped and how "
    "likely its chosen tokens are together: ln p in nats, and the geometric mean of a token. The score of the beam "
    "is what `generate` ranks beams by: ln p under its own rules, over the length to the power of "
    "length_penalty.\n\n"
    "tokens: every token with its probability under the logits as they leave the model, its rank (#) in the whole "
    "vocabulary, and the likeliest tokens of that step. Rank 1 everywhere is the greedy text; beams and rules such "
    "as no_repeat_ngram_size choose others. A token with ! was put there by a setting. Selecting a token shows the "
    "logits that it was chosen from.\n\n"
    "settings: what the encoder was told besides the text, and every setting the generation obeyed, with whose it "
    "is: yours (F2), the pipeline's own, a file of the checkpoint, or transformers' default."
)
_NARROWEST_BAR, _WIDEST_BAR = 8, 24
_WIDEST_TOKEN = 20


def draw(view: Generated, context: Context) -> Drawn:
    """The rows of one mode; the text comes first in each but the settings."""
    if context.mode == "tokens":
        return _tokens(view, context)
    if context.mode == "settings":
        return Drawn(_settings(view, context))
    return Drawn(_text(view, context))


# ---------------------------------------------------------------------------------------------------- text


def _text(view: Generated, context: Context) -> list[Strip]:
    strong, text, muted = (context.style(name) for name in ("strong", "text", "muted"))
    strips = [row((line, strong)) for line in wrapped(view.text, context.width)]
    if not view.text.strip():
        strips = [row((fit("nothing but special tokens", context.width), muted))]
    strips += [row((line, text)) for line in wrapped(f"Stopped: {view.stopped}.", context.width)]
    for number, other in enumerate(view.others, 2):
        strips += [row((line, muted)) for line in wrapped(f"text {number}: {other}", context.width)]
    strips += [row((line, muted)) for line in wrapped(_likelihood(view), context.width)]
    if view.note:
        strips += [row((line, muted)) for line in wrapped(view.note, context.width)]
    return strips


def _likelihood(view: Generated) -> str:
    """How likely the chosen tokens are together, in words and numbers."""
    chosen = sum(not token.forced_by for token in view.tokens)
    joint = view.log_probability
    parts = [
        f"{numbers.count(chosen)} chosen token{'' if chosen == 1 else 's'}, together ln p {numbers.logit(joint)}"
    ]
    if joint is not None and chosen:
        parts.append(f"a token {numbers.percent(math.exp(joint / chosen))} in the geometric mean")
    forced = len(view.tokens) - 1 - chosen
    if forced:
        parts.append(f"{forced} forced")
    if view.beam_score is not None:
        parts.append(f"score of the beam {numbers.logit(view.beam_score)}")
    return " · ".join(parts)


# -------------------------------------------------------------------------------------------------- tokens


def _tokens(view: Generated, context: Context) -> Drawn:
    """One row for each token that the decoder was not given, the cursor's marked."""
    muted = context.style("muted")
    names, ranks = _widths(view.tokens)
    places = len(str(len(view.tokens)))
    fixed = 2 + places + 1 + names + 1 + 9 + 1 + ranks + 1
    bars = min(_WIDEST_BAR, max(0, (context.width - fixed) // 3))
    bars = bars if bars >= _NARROWEST_BAR else 0
    head = f"  {'':>{places}} {pad('token', names)} {'p':>9} {'#':>{ranks}} "
    head = fit(head + " " * (bars + bool(bars)) + "likeliest at this step", context.width)
    strips = Lines([row((head, muted))])
    targets = []
    columns = _Columns(places, names, ranks, bars, context.width - fixed - (bars + 1 if bars else 0))
    for number, (position, token) in enumerate(list(enumerate(view.tokens))[1:]):
        targets.append((len(strips), Target(view.sequence, position)))
        strips.append(partial(_row, context, columns, position, token, number == context.selected))
    if not targets:
        strips.append(row((fit("no token was written", context.width), muted)))
    return Drawn(strips, tuple(targets))


class _Columns(NamedTuple):
    """Cells of each."""

    places: int
    names: int
    ranks: int
    bars: int
    others: int


def _row(context: Context, columns: _Columns, position: int, token: WrittenToken, here: bool) -> Strip:
    muted = context.style("muted")
    name = context.style("cursor" if here else "special" if token.forced_by else "strong")
    numbers_ = f" {numbers.percent(token.probability):>9} {_rank(token):>{columns.ranks}} "
    bits = [
        (f"{'▸' if here else ' '}{'!' if token.forced_by else ' '}{position:>{columns.places}} ", muted),
        (pad(spaced(token.text), columns.names), name),
        (numbers_, context.style("text")),
    ]
    if columns.bars:
        bits.append((bar(token.probability or 0.0, columns.bars) + " ", context.style("bar")))
    bits.append((_others(token, columns.others), muted))
    return _fitted(bits, context.width)


@kept
def _widths(tokens: tuple[WrittenToken, ...]) -> tuple[int, int]:
    """Cells of the widest token, within limits, and of the longest rank."""
    return _token_width(tokens), max((len(_rank(token)) for token in tokens[1:]), default=1)


def _token_width(tokens: Sequence[WrittenToken]) -> int:
    widest = max((cell_len(visible(spaced(token.text))) for token in tokens[1:]), default=5)
    return max(5, min(_WIDEST_TOKEN, widest))


def _rank(token: WrittenToken) -> str:
    return numbers.count(token.rank)


def _others(token: WrittenToken, room: int) -> str:
    """The setting that forced it, then as many of the step's likeliest tokens as fit as a whole."""
    parts = [f"by {token.forced_by}"] if token.forced_by else []
    parts += [
        f"{fit(spaced(each.text), _WIDEST_TOKEN)} {numbers.percent(each.probability)}"
        for each in token.alternatives
    ]
    shown = ""
    for number, part in enumerate(parts):
        longer = f"{shown}  {part}" if shown else part
        if cell_len(visible(longer)) + (2 if number < len(parts) - 1 else 0) > room:
            return f"{shown} …" if shown else ""
        shown = longer
    return shown


def _fitted(parts: Iterable[tuple[str, object]], width: int) -> Strip:
    """A row cut to the width, part by part."""
    kept = []
    for text, style in parts:
        text = fit(text, max(0, width))
        kept.append((text, style))
        width -= cell_len(text)
    return row(*kept)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ settings


def _settings(view: Generated, context: Context) -> list[Strip]:
    """What the encoder was told, what the decoder obeyed, and whose each of it is."""
    muted = context.style("muted")
    strips = _table(view.source, context)
    if strips:
        strips.append(row((" ", muted)))
    strips += _table(view.settings, context)
    if view.note:
        strips += [row((line, muted)) for line in wrapped(view.note, context.width)]
    return strips


def _table(settings: Sequence[GenerationSetting], context: Context) -> list[Strip]:
    """Name, value and origin in columns; the origin on a line of its own where three are too many."""
    text, strong, muted = (context.style(name) for name in ("text", "strong", "muted"))
    names = min(max((len(each.name) for each in settings), default=0), max(4, context.width // 3))
    wanted = max((cell_len(visible(each.value)) for each in settings), default=0)
    origins = max((cell_len(visible(each.origin)) for each in settings), default=0)
    values = min(wanted, max(8, context.width - names - origins - 3))
    strips = []
    for each in settings:
        room = context.width - names - 1
        if (
            names + 1 + values + 2 + min(origins, 12) <= context.width
            and cell_len(visible(each.value)) <= values
        ):
            origin = fit(each.origin, context.width - names - values - 3)
            strips.append(
                row(
                    (pad(each.name, names) + " ", text),
                    (pad(each.value, values) + "  ", strong),
                    (origin, muted),
                )
            )
            continue
        lines = [(line, strong) for line in wrapped(each.value, max(1, room))]
        lines += [(line, muted) for line in wrapped(each.origin, max(1, room))]
        for number, line in enumerate(lines):
            name = "" if number else each.name
            strips.append(_fitted([(pad(name, names) + " ", text), line], context.width))
    return strips
