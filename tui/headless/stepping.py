"""`logitscope run TASK --steps TEXT...`: a text is written token by token, and each is told as it comes."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Protocol

from msgspec.structs import replace

from tui.headless.client import BlockingEngine, RequestError
from tui.headless.run import answer_each
from tui.headless.step_flags import Steps
from tui.protocol import BeamsStepped, Continue, Continued, Loaded, Search, Searched, Stepped
from tui.protocol.failures import Failure
from tui.protocol.rows import ReadoutSettings
from tui.protocol.writing.answers import answer as pipeline_answer
from tui.protocol.writing.steps import Chosen
from tui.settings import Settings
from tui.tasks import TASKS
from tui.tasks.chat import turns_of

_MOST = 20
"""How many tokens transformers writes where neither the person nor the checkpoint says it."""


@dataclass(frozen=True)
class TextToWrite:
    """One text, and how it is gone on with."""

    number: int
    """Which of the texts it is, from 1."""
    loaded: Loaded
    inputs: Mapping[str, str]
    steps: Steps
    sampling: Mapping[str, float]

    @property
    def texts(self) -> dict[str, str]:
        """Every field of the task's form with its text."""
        return TASKS[self.loaded.task].form.inputs(self.inputs)

    def answer(self, written: str) -> list[dict[str, Any]]:
        """What the task's pipeline returns, by what was written."""
        text = self.texts["text"]
        prompt = turns_of(text) if self.steps.options.get("chat") else text
        return pipeline_answer(self.loaded.task, prompt, written)


@dataclass
class WrittenSoFar:
    """What has come of a text by now, and in the end why there is no more."""

    asked: TextToWrite
    chosen: list[Chosen] = field(default_factory=list)
    """Every token that was told, in order; none with beams."""
    kind: str = ""
    """Why it ended: a kind of `Stop`, `cancelled` or `failed`."""
    words: str = ""
    last: Continued | Searched | None = None
    """The engine's last word; None where it had none."""

    @property
    def answer(self) -> list[dict[str, Any]] | None:
        """What the task's pipeline returns; None where what was written isn't known."""
        return None if self.text is None else self.asked.answer(self.text)

    @property
    def text(self) -> str | None:
        """All that was written, special tokens left out; None where that isn't known."""
        if isinstance(self.last, Continued):
            return self.last.text
        if isinstance(self.last, Searched) and self.last.texts:
            return self.last.texts[0]
        return None

    @property
    def tokens(self) -> int:
        """How many tokens were written: told one by one, or those of the best hypothesis."""
        if isinstance(self.last, Searched) and self.last.hypotheses:
            return len(self.last.hypotheses[0].ids)
        return len(self.chosen)

    @property
    def seconds(self) -> float:
        """Wall time of writing."""
        if self.last is None or self.kind == "cancelled":
            return math.fsum(each.seconds for each in self.chosen)
        return self.last.seconds

    @property
    def tokens_per_second(self) -> float | None:
        """Over all of `seconds`, so with the prompt in it; None where there is nothing to measure."""
        return self.tokens / self.seconds if self.tokens and self.seconds > 0 else None

    @property
    def log_probability(self) -> float | None:
        """Of all tokens together under the model's own distributions, nats; None where one is not known."""
        known = [each.log_probability for each in self.chosen if each.log_probability is not None]
        return math.fsum(known) if self.chosen and len(known) == len(self.chosen) else None

    @property
    def perplexity(self) -> float | None:
        """e to the mean of −ln p over the tokens; None as above."""
        total = self.log_probability
        try:
            return None if total is None else math.exp(-total / len(self.chosen))
        except OverflowError:
            return math.inf


class Telling(Protocol):
    """Puts what comes into lines on stdout, each written at once."""

    def begin(self, asked: TextToWrite) -> None:
        """A text has its turn."""

    def step(self, asked: TextToWrite, chosen: Chosen) -> None:
        """A token was written."""

    def beams(self, asked: TextToWrite, stepped: BeamsStepped) -> None:
        """A step of a beam search."""

    def end(self, written: WrittenSoFar) -> None:
        """Nothing more comes of this text."""


def write_on(
    settings: Settings,
    texts: Iterable[str],
    json_lines: bool,
    fields: Mapping[str, str],
    steps: Steps,
    sampling: Mapping[str, float],
) -> int:
    """Write after each text in turn, every token told at once; the exit status, as of `tui.headless.run.run`.

    Raises KeyboardInterrupt for ctrl+c, once the end of the text at hand is told.
    """
    telling: Telling
    if json_lines:
        from tui.headless.step_values import StepValues

        telling = StepValues()
    else:
        from tui.headless.step_lines import StepLines

        telling = StepLines()
    count = 0

    def answer(engine: BlockingEngine, loaded: Loaded, inputs: Mapping[str, str]) -> None:
        nonlocal count
        count += 1
        write(engine, TextToWrite(count, loaded, inputs, steps, sampling), telling)

    return answer_each(settings, texts, fields, lambda _: None, answer)


def write(engine: BlockingEngine, asked: TextToWrite, telling: Telling) -> None:
    """Write after one text and tell of it; what was told stands, however it ends.

    Raises RequestError, and KeyboardInterrupt for ctrl+c.
    """
    telling.begin(asked)
    written = WrittenSoFar(asked)
    request = _request(engine.next_id(), asked)
    events = engine.ask(request)
    try:
        with _cancelled_by_control_c(engine, request.id) as cancelled:
            for event in events:
                match event:
                    case Stepped():
                        written.chosen.append(event.chosen)
                        telling.step(asked, event.chosen)
                    case BeamsStepped():
                        telling.beams(asked, event)
                    case Continued() | Searched():
                        written.last, written.kind, written.words = event, event.stop.kind, event.stop.about
        if written.last is None and not cancelled:
            gap = Failure("The engine's answer is incomplete", "It gave up writing.", "See the engine's log.")
            raise RequestError(gap, lost=False)
    except RequestError as error:
        if written.chosen:
            written.kind, written.words = "failed", error.failure.title
            telling.end(written)
        raise
    if written.last is None:
        written.kind, written.words = "cancelled", "ctrl+c"
        if isinstance(request, Continue):
            written.last = _read_back(engine, asked, written)
    telling.end(written)
    if cancelled:
        raise KeyboardInterrupt


def _request(request_id: int, asked: TextToWrite) -> Continue | Search:
    steps = asked.steps
    kind = Search if steps.decoding.num_beams > 1 else Continue
    request = kind(
        id=request_id,
        task=asked.loaded.task,
        inputs=asked.inputs,
        options=steps.options,
        most=_MOST if steps.most is None else steps.most,
        unless_stated=steps.most is None,
        ends=True,
        decoding=steps.decoding,
        readout=replace(ReadoutSettings(top=1), **asked.sampling),
        unset=steps.unset,
    )
    if isinstance(request, Search):
        return request
    return replace(request, alternatives=steps.alternatives, while_writing=False, next_row=False)


def _read_back(engine: BlockingEngine, asked: TextToWrite, written: WrittenSoFar) -> Continued | None:
    """What the tokens told by now read as: the engine knows, of a text it is given up to there."""
    ids = tuple(each.id for each in written.chosen)
    request = replace(_request(engine.next_id(), asked), written=ids, most=0, unless_stated=False, ends=False)
    if isinstance(request, Continue):
        request = replace(request, scored=len(ids))
    try:
        for event in engine.ask(request):
            if isinstance(event, Continued):
                return event
    except RequestError:
        return None
    return None


@contextmanager
def _cancelled_by_control_c(engine: BlockingEngine, target: int) -> Iterator[list[int]]:
    """Ctrl+C cancels the request and is noted in the list; a second one interrupts.

    What reads the engine's stream is not interrupted by the first: a frame of which half was read would be lost.
    """
    usual, heard = signal.getsignal(signal.SIGINT), list[int]()

    def cancel(number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGINT, usual)
        heard.append(number)
        engine.cancel(target)

    if usual is signal.SIG_IGN:  # as for a command that a shell runs in the background
        yield heard
        return
    signal.signal(signal.SIGINT, cancel)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, usual)
