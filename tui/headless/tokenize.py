"""`logitscope tokenize TEXT...`: a tokenizer's stages and tokens, as lines to read or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tui.headless.client import BlockingEngine, RequestError
from tui.headless.json_lines import dumps, plain
from tui.headless.lines import MOST_BYTES, STDIN, batches, too_long
from tui.headless.progress import ProgressLine
from tui.headless.telling import complain, note
from tui.headless.text import number, quoted, shown, table, visible
from tui.headless.tokenized_lines import LineWriter
from tui.headless.tokenized_values import ObjectWriter
from tui.headless.traces import as_lines as trace_lines
from tui.headless.traces import as_values as trace_values
from tui.protocol import AnyEvent, Examine, Examined, Progress
from tui.protocol.failures import Failure
from tui.protocol.microscope.alone import Alone
from tui.protocol.microscope.portions import AnyPortion, End
from tui.protocol.microscope.questions import (
    AnyQuestion,
    Compare,
    Dissect,
    Dissected,
    Finding,
    ReadText,
    ReadTexts,
    SideBySide,
    Subject,
    TextRead,
    TextsRead,
    Traced,
    TraceWord,
)
from tui.protocol.microscope.words import words_of
from tui.settings import Settings
from tui.system.collector import few_collections
from tui.system.streams import StandardInput

Found = TypeVar("Found", bound=Finding)
FILE = "@"
"""In front of a file's name."""
_LONG = 20_000
"""Characters from which on a text is told in portions; shorter ones go together."""
_TOGETHER = 1_000
"""At most so many texts go together, so that the first is not long waited for."""
_MOST_STEPPED = 200_000
"""Characters of a text whose every step is told."""
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
    few_collections()
    try:
        # the tokenizer is opened while the engine greets, and torch stays out
        opening = Examine(0, ReadTexts(references[0]))
        with BlockingEngine(
            settings.tokenizing_command, settings.state_folder / "engine.log", opening
        ) as engine:
            tell = _Teller(engine, references, json_lines, steps)
            tell.opening()
            for some in _read(texts):
                if some is None or not tell.about(list(_together(some))):
                    status = 1
    except RequestError as error:
        complain(error.failure)
        return 1
    return status


def _read(texts: Iterable[str]) -> Iterator[list[str] | None]:
    """The texts, those together that are there together; None for one that can't be had, which is told."""
    for text in texts:
        if text == STDIN:
            yield from batches(StandardInput().read_some)
        elif text.startswith(FILE):
            yield _file(Path(text.removeprefix(FILE)))
        else:
            yield [text]


def _file(path: Path) -> list[str] | None:
    """The text of a file; None where it can't be had, which is told."""
    named = visible(str(path))
    try:
        with path.expanduser().open("rb") as file:  # a pipe's name is as good
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        why = f"{named}: {getattr(error, 'strerror', None) or error}."
        complain(Failure("The file can't be read", why, "A text that begins with @ goes through -."))
        return None
    if len(content) > MOST_BYTES:
        complain(too_long(named, "nothing of it is read"))
        return None
    try:
        return [content.decode("utf-8-sig")]
    except UnicodeDecodeError:
        note(f"{named} is not UTF-8: what could not be read is replaced by �")
        return [content.decode("utf-8-sig", errors="replace")]


def _together(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts that are asked about by one question: a long one alone."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (size + len(text) > _LONG or len(batch) == _TOGETHER):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


class _Teller:
    """Asks the engine about texts and tells the answers."""

    def __init__(
        self, engine: BlockingEngine, references: tuple[str, ...], json_lines: bool, steps: bool
    ) -> None:
        self._engine = engine
        self._references = references
        self._json = json_lines
        self._steps = steps
        self._progress = ProgressLine(sys.stderr)
        self._told: list[str] = []
        """What is still to be written."""
        self._objects = ObjectWriter(self._told.append, self._write_bytes)
        self._lines = LineWriter(self._told.append)

    def opening(self) -> None:
        """The first answer waits for the tokenizer, which takes seconds where transformers makes it."""
        self._progress.show(Progress(0, "opening the tokenizer"))

    def about(self, batches: Sequence[list[str]]) -> bool:
        """Tell of each text; whether all went well. Raises RequestError where the engine is lost.

        The next batch is read while one is told.
        """
        well, ahead = True, None
        for texts, following in zip(batches, [*batches[1:], None], strict=True):
            if not self._go_together(texts):
                tell = self._compare if len(self._references) > 1 else self._in_portions
                for text in texts:  # all of them, whatever becomes of one
                    well &= self._each(text, tell)
                continue
            answer, ahead = ahead or self._read_together(texts), None
            try:
                read = self._answer(answer, TextsRead)
            except RequestError as error:
                well = False
                self._failed(error, *texts)
                continue
            if following is not None and self._go_together(following) and not self._steps:
                ahead = self._read_together(following)
            alone = read.alone or (None,) * len(texts)
            for text, portions, beside in zip(texts, read.texts, alone, strict=True):
                if isinstance(portions, Failure):
                    well = False
                    self._failed(RequestError(portions, lost=False), text)
                else:
                    tell = partial(self._tell, read.subject, portions=iter(portions), beside=beside)
                    well &= self._each(text, tell)
        sys.stdout.flush()
        return well

    def _go_together(self, texts: list[str]) -> bool:
        return len(self._references) == 1 and (len(texts) > 1 or len(texts[0]) <= _LONG)

    def _read_together(self, texts: list[str]) -> Iterator[AnyEvent]:
        question = ReadTexts(self._references[0], tuple(texts), brief=not self._json)
        return self._engine.ask(Examine(self._engine.next_id(), question))

    def _each(self, text: str, tell: Callable[[str], None]) -> bool:
        try:
            tell(text)
        except RequestError as error:
            self._failed(error, text)
            return False
        finally:
            self._write()
        return True

    def _failed(self, error: RequestError, *texts: str) -> None:
        """Tell what became of some texts. Raises the error where the engine is lost."""
        self._flush()
        if error.lost:
            raise error
        for text in texts:
            complain(error.failure, text)

    def _write_bytes(self, text: memoryview) -> None:
        self._flush()
        sys.stdout.buffer.write(text)

    def _flush(self) -> None:
        self._write()
        sys.stdout.flush()

    def _write(self) -> None:
        """Write what was told so far, by one call."""
        self._progress.clear()
        sys.stdout.write("".join(self._told))
        self._told.clear()

    def _ask(self, question: AnyQuestion, kind: type[Found]) -> Found:
        return self._answer(self._engine.ask(Examine(self._engine.next_id(), question)), kind)

    def _answer(self, events: Iterable[AnyEvent], kind: type[Found]) -> Found:
        for event in events:
            if isinstance(event, Examined) and isinstance(event.finding, kind):
                return event.finding
        gap = Failure("The engine gave no answer", "The question was given up.", "Try it again.")
        raise RequestError(gap, lost=False)

    # ----------------------------------------------------------------------------------- one tokenizer

    def _tell(
        self, subject: Subject, text: str, portions: Iterator[AnyPortion], beside: Alone | None = None
    ) -> None:
        stepped = self._stepped(text) if self._steps else None
        if self._json:
            more = {} if stepped is None else _step_values(*stepped)
            if subject.notes:
                more["notes"] = list(subject.notes)
            if beside is not None:
                more["tokenizer_json"] = plain(beside)
            self._objects.tell(subject.reference, text, portions, more)
        else:
            steps = None if stepped is None else _step_lines(*stepped)
            self._lines.tell(subject, text, portions, steps, beside)

    def _in_portions(self, text: str) -> None:
        """Tell of a long text while it is read; the next portion is made while one is told."""
        question = ReadText(self._references[0], text, brief=not self._json)
        first = self._ask(question, TextRead)

        def portions() -> Iterator[AnyPortion]:
            read = first
            while read.portions:
                following = (
                    self._engine.ask(Examine(self._engine.next_id(), ReadText(self._references[0])))
                    if not isinstance(read.portions[-1], End)
                    else None
                )
                yield from read.portions
                self._flush()
                if following is None:
                    return
                self._progress.show(Progress(0, f"tokenizing: {read.done / max(1, read.total):.0%}"))
                read = self._answer(following, TextRead)

        try:
            self._tell(first.subject, text, portions())
        except (RequestError, KeyboardInterrupt):
            if self._json:
                self._told.append("\n")
                note("the last object is not complete: it ends where the work was stopped")
            raise

    def _stepped(self, text: str) -> tuple[Dissected, list[Traced]]:
        """Every stage, and a trace for each word that the model was given; equal words are asked for once."""
        if len(text) > _MOST_STEPPED:
            raise RequestError(
                Failure(
                    "The text is too long for every step",
                    f"It has {len(text):,} characters; each step of at most {_MOST_STEPPED:,} is told.",
                    "Leave --steps out, which takes a text of any length, or cut the text into several.",
                ),
                lost=False,
            )
        dissected = self._ask(Dissect(self._references[0], text), Dissected)
        known: dict[str, Traced] = {}
        traces = []
        for word in words_of(dissected.stages):
            if word.id is None and word.text:
                if word.text not in known:
                    known[word.text] = self._ask(TraceWord(self._references[0], word.text), Traced)
                traces.append(known[word.text])
        return dissected, traces

    # --------------------------------------------------------------------------------- several of them

    def _compare(self, text: str) -> None:
        compared = self._ask(Compare(text, self._references), SideBySide)
        told = _compared_values(text, compared) if self._json else _compared_lines(text, compared)
        self._told.append(f"{told}\n")


def _step_values(dissected: Dissected, traces: list[Traced]) -> dict[str, Any]:
    stages = [
        {
            "kind": stage.kind,
            "name": stage.name,
            "settings": stage.settings,
            "sentence": stage.sentence,
            "texts": [part.text for part in stage.parts]
            or [piece.text for piece in stage.pieces]
            or list(stage.strings[0] if stage.strings else ()),
        }
        for stage in dissected.stages.stages
    ]
    return {"stages": stages, "trace": [trace_values(traced) for traced in traces]}


def _step_lines(dissected: Dissected, traces: list[Traced]) -> list[str]:
    stages = [
        f"{visible(f'{stage.kind} {stage.name}'.rstrip())}: {visible(stage.sentence)}"
        for stage in dissected.stages.stages
    ]
    return [*stages, *(line for traced in traces for line in trace_lines(traced))]


def _compared_values(text: str, compared: SideBySide) -> str:
    notes = {"notes": list(compared.notes)} if compared.notes else {}
    return dumps({"input": text, **plain(compared.comparison), **notes})


def _compared_lines(text: str, compared: SideBySide) -> str:
    comparison = compared.comparison
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
    lines += [f"  {visible(note)}" for note in compared.notes]
    return "\n".join(lines)


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
