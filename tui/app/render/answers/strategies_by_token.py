"""What the five aggregation strategies make of the tokens, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from tui.app.render.answers.base import Drawn, Target, kept
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.strips import Lines, row

if TYPE_CHECKING:
    from textual.strip import Strip

    from tui.app.render.answers.base import Context
    from tui.protocol.answers import Entity, Strategy, Tagged
    from tui.protocol.tokens import Token, TokenSequence

_MOST_ROWS = 512
_TOKEN, _WIDEST = 16, 24
_Place: TypeAlias = tuple[int, int, "Token"]
"""Sequence and position of a token, and the token."""


@dataclass(frozen=True)
class _Line:
    """One token that a strategy marks."""

    target: Target
    token: Token
    around: tuple[tuple[Entity | None, Entity | None, Entity | None], ...]
    """For each strategy the entities at the token before, at this one, and at the one after."""
    differ: bool
    unmarked: int
    """How many tokens before it are in no entity, since the one shown above."""


@dataclass(frozen=True)
class _Table:
    """What there is to show, whatever is selected."""

    lines: tuple[_Line, ...]
    unmarked: int
    """Tokens at the end that are in no entity."""
    differing: int
    is_cut: bool


def side_by_side(view: Tagged, context: Context) -> Drawn:
    """A row for each token that any strategy marks, a column for each strategy, ≠ where they differ."""
    muted = context.style("muted")
    width = max(4, min(_WIDEST, (context.width - 4 - _TOKEN) // len(view.strategies)))
    heads = [
        (pad(f"[{each.name}]" if each.name == view.chosen else each.name, width), muted)
        for each in view.strategies
    ]
    strips = Lines([row((pad("    token", 4 + _TOKEN), muted), *heads)])
    targets: list[tuple[int, Target]] = []
    table = _compared(view.strategies, context.sequences)
    for number, line in enumerate(table.lines):
        _skip(strips, line.unmarked, context)
        targets.append((len(strips), line.target))
        strips.append(partial(_row, view, context, line, width, number == context.selected))
    _skip(strips, table.unmarked, context)
    if table.is_cut:
        strips.append(row((f"first {_MOST_ROWS} tokens of entities", muted)))
    strips += [row((line, muted)) for line in wrapped(_summary(view, table.differing), context.width)]
    return Drawn(strips, tuple(targets))


def _row(view: Tagged, context: Context, line: _Line, width: int, here: bool) -> Strip:
    style = context.style("strong" if here else "text")
    cells = (
        _cell(strategy, around, width) for strategy, around in zip(view.strategies, line.around, strict=True)
    )
    return row(
        ("▸ " if here else "  ", style),
        ("≠ " if line.differ else "  ", context.style("accent")),
        (pad(line.token.text, _TOKEN - 1) + " ", style),
        *((cell, style) for cell in cells),
    )


@kept
def _compared(strategies: tuple[Strategy, ...], sequences: tuple[TokenSequence, ...]) -> _Table:
    """Which tokens are marked, and what every strategy says of them."""
    lines: list[_Line] = []
    unmarked, differing, places = 0, 0, _tokens_once(sequences)
    columns = [_by_token(strategy, places) for strategy in strategies]
    for number, (sequence, position, token) in enumerate(places):
        found = [column[number] for column in columns]
        if not any(found) or len(lines) >= _MOST_ROWS:
            unmarked += not any(found)
            continue
        differ = _differ(strategies, columns, number)
        differing += differ
        after = [column[number + 1] if number + 1 < len(places) else None for column in columns]
        before = [column[number - 1] if number else None for column in columns]
        known = token.start is not None and token.end is not None
        target = Target(sequence, position, (0, token.start or 0, token.end or 0) if known else None)
        lines.append(_Line(target, token, tuple(zip(before, found, after, strict=True)), differ, unmarked))
        unmarked = 0
    return _Table(tuple(lines), unmarked, differing, len(lines) == _MOST_ROWS)


def _skip(strips: Lines, count: int, context: Context) -> None:
    if count:
        words = f"    … {count:,} {'token' if count == 1 else 'tokens'} in no entity"
        strips.append(row((fit(words, context.width), context.style("muted"))))


def _summary(view: Tagged, differing: int) -> str:
    words = [f"≠ {differing:,} tokens that the strategies differ on" if differing else "The strategies agree"]
    words += [f"{each.name}: ✗ {each.why_not}" for each in view.strategies if each.why_not]
    return "; ".join(words)


def _tokens_once(sequences: tuple[TokenSequence, ...]) -> list[_Place]:
    """The tokens of the text in its order; what a window shares with the one before it is left out."""
    places: list[_Place] = []
    read = 0
    for number, sequence in enumerate(sequences):
        fresh = [
            (number, position, token)
            for position, token in enumerate(sequence.tokens)
            if token.start is None or (token.field is not None and (number == 0 or token.start >= read))
        ]
        places += fresh
        read = max((token.end or 0 for _, _, token in fresh), default=read)
    return places


def _by_token(strategy: Strategy, places: list[_Place]) -> list[Entity | None]:
    """The entity that each token is in."""
    found: list[Entity | None] = []
    entities, at = strategy.entities, 0
    for sequence, position, token in places:
        while at < len(entities) and _is_past(entities[at], sequence, position, token):
            at += 1
        inside = at < len(entities) and _holds(entities[at], position, token)
        found.append(entities[at] if inside else None)
    return found


def _is_past(entity: Entity, sequence: int, position: int, token: Token) -> bool:
    if entity.sequence == sequence or entity.end is None or token.start is None:
        return position > entity.last and entity.sequence <= sequence
    return token.start >= entity.end


def _holds(entity: Entity, position: int, token: Token) -> bool:
    if entity.start is None or entity.end is None or token.start is None or token.end is None:
        return entity.first <= position <= entity.last
    return entity.start <= token.start and token.end <= entity.end


def _differ(strategies: tuple[Strategy, ...], columns: list[list[Entity | None]], number: int) -> bool:
    """Whether they disagree on a token's tag, or those that make groups on where a group begins."""
    tags, begins = set(), set()
    for strategy, column in zip(strategies, columns, strict=True):
        if strategy.why_not:
            continue
        entity = column[number]
        tags.add(None if entity is None else entity.label.split("-", 1)[-1])
        if strategy.name != "none":
            begins.add(entity is not None and (number == 0 or column[number - 1] is not entity))
    return len(tags) > 1 or len(begins) > 1


def _cell(strategy: Strategy, around: tuple[Entity | None, Entity | None, Entity | None], width: int) -> str:
    """Label and score where an entity begins, then a line to its end.

    around: the entities at the token before, at this one, and at the one after.
    """
    before, found, after = around
    if strategy.why_not:
        return pad("✗", width)
    if found is None:
        return pad("·", width)
    if found is before:
        return pad("│" if found is after else "└", width)
    score = f" {found.score:.4f}" if width >= 16 else f" {_short(found.score)}" if width >= 10 else ""
    return pad(fit(found.label, width - 1 - len(score)) + score, width)


def _short(score: float) -> str:
    """A score in four cells that is 1 only if it is.

    >>> _short(0.5), _short(0.9991), _short(1.0)
    ('0.50', '>.99', '1.00')
    """
    return ">.99" if 0.995 <= score < 1 else f"{score:.2f}"
