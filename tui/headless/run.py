"""`logitscope run TASK TEXT...`: the engine's answers, as lines to read or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from tui.catalogue import built_in_names
from tui.headless.client import BlockingEngine, RequestError
from tui.headless.json_lines import as_json
from tui.headless.lines import every_text
from tui.headless.output import as_text, heading
from tui.headless.progress import ProgressLine
from tui.headless.reading import Reply, readout_settings
from tui.headless.telling import complain, note
from tui.headless.text import visible
from tui.protocol import Analyze, Answered, AnyEvent, Forwarded, Load, Loaded, Progress, Readout, Tokenized
from tui.protocol.failures import Failure
from tui.settings import Settings
from tui.tasks import TASKS
from tui.tasks.forms import Value


def run(
    settings: Settings,
    texts: Iterable[str],
    json_lines: bool,
    fields: Mapping[str, str],
    options: Mapping[str, Value],
    sampling: Mapping[str, float],
    whole: bool = False,
) -> int:
    """Answer for each text in turn and print at once; the exit status.

    `-` among the texts stands for the lines of standard input, answered as they come. Every line is a text,
    an empty one too, so that answers and lines stay side by side. `fields` are the task's further texts, `options`
    those that differ from their defaults, `sampling` the sampling settings that are not off; they hold for every
    text. `whole`: JSON with every token, see `as_json`.
    0: all answered; 1: something failed, told on stderr (a text that fails doesn't stop the others).
    """
    task = settings.task

    def begin(loaded: Loaded) -> None:
        if not json_lines:
            write_line(heading(loaded, fields, options, sampling))

    def answer(engine: BlockingEngine, loaded: Loaded, inputs: Mapping[str, str]) -> None:
        analyze = Analyze(engine.next_id(), task, inputs, options, readout_settings(task, sampling))
        reading = reading_of(analyze, loaded, engine.ask(analyze))
        write_line(as_json(reading, whole) if json_lines else f"\n{as_text(reading)}")

    return answer_each(settings, texts, fields, begin, answer)


def answer_each(
    settings: Settings,
    texts: Iterable[str],
    fields: Mapping[str, str],
    begin: Callable[[Loaded], None],
    answer: Callable[[BlockingEngine, Loaded, Mapping[str, str]], None],
) -> int:
    """Load the model, tell `begin`, and `answer` the inputs that each text makes with `fields`; the exit status.

    What `answer` raises of the engine is told on stderr; the next text follows as long as the engine lives.
    """
    reference = reference_of(settings)
    if reference is None:
        return 1
    task, status = settings.task, 0
    try:
        with BlockingEngine(settings.command, settings.state_folder / "engine.log") as engine:
            load = Load(engine.next_id(), reference, task, settings.device, settings.dtype, settings.revision)
            loaded = loaded_by(engine.ask(load))
            begin(loaded)
            for text in every_text(texts):
                try:
                    answer(engine, loaded, {TASKS[task].form.fields[0].name: text, **fields})
                except RequestError as error:
                    if error.lost:
                        raise
                    complain(error.failure, text)
                    status = 1
    except RequestError as error:
        complain(error.failure)
        return 1
    return status


def reference_of(settings: Settings) -> str | None:
    """The checkpoint asked for, or the task's first built-in; None, which is told, where there is neither."""
    reference = settings.model or next(iter(built_in_names(settings.task)), None)
    if reference is None:
        complain(
            Failure(
                f"No checkpoint for {settings.task} ships with Logitscope",
                "None was named either.",
                "Name one with --model: a folder, or a Hub id.",
            )
        )
    return reference


def write_line(line: str) -> None:
    """A line on stdout, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def loaded_by(events: Iterable[AnyEvent]) -> Loaded:
    """What a `Load` brought, its progress shown. Raises RequestError."""
    progress = ProgressLine(sys.stderr)
    try:
        for event in events:
            if isinstance(event, Progress):
                progress.show(event)
            if isinstance(event, Loaded):
                progress.clear()
                for said in filter(None, (event.note, event.warning)):
                    note(visible(said))
                return event
    finally:
        progress.clear()
    raise RequestError(
        Failure("The model was not loaded", "The engine gave the request up.", "Try it again.")
    )


def reading_of(analyze: Analyze, loaded: Loaded, events: Iterable[AnyEvent]) -> Reply:
    """What an `Analyze` brought. Raises RequestError."""
    tokenized: Tokenized | None = None
    forwarded: Forwarded | None = None
    readout: Readout | None = None
    answered: Answered | None = None
    for event in events:
        match event:
            case Tokenized():
                tokenized = event
            case Forwarded():
                forwarded = event
            case Readout():
                readout = event
            case Answered():
                answered = event
    if tokenized is None or readout is None or answered is None:
        gap = Failure(
            "The engine's answer is incomplete", "A part of it did not come.", "See the engine's log."
        )
        raise RequestError(gap, lost=False)
    return Reply(
        analyze.task, analyze.inputs, loaded, tokenized, readout, answered, forwarded, analyze.options
    )
