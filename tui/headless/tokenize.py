"""`logitscope tokenize TEXT...`: a tokenizer's stages and tokens, as lines to read or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tui.headless.client import BlockingEngine, EngineError
from tui.headless.json_lines import dumps, plain
from tui.headless.run import STDIN, complain, every_text, note
from tui.headless.text import counted, number, quoted, shown, table, visible
from tui.headless.traces import as_lines as trace_lines
from tui.headless.traces import as_values as trace_values
from tui.microscope.comparison import Comparison
from tui.microscope.questions import (
    AnyQuestion,
    Compare,
    Dissect,
    Dissected,
    Finding,
    IdsRead,
    ReadIds,
    SideBySide,
    Traced,
    TraceWord,
)
from tui.microscope.stages import Piece, Stages
from tui.microscope.words import words_of
from tui.protocol import Examine, Examined
from tui.settings import Settings
from tui.values import Failure

Found = TypeVar("Found", bound=Finding)
FILE = "@"
"""In front of a file's name."""
_NORMALIZED = ("text", "added tokens", "normalizer")
_TOKENS_SHOWN = 200


def tokenize(
    settings: Settings, texts: Iterable[str], references: tuple[str, ...], json_lines: bool, steps: bool
) -> int:
    """Tokenize each text by one tokenizer, or compare two to four on it, and print at once; the exit status.

    `-` among the texts stands for the lines of standard input, `@file` for the whole of a file. steps: also what
    each stage did, and how the model cut each word. 0: all done; 1: something failed, told on stderr (a text that
    fails doesn't stop the others).
    """
    status = 0
    try:
        with BlockingEngine(settings.command, settings.state_folder / "engine.log") as engine:
            tell = _Teller(engine, references, json_lines, steps)
            for text in _read(texts):
                if text is None:
                    status = 1
                    continue
                try:
                    line = tell.about(text)
                except EngineError as error:
                    if error.lost:
                        raise
                    complain(error.failure, text)
                    status = 1
                    continue
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
    except EngineError as error:
        complain(error.failure)
        return 1
    return status


def _read(texts: Iterable[str]) -> Iterator[str | None]:
    """The texts; None for a file that can't be read, which is told."""
    for text in texts:
        if text == STDIN or not text.startswith(FILE):
            yield from every_text([text])
            continue
        path = Path(text.removeprefix(FILE)).expanduser()
        try:
            read = path.read_bytes()
        except OSError as error:
            why = f"{path}: {error.strerror or error}."
            complain(Failure("The file can't be read", why, "A text that begins with @ goes through -."))
            yield None
            continue
        try:
            yield read.decode("utf-8-sig")
        except UnicodeDecodeError:
            note(f"{visible(str(path))} is not UTF-8: what could not be read is replaced by �")
            yield read.decode("utf-8-sig", errors="replace")


class _Teller:
    """Asks the engine about one text after the other and puts the answers into words."""

    def __init__(
        self, engine: BlockingEngine, references: tuple[str, ...], json_lines: bool, steps: bool
    ) -> None:
        self._engine = engine
        self._references = references
        self._json = json_lines
        self._steps = steps

    def about(self, text: str) -> str:
        """All that is printed of a text. Raises EngineError."""
        if len(self._references) > 1:
            comparison = self._ask(Compare(text, self._references), SideBySide).comparison
            return _compared_values(text, comparison) if self._json else _compared_lines(text, comparison)
        dissected = self._ask(Dissect(self._references[0], text), Dissected)
        return self._values(dissected) if self._json else self._lines(dissected)

    def _ask(self, question: AnyQuestion, kind: type[Found]) -> Found:
        for event in self._engine.ask(Examine(self._engine.next_id(), question)):
            if isinstance(event, Examined) and isinstance(event.finding, kind):
                return event.finding
        gap = Failure("The engine gave no answer", "The question was given up.", "Try it again.")
        raise EngineError(gap, lost=False)

    def _traces(self, dissected: Dissected) -> list[Traced]:
        """One for each word that the model was given; equal words are asked for once."""
        known: dict[str, Traced] = {}
        traces = []
        for word in words_of(dissected.stages):
            if word.id is None and word.text:
                if word.text not in known:
                    known[word.text] = self._ask(TraceWord(self._references[0], word.text), Traced)
                traces.append(known[word.text])
        return traces

    def _special(self, pieces: tuple[Piece, ...]) -> frozenset[int]:
        """Which ids stand for special tokens, of those that were cut out of the text or put around it."""
        ids = sorted({piece.id for piece in pieces if piece.origin in ("special", "added token")})
        if not ids:
            return frozenset()
        typed = " ".join(map(str, ids))
        read = self._ask(ReadIds(self._references[0], typed, count=len(ids)), IdsRead).read
        return frozenset(entry.id for entry in read.entries if entry.special)

    def _values(self, dissected: Dissected) -> str:
        stages, pieces = dissected.stages, dissected.stages.pieces
        special = self._special(pieces)
        trip = stages.round_trips[0]
        values: dict[str, Any] = {
            "model": dissected.subject.reference,
            "input": dissected.text,
            "normalized": normalized(stages),
            "words": [
                {"text": word.text, "start": word.start, "end": word.end, "added_token": word.id is not None}
                for word in words_of(stages)
            ],
            "tokens": [
                {
                    "id": piece.id,
                    "text": piece.text,
                    "start": piece.start,
                    "end": piece.end,
                    "special": piece.origin == "special" or piece.id in special,
                    "mask": piece.mask,
                    "type_id": piece.type_id,
                    "word": piece.word,
                    "bytes": None if piece.spelled is None else piece.spelled.hex(),
                }
                for piece in pieces
            ],
            "decoded": trip.decoded,
            "same": trip.same,
            "differences": plain(trip.differences),
            "seconds": dissected.seconds,
        }
        if self._steps:
            values["stages"] = [
                {
                    "kind": stage.kind,
                    "name": stage.name,
                    "settings": stage.settings,
                    "sentence": stage.sentence,
                    "texts": [part.text for part in stage.parts]
                    or [piece.text for piece in stage.pieces]
                    or list(stage.strings[0] if stage.strings else ()),
                }
                for stage in stages.stages
            ]
            values["trace"] = [trace_values(traced) for traced in self._traces(dissected)]
        return dumps(values)

    def _lines(self, dissected: Dissected) -> str:
        stages, subject = dissected.stages, dissected.subject
        trip = stages.round_trips[0]
        lines = [
            f"{visible(subject.reference)} · {visible(subject.model)} · {subject.size:,} entries",
            shown(dissected.text),
        ]
        if self._steps:
            for stage in stages.stages:
                head = f"{stage.kind} {stage.name}".rstrip()
                lines.append(f"  {visible(head)}: {visible(stage.sentence)}")
            for traced in self._traces(dissected):
                lines += [f"  {line}" for line in trace_lines(traced)]
        else:
            lines.append(f"  normalized  {shown(normalized(stages))}")
            lines.append(f"  words       {shown(' | '.join(word.text for word in words_of(stages)))}")
        rows = [["#", "id", "token", "characters", ""]]
        for position, piece in enumerate(stages.pieces[:_TOKENS_SHOWN]):
            known = piece.start is not None and piece.end is not None
            characters = (
                "–" if not known else "" if piece.start == piece.end else f"{piece.start}–{piece.end}"
            )
            origin = "" if piece.origin == "text" else piece.origin
            rows.append([str(position), str(piece.id), visible(piece.text), characters, origin])
        lines += table(rows, ">><<<")
        if len(stages.pieces) > _TOKENS_SHOWN:
            lines.append(f"  the first {_TOKENS_SHOWN:,} of {len(stages.pieces):,} tokens")
        lines.append(f"  {counted(len(stages.pieces), 'token')}; decoded: {shown(trip.decoded)}")
        losses = ", ".join(sorted({loss for each in trip.differences for loss in each.losses}))
        lines.append("  the same text" if trip.same else f"  not the same text: {losses}")
        return "\n".join(lines)


def normalized(stages: Stages) -> str:
    """The first text after the last normalizer."""
    last = [stage for stage in stages.stages if stage.kind in _NORMALIZED][-1]
    return "".join(part.text for part in last.parts if part.field == 0)


def _compared_values(text: str, comparison: Comparison) -> str:
    return dumps({"input": text, **plain(comparison)})


def _compared_lines(text: str, comparison: Comparison) -> str:
    rows = [
        [
            "tokenizer",
            "model",
            "entries",
            "tokens",
            "characters each",
            "bytes each",
            "unknown",
            "ms per 1,000",
        ]
    ]
    for each in comparison.tokenizers:
        seconds = each.seconds_per_1000_characters
        rows.append(
            [
                visible(each.name),
                visible(each.kind),
                f"{each.vocabulary_size:,}",
                f"{each.total:,}",
                _two(each.characters_per_token),
                _two(each.bytes_per_token),
                f"{each.unknown:,}",
                "–" if seconds is None else number(seconds * 1000),
            ]
        )
    lines = [shown(text), *table(rows, "<<>>>>>>")]
    for each in comparison.tokenizers:
        pieces = " ".join(quoted(token.text) for token in each.tokens[:_TOKENS_SHOWN])
        lines.append(f"  {visible(each.name)}: {pieces}")
    return "\n".join(lines)


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
