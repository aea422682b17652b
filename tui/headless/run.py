"""`logitscope run TASK TEXT...`: the engine's answers, as lines to read or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

from tui.catalogue import built_in_names
from tui.choices import BUILT_TASKS
from tui.headless.client import BlockingEngine, EngineError
from tui.headless.output import Reading, as_json, as_text, heading
from tui.headless.text import visible
from tui.protocol import (
    Analyze,
    Answered,
    AnyEvent,
    Failure,
    Load,
    Loaded,
    Progress,
    Readout,
    ReadoutSettings,
    Tokenized,
)
from tui.settings import Settings

STDIN = "-"
EVERY_ROW = ReadoutSettings(top=1_000_000)


def run(settings: Settings, texts: Iterable[str], json_lines: bool) -> int:
    """Answer for each text in turn and print at once; the exit status.

    `-` among the texts stands for the lines of standard input, answered as they come. Every line is a text,
    an empty one too, so that answers and lines stay side by side.
    0: all answered; 1: something failed, told on stderr (a text that fails doesn't stop the others).
    """
    if settings.task not in BUILT_TASKS:
        complain(
            Failure(
                f"{settings.task} is not built yet",
                f"This version of Logitscope runs: {', '.join(sorted(BUILT_TASKS))}.",
                "Choose one of these, or wait for a later version.",
            )
        )
        return 1
    reference = settings.model or built_in_names(settings.task)[0]
    status = 0
    try:
        with BlockingEngine(settings.command, settings.state_folder / "engine.log") as engine:
            load = Load(
                engine.next_id(), reference, settings.task, settings.device, settings.dtype, settings.revision
            )
            loaded = _load(engine.ask(load))
            if not json_lines:
                _print(heading(loaded))
            for text in _every_text(texts):
                analyze = Analyze(engine.next_id(), settings.task, text, EVERY_ROW)
                try:
                    reading = _read(analyze, loaded, engine.ask(analyze))
                except EngineError as error:
                    if error.lost:
                        raise
                    complain(error.failure, about=text)
                    status = 1
                else:
                    _print(as_json(reading) if json_lines else f"\n{as_text(reading)}")
    except EngineError as error:
        complain(error.failure)
        return 1
    return status


def complain(failure: Failure, about: str | None = None) -> None:
    """A failure on stderr: title, detail, hint."""
    where = "" if about is None else f"\n  about: {visible(about[:80])}{'…' if len(about) > 80 else ''}"
    detail = "\n  ".join(visible(line) for line in failure.detail.splitlines())
    note(f"{visible(failure.title)}{where}\n  {detail}\n  {visible(failure.hint)}")


def note(message: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"logitscope: {message}\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _every_text(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if text == STDIN:
            yield from lines(sys.stdin.buffer)
        else:
            yield text


def lines(stream: BinaryIO) -> Iterator[str]:
    """The stream's lines as they come, without their ends (`\\n` or `\\r\\n`).

    Bytes that aren't UTF-8 become �, which a note on stderr says; a byte order mark is no text.
    """
    for count, line in enumerate(iter(stream.readline, b""), 1):
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if count == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield line.decode()
        except UnicodeDecodeError:
            note(f"line {count} is not UTF-8: what could not be read is replaced by �")
            yield line.decode(errors="replace")


def _load(events: Iterable[AnyEvent]) -> Loaded:
    progress = ProgressLine(sys.stderr)
    try:
        for event in events:
            if isinstance(event, Progress):
                progress.show(event)
            if isinstance(event, Loaded):
                progress.clear()
                if event.note:
                    note(visible(event.note))
                return event
    finally:
        progress.clear()
    raise EngineError(Failure("The model was not loaded", "The engine gave the request up.", "Try it again."))


def _read(analyze: Analyze, loaded: Loaded, events: Iterable[AnyEvent]) -> Reading:
    tokenized: Tokenized | None = None
    readout: Readout | None = None
    answered: Answered | None = None
    for event in events:
        match event:
            case Tokenized():
                tokenized = event
            case Readout():
                readout = event
            case Answered():
                answered = event
    if tokenized is None or readout is None or answered is None:
        gap = Failure(
            "The engine's answer is incomplete", "A part of it did not come.", "See the engine's log."
        )
        raise EngineError(gap, lost=False)
    return Reading(analyze.task, analyze.text, loaded, tokenized, readout, answered)


class ProgressLine:
    """One line that is written over and over, on a terminal; nothing anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shows = stream.isatty()
        self._written = False

    def show(self, progress: Progress) -> None:
        """Replace the line."""
        if not self._shows:
            return
        counts = ""
        if progress.done is not None:
            of = "" if progress.total is None else f" of {progress.total:,}"
            counts = f" {progress.done:,}{of} {visible(progress.unit)}"
        self._stream.write(f"\r\x1b[K{visible(progress.stage)}{counts}"[:100])
        self._stream.flush()
        self._written = True

    def clear(self) -> None:
        """Leave the line empty."""
        if self._written:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._written = False
