"""The stages of a tokenizer written in Python: those it has, and a word on those it has not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from tui.engine.errors import EngineError
from tui.engine.tokenization import sentences
from tui.engine.tokenization.before_model import text_stage
from tui.engine.tokenization.passages import StagedPassage
from tui.engine.tokenization.python_tokenizer import PythonTokenizer
from tui.engine.tokenization.round_trip import compare
from tui.engine.tokenization.texts import Cut, Reading
from tui.engine.tokenization.token_bytes import Spelling, entry_bytes, spelling_in_python
from tui.engine.tokenization.watching import Watched, watch
from tui.engine.tokenization.way_back import clean_up_stage
from tui.protocol.microscope.portions import AnyPortion
from tui.protocol.microscope.stages import Origin, Part, Piece, RoundTrip, Stage, Stages

_ABSENT = (
    "This tokenizer is written in Python and knows no offsets: its tokens can't be traced to their characters.",
    "It has no pre-tokenizer of its own: where a word ends is decided inside its model.",
    "It has no post-processor: a function of its class puts special tokens around the ids.",
)
_HIDDEN = "It has no normalizer of its own: what it changes in the text, it changes inside its model."


@dataclass(frozen=True)
class _Way:
    """One text on its way: all its pieces, of which [start, end) are left after truncation."""

    text: str
    field: int
    pieces: tuple[Piece, ...]
    start: int
    end: int

    @property
    def left(self) -> tuple[Piece, ...]:
        """The pieces that are not cut."""
        return self.pieces[self.start : self.end]


class PythonStages:
    """Shows the stages of one tokenizer that transformers runs in Python."""

    def __init__(self, reader: PythonTokenizer) -> None:
        self._reader = reader
        self._spelling, self._added, self._model, self._side, self._cleans_up = reader.ask(
            lambda tokenizer: (
                spelling_in_python(tokenizer),
                frozenset(tokenizer.added_tokens_decoder),
                type(tokenizer).__name__,
                str(tokenizer.truncation_side),
                bool(tokenizer.clean_up_tokenization_spaces),
            )
        )

    def stages(
        self,
        text: str,
        pair: str | None = None,
        cut: Cut = "longest_first",
        special: bool = True,
        language: str | None = None,
    ) -> Stages:
        """The way of a text, or of two as a pair; the arguments are those of `PythonTokenizer.read`.

        Raises EngineError where a text holds half of a surrogate pair, which no tokenizer takes.
        """
        texts = (text,) if pair is None else (text, pair)
        refuse_halves(texts)
        reading = self._reader.read(text, pair, cut, special, language)
        watched = [self._reader.ask(lambda it, one=one: watch(it, one)) for one in texts]  # type: ignore[misc]
        pieces = [self._pieces(seen, field) for field, seen in enumerate(watched)]
        ways, sources = self._cut(texts, pieces, [token.id for token in reading.tokens], special)
        final = self._final(ways, sources, reading)
        around = tuple(msgspec.structs.replace(piece, mask=None) for piece in final)
        says = f"Puts special tokens around the ids; {sentences.counted(sources.count(None), 'token')} added."
        types = sentences.counted(len({piece.type_id for piece in final}), "type id")
        normalized, before = _before_model(texts, watched, len(self._added))
        back, decoded = self._back(ways)
        return Stages(
            stages=(
                text_stage(texts),
                *before,
                self._modelled(ways),
                *self._truncated(ways, reading.total),
                Stage("post-processor", "build_inputs_with_special_tokens", "", says, pieces=around),
                Stage(
                    "ids",
                    "",
                    "",
                    f"{sentences.counted(len(final), 'id')} with positions from 0, {types}.",
                    pieces=final,
                ),
                *back,
            ),
            round_trips=tuple(self._compared(way, it) for way, it in zip(ways, decoded, strict=True)),
            written=self._reader.decode(reading.ids),
            absent=_ABSENT if normalized else (*_ABSENT, _HIDDEN),
        )

    def passage(self, text: str, brief: bool = False) -> StagedPassage:
        """A text to be told in portions. Raises EngineError as `stages` does."""
        return StagedPassage(self.stages(text), self._reader.is_special, text, brief)

    def told(self, texts: Sequence[str], brief: bool = False) -> Iterator[tuple[AnyPortion, ...]]:
        """All portions of short texts, text after text. Raises EngineError as `stages` does."""
        for text in texts:
            yield tuple(iter(self.passage(text, brief).next, None))

    def _pieces(self, seen: Watched, field: int) -> tuple[Piece, ...]:
        ids = self._reader.bare_ids(seen.text)
        added = seen.added if len(seen.added) == len(ids) else [False] * len(ids)
        return tuple(
            self._piece(index, field, self._origin(index, is_added))
            for index, is_added in zip(ids, added, strict=True)
        )

    def _origin(self, index: int, added: bool) -> Origin:
        return "added token" if added else "unknown" if index == self._reader.unknown_id else "text"

    def _piece(self, index: int, field: int | None, origin: Origin) -> Piece:
        entry = self._reader.entry(index)
        spelled = None
        if self._spelling is not None or index in self._added:
            spelled = entry_bytes(entry, self._spelling or Spelling(), index in self._added)
        return Piece(index, entry, spelled, None, None, None, field, origin)

    def _cut(
        self, texts: Sequence[str], pieces: Sequence[tuple[Piece, ...]], ids: Sequence[int], special: bool
    ) -> tuple[list[_Way], list[tuple[int, int] | None]]:
        """Which pieces of each text the input holds, and for each of its tokens the text and place it comes from.

        The library says that of no token, and its mask of special tokens can be of another length than the input.
        So the pieces' places are put through the function that adds the special tokens.
        """
        whole = [[piece.id for piece in of_text] for of_text in pieces]
        first, second = len(whole[0]), len(whole[1]) if len(whole) > 1 else 0
        held = len(ids) - len(self._around([[] for _ in whole], special))
        for kept in range(min(first, held), max(-1, held - second - 1), -1):
            spans = [self._stays(first, kept), self._stays(second, held - kept)][: len(whole)]
            places = self._around(
                [[_code(field, place) for place in range(*span)] for field, span in enumerate(spans)], special
            )
            sources = [_source(code) for code in places]
            made = [
                code if source is None else whole[source[0]][source[1]]
                for code, source in zip(places, sources, strict=True)
            ]
            if made == list(ids):
                break
        else:  # the class builds its input in another way: where a token comes from can't be told
            spans, sources = [(0, len(of_text)) for of_text in whole], [None] * len(ids)
        ways = [
            _Way(text, field, of_text, *span)
            for field, (text, of_text, span) in enumerate(zip(texts, pieces, spans, strict=True))
        ]
        return ways, sources

    def _around(self, ids: Sequence[list[int]], special: bool) -> list[int]:
        if not special:
            return [index for of_text in ids for index in of_text]
        return self._reader.ask(lambda tokenizer: list(tokenizer.build_inputs_with_special_tokens(*ids)))

    def _stays(self, pieces: int, kept: int) -> tuple[int, int]:
        return (pieces - kept, pieces) if self._side == "left" else (0, kept)

    def _final(
        self, ways: Sequence[_Way], sources: Sequence[tuple[int, int] | None], reading: Reading
    ) -> tuple[Piece, ...]:
        known = any(source is not None for source in sources)
        made = []
        for token, source in zip(reading.tokens, sources, strict=True):
            if source is None:
                piece = self._piece(token.id, None, "special" if known or token.special else "text")
            else:
                piece = ways[source[0]].pieces[source[1]]
            made.append(msgspec.structs.replace(piece, type_id=token.type_id, mask=token.mask))
        return tuple(made)

    def _modelled(self, ways: Sequence[_Way]) -> Stage:
        pieces = tuple(piece for way in ways for piece in way.pieces)
        unknown = sum(piece.origin == "unknown" for piece in pieces)
        lost = f"; {unknown:,} not in the vocabulary" if unknown else ""
        says = f"{self._model} cuts the text into {sentences.counted(len(pieces), 'piece')} by itself{lost}."
        return Stage("model", self._model, "", says, pieces=pieces)

    def _truncated(self, ways: Sequence[_Way], total: int) -> list[Stage]:
        limit = self._reader.limit
        if limit is None:
            return []
        cut = tuple(piece for way in ways for piece in way.pieces[: way.start] + way.pieces[way.end :])
        says = sentences.truncation_sentence(limit, len(cut), total)
        return [Stage("truncation", "", f"limit={limit}", says, pieces=cut)]

    def _back(self, ways: Sequence[_Way]) -> tuple[list[Stage], list[str]]:
        ids = [[piece.id for piece in way.left] for way in ways]
        raw = [self._reader.decode(of_text, clean_up=False) for of_text in ids]
        says = "Joins the entries of the vocabulary to a text."
        strings = tuple((text,) for text in raw)
        stages = [Stage("decoder", "convert_tokens_to_string", "", says, strings=strings)]
        texts = [self._reader.decode(of_text) for of_text in ids]
        if self._cleans_up:
            stages.append(clean_up_stage(raw, texts))
        return stages, texts

    def _compared(self, way: _Way, decoded: str) -> RoundTrip:
        unknown = None if self._reader.unknown_id is None else self._reader.entry(self._reader.unknown_id)
        trip = compare(way.text, decoded, way.field, unknown_token=unknown or "")
        last = trip.differences[-1] if trip.differences else None
        if last is None or way.end == len(way.pieces) or last.end < len(way.text) or last.decoded:
            return trip
        # without offsets: what is missing at the end of a text whose last pieces were cut is what they stood for
        cut = msgspec.structs.replace(last, losses=("cut",))
        return msgspec.structs.replace(trip, differences=(*trip.differences[:-1], cut))


def _code(field: int, place: int) -> int:
    """A number that is no id, for a place in a text's pieces."""
    return -1 - (2 * place + field)


def _source(code: int) -> tuple[int, int] | None:
    """The text and the place that a number stands for; None for an id."""
    return None if code >= 0 else ((-1 - code) % 2, (-1 - code) // 2)


def _before_model(texts: Sequence[str], watched: Sequence[Watched], known: int) -> tuple[bool, list[Stage]]:
    """The stages that could be watched, and whether a normalizer is among them."""
    stages: list[Stage] = []
    prepared = tuple(
        part
        for field, (text, seen) in enumerate(zip(texts, watched, strict=True))
        for part in [Part(seen.prepared, 0, len(text), None if seen.prepared == text else text, field=field)]
        if text
    )
    changed = any(part.was is not None for part in prepared)
    if changed:
        says = "The tokenizer's class changed the text before anything else."
        stages.append(Stage("normalizer", "prepare_for_tokenization", "", says, prepared))
    cut = [seen.parts(field) for field, seen in enumerate(watched)]
    if known and not changed and all(parts is not None for parts in cut):
        together = tuple(part for parts in cut for part in parts or ())
        says = sentences.added_sentence(together, known, normalized=False)
        stages.append(Stage("added tokens", "", "", says, together))
    normalized = [seen.normalized_parts(field) for field, seen in enumerate(watched)]
    if changed or any(parts is None for parts in normalized):
        return changed, stages
    together = tuple(part for parts in normalized for part in parts or ())
    places = sum(part.was is not None for part in together)
    did = f"the text changed in {sentences.counted(places, 'place')}" if places else "nothing changed here"
    says = f"SentencePiece normalizes by its own table and writes spaces as ▁; {did}."
    return True, [*stages, Stage("normalizer", "SentencePiece", "", says, together)]


def refuse_halves(texts: Sequence[str]) -> None:
    """Raise EngineError where a text holds half of a surrogate pair."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise EngineError(
                "The text holds half a character",
                f"Character {error.start:,} is U+{ord(text[error.start]):04X}, half of a surrogate pair.",
                "Delete the character, or type it again.",
            ) from None
