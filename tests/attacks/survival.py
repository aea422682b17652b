"""One engine for many attacks: what became of each, how long it took, and how much memory it took."""

from __future__ import annotations

import re
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.attack import EXECUTED, SECRET, Attack
from tests.engine.driver import EngineProcess
from tui.protocol import Analyze, AnyEvent, Examine, Failed, Load, Loaded
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Dissect

MOST_BYTES = 1_000_000_000
"""Memory that an attack may take, over what the engine had."""
_ADDRESSES_BYTES = 20_000_000_000
UNNAMED = re.compile(r"Something went wrong|failed \(\w+\)$", re.MULTILINE)
"""Titles of failures that nobody foresaw."""
_GOOD = "nano-sentiment"


@dataclass(frozen=True)
class Told:
    """How one request ended."""

    event: AnyEvent
    seconds: float
    peak_bytes: int
    """The most memory the engine had meanwhile, over what it had before."""

    @property
    def failure(self) -> Failure | None:
        return self.event.failure if isinstance(self.event, Failed) else None

    def __str__(self) -> str:
        said = (
            type(self.event).__name__
            if self.failure is None
            else f"{self.failure.title} | {self.failure.detail}"
        )
        return f"{self.seconds:6.2f} s {self.peak_bytes / 1e6:7.0f} MB  {said[:400]!r}"


class Survivor:
    """A running engine that attacks are put through."""

    def __init__(self) -> None:
        self.engine = EngineProcess()
        if sys.platform == "linux":  # what takes all memory shall not take that of other tests
            resource.prlimit(
                self.engine.process.pid, resource.RLIMIT_AS, (_ADDRESSES_BYTES, _ADDRESSES_BYTES)
            )
        self._warm = False
        self.is_lost = False
        """It did not answer, or ended."""

    def close(self) -> None:
        self.engine.process.kill()
        self.engine.process.wait()

    def tokenized(self, reference: str, text: str) -> Told:
        """A tokenizer opened by itself, as `tokenize` and the microscope do."""
        return self._ask(Examine(self.engine.next_id(), Dissect(reference, text)))

    def run(self, attack: Attack, reference: str) -> list[Told]:
        """A checkpoint loaded, and where that works a text run, as `run` and the playground do."""
        if not self._warm:
            self.ready()
        told = [self.load(reference, attack.task)]
        if isinstance(told[0].event, Loaded):
            if attack.then is not None:
                attack.then(Path(reference))
            inputs, options = {"text": attack.text}, dict(attack.options)
            told.append(self._ask(Analyze(self.engine.next_id(), attack.task, inputs, options)))
        return told

    def load(self, reference: str, task: str) -> Told:
        return self._ask(Load(self.engine.next_id(), reference, task, "cpu", "float32"))

    def ready(self) -> None:
        """The same engine answers the next request: in the lanes of tokenizers, of loads and of models."""
        assert self.tokenized(_GOOD, "A good one.").failure is None
        assert self.load(_GOOD, "sentiment-analysis").failure is None
        analyze = Analyze(self.engine.next_id(), "sentiment-analysis", {"text": "A good one."}, {})
        assert self._ask(analyze).failure is None
        self._warm = True

    def _ask(self, request: Analyze | Examine | Load) -> Told:
        for known in (self.engine.seen, self.engine.times):
            known.clear()  # answers about a megabyte are large
        before = self._start_peak()
        began = time.monotonic()
        self.engine.send(request)
        try:
            event = self.engine.last(request.id)
        except AssertionError:
            self.is_lost = True
            raise
        return Told(event, time.monotonic() - began, self._memory("VmHWM") - before)

    def _start_peak(self) -> int:
        with suppress(OSError):  # where the system has no such count, the peak is that of the whole life
            Path(f"/proc/{self.engine.process.pid}/clear_refs").write_text("5")
        return self._memory("VmRSS")

    def _memory(self, name: str) -> int:
        """A count of bytes of the engine, 0 where the system doesn't tell it."""
        try:
            status = Path(f"/proc/{self.engine.process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0


def problems(attack: Attack, folder: Path, told: list[Told]) -> list[str]:
    """What was wrong with how an attack ended; empty where it was survived."""
    found = []
    for each in told:
        failure = each.failure
        if each.peak_bytes > MOST_BYTES:
            found.append(f"it took {each.peak_bytes / 1e6:,.0f} MB")
        if failure is None:
            continue
        if UNNAMED.search(failure.title):
            found.append(f"nobody foresaw it: {failure.title}: {failure.detail}")
        words = f"{failure.title} {failure.detail} {failure.hint}"
        if not (failure.detail and failure.hint) or len(words) > 3000:
            found.append(f"it is not told in words: {words[:300]}")
        if SECRET in words or "site-packages" in words or "Traceback" in words:
            found.append(f"it tells what it should not: {words[:300]}")
        if failure.fatal:
            found.append("it ended the engine")
    last = told[-1].failure
    if attack.refused is True and last is None:
        found.append("it was not refused")
    if attack.refused is False and last is not None:
        found.append(f"it was refused: {last.title}: {last.detail}")
    if last is not None and attack.refused is True:
        missing = [word for word in attack.says if word not in f"{last.title} {last.detail}"]
        if missing:
            found.append(f"it does not say {missing}: {last.title}: {last.detail[:300]}")
    if (folder.parent / EXECUTED).exists():
        found.append("its code was run")
    return found
