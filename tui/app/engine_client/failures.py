"""What went wrong with the engine's process, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from tui.app.engine_client.requests import Death
from tui.protocol import (
    PROTOCOL_VERSION,
    Analyze,
    AnyRequest,
    Cancel,
    Continue,
    Examine,
    Inspect,
    ListCheckpoints,
    Load,
    Ping,
    Reweigh,
    Search,
    Shutdown,
    Write,
)
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Train
from tui.system.engine_process import EngineProcess, last_lines, name_of, reason_of

KEY = "F9"
"""Starts a stopped engine, restarts a running one, offers again what is held back."""
AGAIN = f"{KEY} starts it again."


def visible(text: str) -> str:
    """The text with everything unprintable written as an escape."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def command_line(command: Sequence[str]) -> str:
    """A command as a person would type it."""
    return visible(" ".join(command))


def cannot_start(command: Sequence[str], error: Exception) -> Failure:
    """The operating system refused to run the command."""
    reason = getattr(error, "strerror", None) or str(error)
    return Failure(
        "The engine can't be started",
        f"{command_line(command)}: {visible(reason)}",
        f"Check the command given to --engine; {AGAIN}",
    )


def no_engine(command: Sequence[str], received: bytes | bytearray, what: str) -> Failure:
    """The command runs but is something else; `received`: the first bytes it wrote."""
    first = f"; it wrote {bytes(received[:200]).decode(errors='replace')!r}" if received else ""
    return Failure(
        "The command does not speak Logitscope's protocol",
        f"{command_line(command)} {what}{first}",
        "Give --engine a command that ends in `logitscope engine`.",
    )


def other_version(protocol: int, where: str = "") -> Failure:
    """The engine speaks, but another version of the protocol."""
    return Failure(
        "The engine speaks another version of the protocol",
        f"Its protocol is {protocol}{visible(where)}, this one is {PROTOCOL_VERSION}.",
        "Install the same version of Logitscope on both sides.",
    )


def broken_stream(error: Exception) -> Failure:
    """A frame that can't be read."""
    return Failure(
        "The engine's stream is broken",
        f"A frame can't be read: {visible(str(error))}",
        "Its log may say what wrote into the stream.",
    )


def ignored_cancel(seconds: float) -> Failure:
    """What runs holds the whole engine, so that it doesn't even hear of the cancel."""
    return Failure(
        "The engine took no notice of the cancel",
        f"It has said nothing for {seconds:.0f} s, so it was ended.",
        "It is starting again, without what was cancelled.",
    )


def cannot_send(error: ValueError) -> Failure:
    """A request that no frame can hold: text with half a character in it, or too much of it."""
    return Failure("The request can't be sent", visible(str(error)), "Change the text, or shorten it.")


def doing(requests: Iterable[AnyRequest]) -> str:
    """What the engine was at, as a phrase; empty for no request."""
    return " and ".join(dict.fromkeys(map(_deed, requests)))


def _deed(request: AnyRequest) -> str:
    match request:
        case Load():
            return f"loading {visible(request.reference)}"
        case Analyze():
            return f"running {request.task} on {sum(map(len, request.inputs.values())):,} characters"
        case Inspect():
            return f"inspecting {visible(request.reference)}"
        case ListCheckpoints():
            return "listing checkpoints"
        case Examine(question=Train()):
            return "training a tokenizer"
        case Examine():
            return "looking at a tokenizer"
        case Continue():
            return "writing"
        case Search():
            return "searching with beams"
        case Reweigh():
            return "reading the logits again"
        case Ping() | Cancel() | Shutdown():
            return "answering"  # which no lane does
        case _:
            assert_never(request)


class HeldBack(Failure, frozen=True):
    """The engine was not asked at all."""


def held_back(request: AnyRequest) -> Failure:
    """What the engine was at when it ended twice is not asked again unless somebody wants it."""
    return HeldBack(
        f"{_subject_of(request)} is held back",
        f"The engine ended or was stopped twice while {doing([request])}.",
        f"{_otherwise(request)} {KEY} lets it be tried once more.",
    )


def left_open(request: AnyRequest) -> Failure:
    """A session's text or checkpoint that the engine had not answered when the session ended."""
    return HeldBack(
        f"{_subject_of(request)} is held back",
        f"When this session ended the engine had been {doing([request])} without an answer: it may end it again.",
        f"{_otherwise(request)} {KEY} lets it be tried.",
    )


def _otherwise(request: AnyRequest) -> str:
    if isinstance(request, Analyze | Write):
        return "Change it;"
    return "Choose another one;" if isinstance(request, Load | Inspect) else "Ask for something else;"


def _subject_of(request: AnyRequest) -> str:
    if isinstance(request, Analyze | Write):
        return "This text"
    return "This checkpoint" if isinstance(request, Load | Inspect) else "This question"


@dataclass(frozen=True)
class EngineEnd:
    """How a process ended, as far as can be seen from outside."""

    status: int | None
    """As `Popen.returncode` gives it; None when it closed its output and had to be killed."""
    ready: bool
    """It had taken requests."""
    uptime_seconds: float
    announced: Failure | None
    """The failure after which it said it would exit."""
    log_lines: Sequence[str]
    """What it wrote last."""
    deaths: int
    """How many there were within `window_seconds`, this one included."""
    window_seconds: float

    @property
    def killed(self) -> bool:
        """By a signal."""
        return self.status is not None and self.status < 0


def ended(end: EngineEnd, death: Death, restarts: bool) -> Failure:
    """The process is gone: how, while it was at what, and what happens next."""
    return Failure(_title(end), _detail(end, death), _hint(end, death, restarts))


def _title(end: EngineEnd) -> str:
    before = "" if end.ready else " at its start"
    if end.status is None:
        return f"The engine closed its output{before}"
    if not end.killed:
        return f"The engine ended{before} (exit status {end.status})"
    return f"The engine was killed{before} ({name_of(-end.status)})"


def _detail(end: EngineEnd, death: Death) -> str:
    at = f"It was {doing(death.running)}" if death.running else "It ended"
    sentences = [f"{at}, {end.uptime_seconds:.0f} s after its start."]
    reason = reason_of(-end.status) if end.status is not None and end.status < 0 else ""
    if reason:
        sentences.append(f"{reason[0].upper()}{reason[1:]}{'' if reason.endswith('?') else '.'}")
    if end.announced is not None:
        sentences.append(f"It had said: {visible(end.announced.title)}.")
    if death.held:
        sentences.append(f"It is the second time while {doing(death.held)}, which is held back now.")
    if end.log_lines and not (end.killed and end.ready):
        sentences.append("Its last words:\n" + "\n".join(end.log_lines))
    return " ".join(sentences)


def _hint(end: EngineEnd, death: Death, restarts: bool) -> str:
    if not restarts:
        many = f"It ended {end.deaths} times within {end.window_seconds:.0f} s and stays down; "
        return (many if end.deaths > 1 else "") + AGAIN
    if death.held:
        return f"It is starting again; {KEY} lets what is held back be tried once more."
    return "It is starting again" + (", and your request is offered again." if death.running else ".")


def last_words(engine: EngineProcess) -> list[str]:
    """The last lines that a process wrote to the log, made visible. Reads a file: not for the event loop."""
    try:
        return [visible(line) for line in last_lines(engine.log_tail())]
    except OSError:
        return []
