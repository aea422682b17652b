"""The answer of feature extraction: vectors, their lengths, and how alike they are."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from tui.app.render import numbers
from tui.app.render.answers.base import Drawn, Target, kept
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.strips import Lines, bar, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Featured
    from tui.protocol.tokens import Token

MODES: tuple[str, ...] = ("vectors", "tokens", "matrix")
HELP = (
    "Hidden states are the vectors that the model made of each token. “vectors” shows the one vector of each text "
    "(the option pooling: the mean of all positions, the first or the last), and with a second text the cosine "
    "between both: 1 is the same direction, 0 a right angle.\n\n"
    "“tokens” shows the length (norm) of every token's vector, the token whose vector is most like it (in the "
    "other text, if there is one), and the cosine with the selected token. “matrix” shows the cosines of all "
    "tokens in five shades, from the lowest to the highest that stands there.\n\n"
    "Selecting a token shows its vector, number by number, in the pane of logits. These are no logits: nothing "
    "makes probabilities of them."
)
_PIECE = 16
_VALUES = 24
_SHADES = "·░▒▓█"


def draw(view: Featured, context: Context) -> Drawn:
    """The pooled vectors, or the tokens, or the matrix of their cosines."""
    drawn = {"tokens": _tokens, "matrix": _matrix}.get(context.mode, _vectors)(view, context)
    note = (
        [row((line, context.style("muted"))) for line in wrapped(view.note, context.width)]
        if view.note
        else []
    )
    strips = Lines(drawn.strips)
    strips += note
    return Drawn(strips.cut(context.width), drawn.targets)


# ------------------------------------------------------------------------------------------- one vector each


def _vectors(view: Featured, context: Context) -> Drawn:
    strong, text, muted = (context.style(name) for name in ("strong", "text", "muted"))
    lead = []
    if len(view.pooled) > 1:
        lead = [("cosine ", strong), (f"{numbers.logit(view.cosine)}  ", strong)]
    pooling = "mean of all positions" if view.pooling == "mean" else f"{view.pooling} position"
    facts = f"vectors of {view.width:,} numbers: the {pooling}"
    strips = [row(*lead, (facts, muted))]
    targets = []
    selected = min(context.selected, len(view.pooled) - 1)
    for sequence, (vector, norms) in enumerate(zip(view.pooled, view.norms, strict=True)):
        here = sequence == selected
        length = math.sqrt(math.fsum(value * value for value in vector))
        name = ("first text", "second text")[sequence] if len(view.pooled) > 1 else "text"
        targets.append((len(strips), Target(sequence, None)))
        strips.append(
            row(
                ("▸ " if here else "  ", strong),
                (pad(name, 12), strong if here else text),
                (f"norm {numbers.logit(length)}  {len(norms):,} tokens  ", text),
                (_profile(vector, context.width - 48), context.style("bar")),
            )
        )
        strips += _values(vector, context)
    return Drawn(strips, tuple(targets))


def _values(vector: tuple[float, ...], context: Context) -> list[Strip]:
    """The first numbers of a vector, as many as a few rows hold, and how many there are."""
    across = max(1, (context.width - 4) // 12)
    shown = min(len(vector), max(across, _VALUES // across * across))
    strips = []
    for begin in range(0, shown, across):
        values = "".join(
            f"{numbers.logit(value):>12}" for value in vector[begin : min(begin + across, shown)]
        )
        strips.append(row(("    ", context.style("text")), (values, context.style("text"))))
    if shown < len(vector):
        words = f"    first {shown:,} of {len(vector):,} numbers"
        strips.append(row((fit(words, context.width), context.style("muted"))))
    return strips


def _profile(vector: tuple[float, ...], width: int) -> str:
    """A vector as a line of blocks, each the root mean square of a share of its numbers."""
    if width < 16 or not vector or not all(map(math.isfinite, vector)):
        return ""
    cells = min(width, len(vector), 64)
    edges = [len(vector) * cell // cells for cell in range(cells + 1)]
    sizes = [
        math.sqrt(math.fsum(value * value for value in vector[begin:end]) / (end - begin))
        for begin, end in pairwise(edges)
    ]
    most = max(sizes) or 1.0
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(8 * each / most))] for each in sizes)


# --------------------------------------------------------------------------------------------------- tokens


def _listed(view: Featured, context: Context) -> list[tuple[int, int, Token | None]]:
    """Every token with its sequence and position; None for the token where the sequences are not at hand."""
    listed: list[tuple[int, int, Token | None]] = []
    for sequence, norms in enumerate(view.norms):
        tokens = context.sequences[sequence].tokens if sequence < len(context.sequences) else ()
        listed += [
            (sequence, position, tokens[position] if position < len(tokens) else None)
            for position in range(len(norms))
        ]
    return listed


def _cosine(view: Featured, first: tuple[int, int], second: tuple[int, int]) -> float | None:
    """Cosine of two tokens, each a sequence and a position; None where it is not among those told."""
    if len(view.norms) > 1 and first[0] == second[0]:
        return None
    if first[0] > second[0]:
        first, second = second, first
    matrix = view.between_tokens
    if first[1] >= len(matrix) or second[1] >= len(matrix[first[1]]):
        return None
    value = matrix[first[1]][second[1]]
    return None if math.isnan(value) else value


def _tokens(view: Featured, context: Context) -> Drawn:
    muted = context.style("muted")
    listed, pair = _listed(view, context), len(view.norms) > 1
    selected = min(context.selected, len(listed) - 1)
    cursor = context.cursor
    against = None if cursor[1] is None else (cursor[0], cursor[1])
    most = max((norm for norms in view.norms for norm in norms), default=0.0)
    bars = min(24, context.width - (2 + 5 + _PIECE + 11 + 26 + 11) - 1)
    head = f"  {'':>4} {pad('token', _PIECE)}{'norm':>11}  {pad('closest', 26)}"
    if against is not None:
        head += f"with {fit(_piece_at(context, *against), 10)}"
    strips = Lines([row((fit(head, context.width), muted))])
    targets = []
    for number, (sequence, position, token) in enumerate(listed):
        if pair and position == 0:
            strips.append(row((("first text", "second text")[sequence], muted)))
        targets.append((len(strips), Target(sequence, position)))
        place, here = (sequence, position), number == selected
        strips.append(partial(_token, view, context, place, token, (most, bars), here))
    compared = len(view.between_tokens)
    if compared < len(view.norms[0]):
        words = f"  compared: the first {compared:,} of {len(view.norms[0]):,} positions"
        strips.append(row((fit(words, context.width), muted)))
    return Drawn(strips, tuple(targets))


def _token(
    view: Featured,
    context: Context,
    place: tuple[int, int],
    token: Token | None,
    scale: tuple[float, int],
    here: bool,
) -> Strip:
    """A token's row. place: its sequence and position. scale: the largest norm, and the cells of its bar."""
    sequence, position = place
    most, bars = scale
    style = context.style("strong" if here else "text")
    cursor = context.cursor
    against = None if cursor[1] is None else (cursor[0], cursor[1])
    cosine = None if against is None else _cosine(view, place, against)
    near, closest = view.closest[sequence][position], numbers.UNKNOWN
    if near is not None:
        other = (1 - sequence if len(view.norms) > 1 else 0, near)
        closest = f"{numbers.logit(_cosine(view, place, other)):>7} {near} {_piece_at(context, *other)}"
    special = token is not None and token.special
    norm = view.norms[sequence][position]
    return row(
        ("▸ " if here else "  ", style),
        (f"{position:>4} ", context.style("muted")),
        (pad(_piece(token), _PIECE), context.style("special") if special else style),
        (f"{numbers.logit(norm):>11}  ", style),
        (pad(closest, 26), style),
        (f"{numbers.logit(cosine):>9}  " if against is not None else " " * 11, style),
        (bar(norm / most if most else 0.0, bars) if bars >= 6 else "", context.style("bar")),
    )


def _piece_at(context: Context, sequence: int, position: int) -> str:
    """A token by its place; empty where the tokens are not at hand."""
    tokens = context.sequences[sequence].tokens if sequence < len(context.sequences) else ()
    return _piece(tokens[position]) if position < len(tokens) else ""


def _piece(token: Token | None) -> str:
    return numbers.UNKNOWN if token is None else fit(token.text.replace(" ", "␠"), _PIECE - 1) or "∅"


# --------------------------------------------------------------------------------------------------- matrix


def _matrix(view: Featured, context: Context) -> Drawn:
    text, muted = context.style("text"), context.style("muted")
    matrix, pair = view.between_tokens, len(view.norms) > 1
    lead = 2 + 5 + _PIECE
    across = max(1, min(len(matrix[0]), (context.width - lead) // 2))
    low, high = _range(matrix, across, pair)
    edges = [low + (high - low) * step / len(_SHADES) for step in range(len(_SHADES))]
    shades = "  ".join(f"{shade * 2} ≥{edge:.2f}" for shade, edge in zip(_SHADES, edges, strict=False))
    legend = f"{shades}, most {high:.2f}"
    strips = Lines()
    strips.append(row((fit("no cosine is known" if math.isnan(low) else legend, context.width), text)))
    against = "the second text" if pair else "the same text"
    words = f"columns: positions of {against}, last two digits"
    if across < len(view.norms[-1]):
        words += f"; first {across:,} of {len(view.norms[-1]):,}"
    strips.append(row((fit(words, context.width), muted)))
    columns = "".join("  " if column % 2 else f"{column % 100:02}" for column in range(across))
    strips.append(row((" " * lead + columns, muted)))
    tokens = context.sequences[0].tokens if context.sequences else ()
    selected = min(context.selected, len(matrix) - 1)
    targets = []
    for position, values in enumerate(matrix):
        token = tokens[position] if position < len(tokens) else None
        targets.append((len(strips), Target(0, position)))
        own = None if pair else position
        strips.append(
            partial(
                _shaded, context, position, token, values[:across], own, (low, high), position == selected
            )
        )
    if len(matrix) < len(view.norms[0]):
        words = f"  rows: first {len(matrix):,} of {len(view.norms[0]):,} positions"
        strips.append(row((fit(words, context.width), muted)))
    return Drawn(strips, tuple(targets))


@kept
def _range(matrix: tuple[tuple[float, ...], ...], across: int, pair: bool) -> tuple[float, float]:
    """The lowest and the highest cosine that is shown, those of tokens with themselves apart; NaN for none."""
    known = [
        value
        for line, values in enumerate(matrix)
        for column, value in enumerate(values[:across])
        if not math.isnan(value) and (pair or line != column)
    ]
    return (min(known), max(known)) if known else (math.nan, math.nan)


def _shaded(
    context: Context,
    position: int,
    token: Token | None,
    values: tuple[float, ...],
    own: int | None,
    limits: tuple[float, float],
    here: bool,
) -> Strip:
    """A row of the matrix. own: the column that is the token itself."""
    style = context.style("strong" if here else "text")
    shades = "".join("==" if column == own else _shade(value, *limits) for column, value in enumerate(values))
    return row(
        ("▸ " if here else "  ", style),
        (f"{position:>4} ", context.style("muted")),
        (pad(_piece(token), _PIECE), style),
        (shades, context.style("bar")),
    )


def _shade(value: float, low: float, high: float) -> str:
    """Two cells for a cosine, in as many shades as there are; `??` where there is none."""
    if math.isnan(value):
        return "??"
    share = (value - low) / (high - low) if high > low else 0.0
    return _SHADES[max(0, min(len(_SHADES) - 1, int(share * len(_SHADES))))] * 2
