"""The words that a tokenizer's model is given, as the stages before it leave the text."""

from __future__ import annotations

from itertools import groupby

from tui.protocol.microscope.stages import Kind, Part, Stages

BEFORE_MODEL: tuple[Kind, ...] = ("text", "added tokens", "normalizer", "pre-tokenizer")


def words_of(stages: Stages, field: int = 0) -> tuple[Part, ...]:
    """The words of a text and between them its added tokens, which go round the model: those have an `id`.

    A word's place in the list is what `Piece.word` of the later stages says. Without a pre-tokenizer everything
    between two added tokens is one word.
    """
    last = [stage for stage in stages.stages if stage.kind in BEFORE_MODEL][-1]
    parts = [part for part in last.parts if part.field == field and part.what != "removed"]
    if last.kind == "pre-tokenizer":
        return tuple(parts)
    words: list[Part] = []
    for is_added, neighbors in groupby(parts, key=lambda part: part.id is not None):
        stretch = list(neighbors)
        words += stretch if is_added else [_joined(stretch)]
    return tuple(words)


def _joined(stretch: list[Part]) -> Part:
    """Neighbors that only differ in whether a stage changed them."""
    was = None
    if any(part.was is not None for part in stretch):
        was = "".join(part.text if part.was is None else part.was for part in stretch)
    return Part(
        "".join(part.text for part in stretch),
        min(part.start for part in stretch),
        max(part.end for part in stretch),
        was,
        field=stretch[0].field,
    )
