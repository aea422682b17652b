"""A text of any length on its way through a tokenizer, told in portions; what is kept of it is small."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from tui.protocol.microscope.portions import (
    AnyPortion,
    Compared,
    DecodedText,
    End,
    NormalizedText,
    Tokens,
    VocabularyEntry,
    Words,
)
from tui.protocol.microscope.stages import Origin, Piece, Stages
from tui.protocol.microscope.words import words_of

Thing = TypeVar("Thing")
AT_ONCE = 50_000
"""Tokens, words or differences of a portion."""
BRIEFLY = 200
"""Tokens of a brief telling."""


def in_brief(portion: AnyPortion) -> AnyPortion:
    """What a brief telling has of a portion."""
    match portion:
        case Words():
            return replace(portion, starts=[], ends=[])
        case Tokens():
            return replace(portion, words=[], type_ids=[], masks=[])
        case Compared():
            return replace(portion, differences=[])
    return portion


class Passage:
    """Gives the portions one after the other; subclasses know how."""

    def __init__(self, text: str, brief: bool, passes: int) -> None:
        """passes: how often the text is gone through."""
        self.text = text
        self.brief = brief
        self.done = 0
        """Characters that went through one of the passes."""
        self.total = len(text) * passes
        self._seconds = 0.0
        self._rest: Iterator[AnyPortion] | None = None

    def next(self) -> AnyPortion | None:
        """The next portion; None after the last. Raises EngineError where the tokenizer gives up."""
        began = time.perf_counter()
        if self._rest is None:
            self._rest = self.portions()
        portion = next(self._rest, None)
        self._seconds += time.perf_counter() - began
        if isinstance(portion, End):
            return replace(portion, seconds=self._seconds)
        return in_brief(portion) if self.brief and portion is not None else portion

    def portions(self) -> Iterator[AnyPortion]:
        """All of them, in order; what a brief telling leaves out of each is still there."""
        raise NotImplementedError


class StagedPassage(Passage):
    """A text whose stages are known: of a tokenizer that can only be asked for the whole."""

    def __init__(
        self, stages: Stages, is_special: Callable[[int], bool], text: str, brief: bool = False
    ) -> None:
        """is_special: whether an id is that of a special token."""
        super().__init__(text, brief, 1)
        self._stages = stages
        self._is_special = is_special

    def portions(self) -> Iterator[AnyPortion]:
        """All of them, in order."""
        stages, trip = self._stages, self._stages.round_trips[0]
        before = [stage for stage in stages.stages if stage.kind in ("text", "added tokens", "normalizer")]
        normalized = "".join(part.text for part in before[-1].parts if part.field == 0)
        yield NormalizedText(normalized)
        words = words_of(stages)
        for some in _in_portions(words):
            yield Words(
                [word.text for word in some],
                [word.start for word in some],
                [word.end for word in some],
                [place for place, word in enumerate(some) if word.id is not None],
            )
        pieces, known = stages.pieces, set[int]()
        for part in _in_portions(pieces[:BRIEFLY] if self.brief else pieces):
            yield self._tokens(part, known)
        yield DecodedText(trip.decoded)
        for differences in _in_portions(() if self.brief else trip.differences) or [()]:
            yield Compared(trip.same, list(differences))
        losses = sorted({loss for each in trip.differences for loss in each.losses})
        self.done = self.total
        yield End(len(pieces), len(normalized), len(words), len(trip.decoded), losses, 0.0)

    def _tokens(self, pieces: Sequence[Piece], known: set[int]) -> Tokens:
        entries = {piece.id: piece for piece in pieces if piece.id not in known}
        known.update(entries)

        def places(origin: Origin) -> list[int]:
            return [place for place, piece in enumerate(pieces) if piece.origin == origin]

        return Tokens(
            ids=[piece.id for piece in pieces],
            starts=[piece.start for piece in pieces],
            ends=[piece.end for piece in pieces],
            words=[piece.word for piece in pieces],
            type_ids=[piece.type_id or 0 for piece in pieces],
            masks=[1 if piece.mask is None else piece.mask for piece in pieces],
            special=[
                place
                for place, piece in enumerate(pieces)
                # also one that no text of its own became: a byte of a character, say
                if piece.origin == "special" or (piece.origin != "unknown" and self._is_special(piece.id))
            ],
            around=places("special"),
            unknown=places("unknown"),
            added=places("added token"),
            entries=[VocabularyEntry(piece.id, piece.text, piece.spelled) for piece in entries.values()],
        )


def _in_portions(things: Sequence[Thing]) -> list[Sequence[Thing]]:
    return [things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE)]
