"""The checkpoint in use, the one being loaded, and the way of a text through the lanes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.engine import device, tasks
from tui.engine.errors import Abandoned, EngineError, failure_of
from tui.engine.frames import Outbox
from tui.engine.lanes import Job, Lane
from tui.engine.loads import Loader, PendingLoad
from tui.engine.tokenization.reading import Reading, TextTokenizer
from tui.protocol import (
    Analyze,
    Answered,
    Cancelled,
    Failed,
    Failure,
    Forwarded,
    Load,
    Loaded,
    Memory,
    Reweigh,
    Reweighed,
    Tokenized,
)

if TYPE_CHECKING:
    from tui.engine.loading import LoadedCheckpoint
    from tui.engine.tasks import Runner
    from tui.engine.tasks.sentiment_analysis import Outcome

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Text:
    """An Analyze on its way, with what its tokenizer made of it once that is known."""

    request: Analyze
    received: float
    tokenizer: TextTokenizer | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class _Latest:
    """What the latest forward left to be read again."""

    task: Runner
    outcome: Outcome


class Session:
    """Runs texts and loads through three lanes; its public methods are called from the reader's thread.

    A text is read in the token lane by the tokenizer of the checkpoint in use, then run in the model lane. While
    nothing is in use but a load is pending, it is read by that one's tokenizer if it is known, and parked.
    """

    def __init__(self, outbox: Outbox, lost: Callable[[], None]) -> None:
        """`lost` ends the process: called after a failure that no further computation survives."""
        self._outbox = outbox
        self._lost = lost
        self._loader = Loader(outbox)
        self._lock = threading.Lock()
        self._active: LoadedCheckpoint | None = None
        self._pending: PendingLoad | None = None
        self._parked: _Text | None = None
        self._latest: _Latest | None = None
        self._token_lane = Lane("token", ("Analyze", "Reweigh"), outbox.supersede)
        self._model_lane = Lane("model", ("Analyze", "Reweigh"), outbox.supersede)
        self._load_lane = Lane("load", ("Load",), outbox.supersede)

    def start(self) -> None:
        """Start the lanes and the import of torch."""
        for lane in (self._token_lane, self._model_lane, self._load_lane):
            lane.start()
        self._loader.prewarm()

    def memory(self) -> Memory:
        """Memory of the device in use, or of this process while there is none."""
        with self._lock:
            on = self._active.placement.device if self._active is not None else "cpu"
        try:
            return device.memory(on)
        except RuntimeError:
            return Memory(None, None)

    # --------------------------------------------------------------------------------------- texts

    def analyze(self, request: Analyze) -> None:
        """Take a text; texts that still wait give way to it."""
        text = _Text(request, time.perf_counter())
        self._submit(self._token_lane, request.id, "Analyze", lambda: self._tokenize(text))

    def _tokenize(self, text: _Text) -> None:
        """Token lane: read the text, then hand it to the model lane or park it until the load is done."""
        tasks.room(text.request.task)
        while True:
            with self._lock:
                active, pending = self._active, self._pending
            if active is not None:
                text = self._read(text, active.tokenizer, active.checkpoint.reference)
            elif pending is not None:
                text = self._read(text, pending.early_tokenizer(), pending.request.reference)
            else:
                raise _nothing_loaded()
            with self._lock:
                if self._active is not active:
                    continue
                if active is None and self._pending is not pending:
                    continue
                if active is None:
                    parked, self._parked = self._parked, text
            break
        if active is not None:
            self._run(active, text)
        elif parked is not None:
            self._outbox.supersede(parked.request.id, text.request.id)

    def _read(self, text: _Text, tokenizer: TextTokenizer | None, reference: str) -> _Text:
        """The text with its tokens, which are sent; as it is where the tokenizer is unknown or has read it."""
        if tokenizer is None or tokenizer is text.tokenizer:
            return text
        began = time.perf_counter()
        reading = tokenizer.read(text.request.text)
        self._outbox.send(
            Tokenized(
                id=text.request.id,
                reference=reference,
                tokens=reading.tokens,
                total=reading.total,
                limit=reading.limit,
                unread_from=reading.unread_from,
                seconds=time.perf_counter() - began,
            )
        )
        self._loader.first_text_read.set()
        return _Text(text.request, text.received, tokenizer, reading)

    def _run(self, active: LoadedCheckpoint, text: _Text) -> None:
        self._submit(self._model_lane, text.request.id, "Analyze", lambda: self._forward(active, text))

    def _forward(self, active: LoadedCheckpoint, text: _Text) -> None:
        """Model lane: run the model and report every stage."""
        if self._active is not active:  # another checkpoint came into use while this waited
            self._submit(self._token_lane, text.request.id, "Analyze", lambda: self._tokenize(text))
            return
        assert text.reading is not None
        request = text.request
        task = tasks.runner(request.task)
        with self._loader.default_dtype_gate:
            outcome = task.forward(active, text.reading)
        self._latest = _Latest(task, outcome)
        readout, last_step = task.read_out(request.id, outcome, request.readout)
        self._outbox.send(
            Forwarded(
                id=request.id,
                steps=(*outcome.steps, last_step),
                seconds=outcome.seconds,
                memory=device.memory(active.placement.device),
            )
        )
        self._outbox.send(readout)
        self._outbox.send(Answered(request.id, task.answer(outcome), time.perf_counter() - text.received))

    def reweigh(self, request: Reweigh) -> None:
        """Read the latest logits under other settings, after every text that came before."""
        received = time.perf_counter()

        def read_again() -> None:
            latest = self._latest
            if latest is None:
                raise EngineError("Nothing to read", "No text has been run yet.", "Type a text first.")
            readout, _ = latest.task.read_out(request.id, latest.outcome, request.readout)
            self._outbox.send(readout)
            self._outbox.send(Reweighed(request.id, time.perf_counter() - received))

        def pass_on() -> None:
            self._submit(self._model_lane, request.id, "Reweigh", read_again)

        self._submit(self._token_lane, request.id, "Reweigh", pass_on)

    # --------------------------------------------------------------------------------------- loads

    def load(self, request: Load) -> None:
        """Take a load; one that waits or runs gives way to it."""
        pending = PendingLoad(request)
        with self._lock:
            previous, self._pending = self._pending, pending
        if previous is not None:
            self._load_lane.forget(previous.request.id)
            self._outbox.supersede(previous.request.id, request.id)
        self._load_lane.submit(Job(request.id, "Load", lambda: self._load(pending)))

    def _load(self, pending: PendingLoad) -> None:
        """Load lane: load a checkpoint and put it into use, or say why not."""

        def work() -> None:
            began = time.perf_counter()
            loaded = self._loader.load(pending)
            self._adopt(pending, loaded, time.perf_counter() - began)

        failure = self.attempt(pending.request.id, work)
        if failure is not None:
            self._give_up(pending, failure)

    def _adopt(self, pending: PendingLoad, loaded: LoadedCheckpoint, seconds: float) -> None:
        """Swap the checkpoint in use, say so, and run the text that waited for it."""
        event = Loaded(
            id=pending.request.id,
            checkpoint=loaded.checkpoint,
            task=loaded.task,
            device=loaded.placement.device,
            device_name=loaded.placement.name,
            dtype=loaded.dtype,
            parameters=loaded.parameters,
            seconds=seconds,
            memory=device.memory(loaded.placement.device),
            note=loaded.note,
        )
        with self._lock:
            if not self._outbox.claim(pending.request.id):
                raise Abandoned
            replaced, self._active = self._active, loaded
            if self._pending is pending:
                self._pending = None
            parked, self._parked = self._parked, None
            self._outbox.send(event)
        if parked is not None and parked.tokenizer is loaded.tokenizer:
            self._run(loaded, parked)
        elif parked is not None:
            self._submit(self._token_lane, parked.request.id, "Analyze", lambda: self._tokenize(parked))
        if replaced is not None:
            on = replaced.placement.device
            del replaced
            device.release(on)

    def _give_up(self, pending: PendingLoad, failure: Failure) -> None:
        """A load ended without a checkpoint: what waited for it and nothing else can't run."""
        with self._lock:
            if self._pending is not pending:
                return
            self._pending = None
            parked, self._parked = self._parked, None
        if parked is not None:
            self._outbox.send(Failed(parked.request.id, failure))

    # ----------------------------------------------------------------------------------- all kinds

    def cancel(self, target: int) -> None:
        """Stop a request: what waits is removed, what runs is given up or not heard of any more."""
        if not self._outbox.send(Cancelled(target)):
            return
        for lane in (self._token_lane, self._model_lane, self._load_lane):
            lane.forget(target)
        with self._lock:
            if self._parked is not None and self._parked.request.id == target:
                self._parked = None
            pending = self._pending
        if pending is not None and pending.request.id == target:
            self._give_up(pending, _nothing_loaded().failure)

    def attempt(self, request_id: int, work: Callable[[], None]) -> Failure | None:
        """Do a request's work unless it is over; what it raises becomes its `Failed`, and is returned."""
        if not self._outbox.is_open(request_id):
            return None
        try:
            work()
        except Abandoned:
            return None
        except Exception as error:  # noqa: BLE001 - it is logged, and told to whoever asked
            _LOG.exception("request %d failed", request_id)
            failure = failure_of(error)
            self._outbox.send(Failed(request_id, failure))
            if failure.fatal:
                self._lost()
            return failure
        return None

    def _submit(self, lane: Lane, request_id: int, kind: str, work: Callable[[], None]) -> None:
        lane.submit(Job(request_id, kind, lambda: self.attempt(request_id, work)))


def _nothing_loaded() -> EngineError:
    return EngineError(
        "No checkpoint is loaded", "There is no model to run the text on.", "Choose a checkpoint."
    )
