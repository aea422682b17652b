"""The answer of fill-mask: guesses for every mask, and the sentences they make."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.app.render.answers.base import Drawn, Target
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.numbers import percent
from tui.app.render.strips import Lines, bar, row
from tui.drawing.spaces import spaced

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Fill, Filled, Mask

MODES: tuple[str, ...] = ("guesses", "sentences")
HELP = (
    "For each mask the likeliest tokens, best first, as the pipeline returns them; top_k and targets are options "
    "(F2). Each mask is guessed by itself: with several, guesses of one say nothing of the others until one is "
    "filled in.\n\n"
    "Enter puts the selected guess in its mask's place, and the other masks are guessed again. “sentences”: the "
    "text with each guess, made from the tokens."
)
_NARROWEST_BAR, _WIDEST_BAR = 8, 40
_WIDEST_TOKEN = 30
_ROOM_FOR_SENTENCES = 110


def draw(view: Filled, context: Context) -> Drawn:
    """Guesses under the mask they are for; with several masks first the best of each."""
    strips = Lines()
    targets: list[tuple[int, Target]] = []
    if len(view.masks) > 1:
        best = "  ".join(
            f"{spaced(mask.fills[0].text)} {percent(mask.fills[0].score)}"
            for mask in view.masks
            if mask.fills
        )
        strips.append(row((fit(best, context.width), context.style("strong"))))
    for number, mask in enumerate(view.masks, 1):
        if len(view.masks) > 1:
            title = f"mask {number} of {len(view.masks)}, position {mask.position}"
            strips.append(row((fit(title, context.width), context.style("accent"))))
        columns = _columns(mask, context)
        for fill in mask.fills:
            selected = len(targets) == context.selected
            targets.append((len(strips), _target(mask, fill)))
            if context.mode == "sentences":
                strips += _sentence(fill, columns, context, selected)
            else:
                strips.append(partial(_guess, fill, columns, context, selected))
        strips += [row((line, context.style("muted"))) for line in wrapped(_rest(view, mask), context.width)]
    if view.note:
        for line in view.note.split("\n"):
            strips += [row((part, context.style("muted"))) for part in wrapped(line, context.width)]
    return Drawn(strips, tuple(targets))


def _target(mask: Mask, fill: Fill) -> Target:
    if fill.start is None or mask.end is None:
        return Target(0, mask.position)
    return Target(0, mask.position, (0, fill.start, mask.end), fill.typed or None)


def _columns(mask: Mask, context: Context) -> tuple[int, int]:
    """Cells of a guess and of its score."""
    digits = max((len(percent(fill.score)) for fill in mask.fills), default=0)
    widest = max((cell_len(fit(spaced(fill.text), _WIDEST_TOKEN)) for fill in mask.fills), default=1)
    return max(1, min(widest, context.width - digits - 4)), digits


def _guess(fill: Fill, columns: tuple[int, int], context: Context, selected: bool) -> Strip:
    name, digits = columns
    style = context.style("cursor") if selected else None
    parts: list[tuple[str, Style]] = [
        ("▸ " if selected else "  ", style or context.style("text")),
        (pad(spaced(fill.text), name), style or context.style("strong")),
        (f" {percent(fill.score):>{digits}}", style or context.style("text")),
    ]
    used = 2 + name + 1 + digits
    room = min(_WIDEST_BAR, context.width - used - 2)
    if room >= _NARROWEST_BAR:
        parts.append((f"  {bar(fill.score, room)}", context.style("bar")))
        used += 2 + room
    if context.width >= _ROOM_FOR_SENTENCES:
        parts.append((f"  {fit(fill.sentence, context.width - used - 2)}", context.style("muted")))
    strip = row(*parts)
    return strip.crop(0, context.width) if strip.cell_length > context.width else strip


def _sentence(fill: Fill, columns: tuple[int, int], context: Context, selected: bool) -> list[Strip]:
    """The score, and beside it the sentence in as many rows as it takes."""
    digits = columns[1]
    style = context.style("cursor" if selected else "text")
    before = f"{'▸' if selected else ' '} {percent(fill.score):>{digits}}  "
    if context.width - len(before) < 10:
        before = "▸ " if selected else "  "
    lines = wrapped(fill.sentence, max(1, context.width - len(before)))
    return [
        row((fit((" " * len(before) if number else before) + line, context.width), style))
        for number, line in enumerate(lines)
    ]


def _rest(view: Filled, mask: Mask) -> str:
    """What is not shown, and how much of the probability it has."""
    held = math.fsum(fill.score for fill in mask.fills)
    shown = len(mask.fills)
    told = f"top {shown:,} of {view.total:,}" if shown < view.total else f"all {view.total:,} looked at"
    return f"{told}; all other tokens hold {percent(max(0.0, 1.0 - held))}"
