"""A text's whole way through a tokenizer and back, stage after stage.

Every stage is what the library itself makes of the text with the components up to there. The tokens at the end are
those of the reader; a stage that taken by itself gives others says so, and the library's are shown.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.engine.tokenization import sentences
from tui.engine.tokenization.before_model import BeforeModel
from tui.engine.tokenization.changes import Atom
from tui.engine.tokenization.components import Component, take_apart
from tui.engine.tokenization.pieces import PieceMaker, read_columns
from tui.engine.tokenization.post_processing import Bare, Columns, items, post_processed
from tui.engine.tokenization.python_stages import PythonStages, refuse_halves
from tui.engine.tokenization.python_tokenizer import PythonTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.round_trip import compare
from tui.engine.tokenization.rust_passages import RustPassage
from tui.engine.tokenization.short_texts import ShortTexts
from tui.engine.tokenization.texts import Cut
from tui.engine.tokenization.token_bytes import spelling_of
from tui.engine.tokenization.way_back import decoder_stages
from tui.protocol.microscope.portions import AnyPortion
from tui.protocol.microscope.stages import Part, Piece, RoundTrip, Stage, Stages

_ABSENT = (
    "This tokenizer has no added tokens: nothing is cut out of the text whole.",
    "This tokenizer has no normalizer: the text stays as it was typed.",
    "This tokenizer has no pre-tokenizer: the model is given the whole text at once.",
    "This tokenizer has no post-processor: nothing is put around the text.",
    "This tokenizer has no decoder: entries of the vocabulary are joined with spaces.",
)
_OTHER_INPUT = "The post-processors by themselves give other tokens; shown are the tokenizer's."


def stages_of(reader: RustTokenizer | PythonTokenizer) -> RustStages | PythonStages:
    """What shows the stages of a tokenizer; to be kept as long as the tokenizer is."""
    return RustStages(reader) if isinstance(reader, RustTokenizer) else PythonStages(reader)


@dataclass(frozen=True)
class _Way:
    """One text on its way."""

    text: str
    field: int
    columns: Columns
    """All its pieces."""
    start: int
    """The pieces [start, end) are left after truncation."""
    end: int

    @property
    def left(self) -> Columns:
        """The pieces that are not cut."""
        return self.columns.cut(self.start, self.end)

    @property
    def cut(self) -> Columns:
        """The pieces that are: they are at one end."""
        whole = len(self.columns.ids)
        return self.columns.cut(0, self.start) if self.start else self.columns.cut(self.end, whole)

    @property
    def kept(self) -> tuple[int, int]:
        """The characters [start, end) that are not cut."""
        offsets, length = self.columns.offsets, len(self.text)
        if self.start == self.end < len(offsets) or self.start == self.end > 0:
            return (length, length) if self.start else (0, 0)
        first = offsets[self.start][0] if self.start else 0
        last = offsets[self.end - 1][1] if self.end < len(offsets) else length
        return first, max(first, last)


class RustStages:
    """Shows the stages of one tokenizer of the `tokenizers` library; several threads may ask."""

    def __init__(self, reader: RustTokenizer) -> None:
        """Prepares once what every text needs; copies no vocabulary."""
        self._reader = reader
        self._calls = threading.Lock()
        self._before, self._bare, spelling, self._decoders, self._model, self._dropout = reader.ask(
            lambda backend: (
                BeforeModel(backend),
                Bare(backend),
                spelling_of(backend),
                take_apart("decoder", backend.decoder),
                type(backend.model).__name__,
                bool(getattr(backend.model, "dropout", None)),
            )
        )
        self._make = PieceMaker(reader, spelling, self._before.cutter.added)

    def passage(self, text: str, brief: bool = False) -> RustPassage:
        """A text to be told in portions. Raises EngineError as `stages` does."""
        refuse_halves((text,))
        return RustPassage(self._reader, self._before.cutter, self._make, self._decoders, text, brief)

    def told(self, texts: Sequence[str], brief: bool = False) -> Iterator[tuple[AnyPortion, ...]]:
        """All portions of short texts, text after text; together they are read faster, and no entry is told twice.

        Raises EngineError where the tokenizer gives up on one of them.
        """
        refuse_halves(texts)
        return ShortTexts(self._reader, self._before.cutter, self._make, brief).told(texts)

    def stages(
        self,
        text: str,
        pair: str | None = None,
        cut: Cut = "longest_first",
        special: bool = True,
        language: str | None = None,
    ) -> Stages:
        """The way of a text, or of two as a pair; the arguments are those of `RustTokenizer.read`.

        Raises EngineError where a text holds half of a surrogate pair, which no tokenizer takes.
        """
        texts = (text,) if pair is None else (text, pair)
        refuse_halves(texts)
        reading = self._reader.read(text, pair, cut, special, language)
        processors = self._reader.ask(lambda backend: take_apart("post-processor", backend.post_processor))
        with self._calls:
            stages, words = self._before.stages(texts)
            spelled = [self._bare.pieces(one, field) for field, one in enumerate(texts)]
        read, masks = read_columns(reading), [token.mask for token in reading.tokens]
        ways = [
            _Way(one, field, columns, *self._stays(columns, read.of_field(field)))
            for field, (one, columns) in enumerate(zip(texts, spelled, strict=True))
        ]
        differs = self._differs(ways, read)
        if differs:
            held = [read.of_field(field) for field in range(len(texts))]
            ways = [_Way(way.text, way.field, it, 0, len(it.ids)) for way, it in zip(ways, held, strict=True)]
        stages += self._modelled(ways, words, reading.total, differs)
        stages += self._post_processed(ways, words, read, masks, processors, special)
        back, decoded = decoder_stages(self._reader, self._decoders, [way.left.ids for way in ways])
        return Stages(
            stages=(*stages, *back),
            round_trips=tuple(self._compared(way, words, it) for way, it in zip(ways, decoded, strict=True)),
            written=self._reader.decode(reading.ids),
            absent=tuple(self._absent(processors)),
        )

    def _stays(self, columns: Columns, read: Columns) -> tuple[int, int]:
        """Which pieces of a text are left after truncation, by how many the reader has."""
        pieces, kept = len(columns.ids), len(read.ids)
        return (max(0, pieces - kept), pieces) if self._reader.truncation_side == "left" else (0, kept)

    def _differs(self, ways: Sequence[_Way], read: Columns) -> str:
        """What to say where the model by itself gives other ids than the tokenizer; empty where it does not."""
        if all(
            list(way.left.ids) == list(read.of_field(way.field).ids)
            and list(way.columns.ids) == self._reader.bare_ids(way.text)
            for way in ways
        ):
            return ""
        if self._dropout:
            return "BPE dropout merges differently at each call; shown are the tokens of one call."
        return "Taken by itself the model gives other tokens than the tokenizer; shown are the tokenizer's."

    def _modelled(
        self, ways: Sequence[_Way], words: Sequence[Sequence[Atom]], total: int, differs: str
    ) -> list[Stage]:
        """The model, and what truncation takes away again where there is a limit."""
        pieces = self._pieces([way.columns for way in ways], words)
        says = sentences.model_sentence(self._model, pieces)
        stages = [Stage("model", self._model, "", says, pieces=pieces, differs=differs)]
        limit = self._reader.limit
        if limit is None:
            return stages
        cut = self._pieces([way.cut for way in ways], words)
        parts = tuple(
            Part(way.text[start:end], start, end, what="cut", field=way.field)
            for way in ways
            for start, end in ((0, way.kept[0]), (way.kept[1], len(way.text)))
            if len(way.cut.ids) and start < end
        )
        says = sentences.truncation_sentence(limit, len(cut), total)
        return [*stages, Stage("truncation", "", f"limit={limit}", says, parts, cut)]

    def _post_processed(
        self,
        ways: Sequence[_Way],
        words: Sequence[Sequence[Atom]],
        read: Columns,
        masks: Sequence[int],
        processors: Sequence[Component],
        special: bool,
    ) -> list[Stage]:
        """Each post-processor, and the input as it goes into the model."""
        left = [way.left for way in ways]
        columns = post_processed([], left, special)
        stages: list[Stage] = []
        for number, component in enumerate(processors, start=1):
            before, columns = columns, post_processed(processors[:number], left, special)
            named = items(processors[:number], columns)
            pieces = self._make.of_input(columns, words, named, [None] * len(named))
            says = sentences.post_processor_sentence(component, before, columns)
            stages.append(Stage("post-processor", component.name, component.brief, says, pieces=pieces))
        agrees = columns == read
        named = items(processors, read)
        pieces = self._make.of_input(read, words, named, masks)
        types = sentences.counted(len(set(read.type_ids)), "type id")
        says = f"{sentences.counted(len(pieces), 'id')} with positions from 0, {types}."
        differs = "" if agrees else _OTHER_INPUT
        return [*stages, Stage("ids", "", "", says, pieces=pieces, differs=differs)]

    def _pieces(self, columns: Sequence[Columns], words: Sequence[Sequence[Atom]]) -> tuple[Piece, ...]:
        return tuple(piece for one in columns for piece in self._make.of_texts(one, words))

    def _compared(self, way: _Way, words: Sequence[Sequence[Atom]], decoded: str) -> RoundTrip:
        number = self._reader.unknown_id
        unknown = [
            (piece.start or 0, piece.end or 0)
            for piece in self._pieces([way.left], words)
            if piece.origin == "unknown"
        ]
        entry = "" if number is None else self._reader.entry(number)
        return compare(way.text, decoded, way.field, way.kept, entry, unknown)

    def _absent(self, processors: Sequence[Component]) -> list[str]:
        cutter = self._before.cutter
        there = (cutter.added, cutter.normalizers, cutter.pre_tokenizers, processors, self._decoders)
        return [says for says, has in zip(_ABSENT, there, strict=True) if not has]
