"""The answer of named entity recognition as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.headless.text import counted, listed, number, quoted, shown_of, table, visible

if TYPE_CHECKING:
    from tui.headless.answers.base import Lines
    from tui.headless.reading import Reply
    from tui.protocol.answers import Entity, Strategy, Tagged

_MOST = 100


def lines(view: Tagged, reading: Reply) -> Lines:
    """The entities of the strategy in force; then what the others make of it, and the label of every token."""
    text = next(iter(reading.texts.values()))
    (chosen,) = (strategy for strategy in view.strategies if strategy.name == view.chosen)
    found = listed([f"{visible(entity.label)} {_words(entity, text)}" for entity in chosen.entities])
    details = []
    if chosen.entities:
        rows = [("entity", "score", "characters", "text", "word")]
        rows += [
            (
                visible(entity.label),
                number(entity.score),
                "–" if entity.start is None or entity.end is None else f"{entity.start:,}–{entity.end:,}",
                _words(entity, text),
                quoted(entity.word),
            )
            for entity in chosen.entities[:_MOST]
        ]
        details += table(rows, "<>><<")
        details += shown_of(len(rows) - 1, len(chosen.entities), "entities")
    details += [f"  {_told(strategy)}" for strategy in view.strategies]
    details.append("  tokens, each with its likeliest label")
    tokens = list(_tokens(view, reading))
    details += table([("token", "label", "probability"), *tokens[:_MOST]], "<<>")
    details += shown_of(min(_MOST, len(tokens)), len(tokens), "tokens")
    return found or "no entity", details


def _words(entity: Entity, text: str) -> str:
    """The entity's characters as they stand in the text; the pipeline's spelling where its place is not known."""
    if entity.start is None or entity.end is None:
        return quoted(entity.word)
    return quoted(text[entity.start : entity.end])


def _told(strategy: Strategy) -> str:
    if strategy.why_not:
        return f"strategy {strategy.name}: {visible(strategy.why_not)}"
    count = len(strategy.entities)
    return f"strategy {strategy.name}: " + ("no entity" if not count else counted(count, "entit", "y", "ies"))


def _tokens(view: Tagged, reading: Reply) -> Iterator[tuple[str, str, str]]:
    for sequence, rows in zip(reading.sequences, view.probabilities, strict=True):
        for token, row in zip(sequence.tokens, rows, strict=True):
            best = max(range(len(row)), key=row.__getitem__)
            yield quoted(token.text), visible(view.labels[best]), number(row[best])
