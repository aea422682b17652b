"""The answer of token classification: entities, each token's labels, and what the five strategies make of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.app.render.answers.base import Drawn, Target, kept
from tui.app.render.answers.labels_by_token import matrix
from tui.app.render.answers.strategies_by_token import side_by_side
from tui.app.render.glyphs import fit, pad, visible, wrapped
from tui.app.render.strips import Lines, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Entity, Tagged

MODES: tuple[str, ...] = ("entities", "matrix", "strategies")
HELP = (
    "“entities” is the pipeline's answer: label, score, the characters as typed and where they stand. Tokens "
    "whose likeliest label is O belong to no entity and are left out.\n\n"
    "“matrix” shows the probability of every label at every token; each row adds up to 100 %.\n\n"
    "“strategies” puts the five ways to make entities of tokens side by side; ≠ stands where they differ. none: "
    "every token by itself. simple: neighbors with the same tag become one, and B- begins a new one. first, "
    "average and max give all tokens of a word one label first: that of its first token, of the mean of its "
    "tokens' probabilities, or of the surest token. aggregation_strategy (F2) chooses which of them is the "
    "answer; stride reads long texts in windows.\n\n"
    "Selecting a row selects its first token, its characters and its logits."
)
_MOST_LINES = 40


def draw(view: Tagged, context: Context) -> Drawn:
    """The entities, the matrix or the strategies."""
    if context.mode == "matrix":
        drawn = matrix(view, context)
    elif context.mode == "strategies":
        drawn = side_by_side(view, context)
    else:
        drawn = _entities(view, context)
    return Drawn(Lines(drawn.strips).cut(context.width), drawn.targets)


def _entities(view: Tagged, context: Context) -> Drawn:
    """A row for each entity, then the text with its entities in brackets."""
    found = next(strategy.entities for strategy in view.strategies if strategy.name == view.chosen)
    muted = context.style("muted")
    if not found:
        words = f"No entity: “{view.chosen}” labels every token O."
        strips = Lines(row((line, context.style("strong"))) for line in wrapped(words, context.width))
    else:
        columns = _columns(found, context.texts[0], context.width)
        strips = Lines(
            partial(_row, entity, columns, context, number == context.selected)
            for number, entity in enumerate(found)
        )
    targets = tuple((number, _target(entity)) for number, entity in enumerate(found))
    notes = [f"{view.chosen}: {len(found):,} {'entity' if len(found) == 1 else 'entities'}"]
    notes += _what_was_read(context)
    strips += [row((line, muted)) for line in wrapped("; ".join(notes), context.width)]
    lines, count = _in_brackets(context.texts[0], found, context.width) if found else ([], 0)
    strips += [row((line, context.style("text"))) for line in lines]
    if count > len(lines):
        strips.append(row((f"first {len(lines)} of {count:,} lines", muted)))
    return Drawn(strips, targets)


@kept
def _columns(found: tuple[Entity, ...], text: str, width: int) -> tuple[int, int, int]:
    """Cells of a label, of the characters as typed, and of what is left behind them."""
    widest = max(cell_len(visible(entity.label)) for entity in found)
    labels = max(1, min(18, width // 4, widest))
    room = max(1, width - 2 - labels - 10 - max(len(_place(entity)) for entity in found) - 2)
    cells = min(room, max(cell_len(visible(_typed(entity, text))) for entity in found))
    return labels, cells, room - cells


def _row(entity: Entity, columns: tuple[int, int, int], context: Context, here: bool) -> Strip:
    labels, cells, left = columns
    style, own = context.style("strong" if here else "text"), _typed(entity, context.texts[0])
    spelled = f"  spelled {visible(entity.word)}" if entity.word.strip() != own.strip() else ""
    return row(
        ("▸ " if here else "  ", style),
        (pad(entity.label, labels), style),
        (f"{entity.score:>8.4f}  ", style),
        (pad(own, cells), context.style("strong")),
        (f"  {_place(entity)}", context.style("muted")),
        (fit(spelled, left), context.style("muted")),
    )


def _typed(entity: Entity, text: str) -> str:
    return entity.word if entity.start is None else text[entity.start : entity.end]


def _place(entity: Entity) -> str:
    return f"token {entity.first}" if entity.start is None else f"{entity.start}–{entity.end}"


def _target(entity: Entity) -> Target:
    known = entity.start is not None and entity.end is not None
    mark = (0, entity.start or 0, entity.end or 0) if known else None
    return Target(entity.sequence, entity.first, mark)


def _what_was_read(context: Context) -> list[str]:
    """How much of the text the model saw."""
    sequences = context.sequences
    if len(sequences) > 1:
        return [f"read in {len(sequences):,} windows; where they overlap the longest entity stays"]
    cut = [sequence for sequence in sequences if sequence.total > len(sequence.tokens)]
    return [
        f"the first {len(each.tokens):,} of {each.total:,} tokens were read; stride (F2) reads all in windows"
        for each in cut
    ]


@kept
def _in_brackets(text: str, found: tuple[Entity, ...], width: int) -> tuple[list[str], int]:
    """The text with every entity as `⟦characters LABEL⟧`: the first lines of it, and how many there are."""
    parts, at = [], 0
    for entity in found:
        if entity.start is None or entity.end is None or entity.start < at:
            continue
        parts += [text[at : entity.start], f"⟦{text[entity.start : entity.end]} {entity.label}⟧"]
        at = entity.end
    lines = wrapped("".join([*parts, text[at:]]), width) if at else []
    return lines[:_MOST_LINES], len(lines)
