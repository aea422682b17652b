"""The checkpoint in use, the one being loaded, and the way of a text through the lanes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from tui.engine import device, runtime, tasks
from tui.engine.checkpoint.loads import Loader, PendingLoad
from tui.engine.errors import Abandoned, EngineError, failure_of
from tui.engine.frames import Outbox
from tui.engine.lanes import Job, Lane
from tui.engine.latest import Forward, Readable
from tui.engine.refusals import nothing_loaded, other_task
from tui.engine.rows import vocabulary
from tui.engine.supervision import Supervisor
from tui.engine.table import task_named
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.wanted import asked_by
from tui.protocol import (
    Analyze,
    Answered,
    Cancelled,
    Failed,
    Forwarded,
    Load,
    Loaded,
    Reweigh,
    Reweighed,
    Tokenized,
)
from tui.protocol.checkpoints import Memory
from tui.protocol.failures import Failure
from tui.protocol.tokens import TokenSequence
from tui.protocol.walk import Step
from tui.tasks import TASKS

if TYPE_CHECKING:
    from tui.engine.bench import Bench, InUse
    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.forward.outcome import Outcome, Prepared
    from tui.engine.generating import Generating

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Text:
    """An Analyze on its way, with what its tokenizer made of it once that is known."""

    request: Analyze
    received: float
    prepared: Prepared | None = None


class EngineSession:
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
        self._latest: Readable | None = None
        self._other: Readable | None = None
        """The latest of the other kind: a forward of a text, or writing."""
        kinds = ("Analyze", "Continue", "Search", "Reweigh")
        self._token_lane = Lane("token", kinds, outbox.supersede)
        self._model_lane = Lane("model", kinds, outbox.supersede)
        self._load_lane = Lane("load", ("Load",), outbox.supersede)
        self.supervisor = Supervisor(outbox, lost)

    def start(self) -> None:
        """Start the lanes, what looks after them, and the import of torch."""
        for lane in (self._token_lane, self._model_lane, self._load_lane):
            self.supervisor.add(lane)
        self.supervisor.start()
        self._loader.prewarm()

    @cached_property
    def bench(self) -> Bench:
        """What answers questions about tokenizers; made with the first of them, as numpy comes in with it."""
        self._loader.put_off()
        from tui.engine.bench import Bench

        bench = Bench(self._outbox, self.attempt, self._tokenizer_in_use)
        for lane in bench.lanes:
            self.supervisor.add(lane, apart=lane is bench.opening)
        return bench

    @cached_property
    def generating(self) -> Generating:
        """What writes token by token; made with the first request for it."""
        from tui.engine.generating import Generating

        lanes, gate = (self._token_lane, self._model_lane), self._loader.default_dtype_gate
        return Generating(self._outbox, self.attempt, lanes, lambda: self._active, gate, self._leave)

    def _tokenizer_in_use(self) -> InUse | None:
        """What the microscope looks at unless told otherwise: known before its model is, for a built-in."""
        from tui.engine.bench import InUse
        from tui.engine.tokenization.opening import OpenTokenizer

        with self._lock:
            active, pending = self._active, self._pending
        if active is not None:
            from tui.engine.forward.model_parts import input_embeddings  # torch, which is in where a model is

            known = active.checkpoint
            opened = OpenTokenizer.of_model(known.reference, known.name, known.source, active.tokenizer)
            return InUse(opened, getattr(input_embeddings(active.model), "weight", None))
        if pending is None or (early := pending.early_tokenizer()) is None:
            return None
        name = pending.request.reference
        return InUse(OpenTokenizer(name, name, "built-in", early), None)

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
        task = text.request.task
        task_named(task)
        while True:
            with self._lock:
                active, pending = self._active, self._pending
            # While another task's checkpoint is in use, the text waits for that of its own.
            usable = active if active is not None and active.task == task else None
            if usable is not None:
                text = self._read(text, usable.tokenizer, usable.checkpoint.reference)
            elif pending is not None and pending.request.task == task:
                text = self._read(text, pending.early_tokenizer(), pending.request.reference)
            else:
                raise nothing_loaded() if active is None else other_task(active.task, task)
            with self._lock:
                if self._active is not active:
                    continue
                if usable is None and self._pending is not pending:
                    continue
                if usable is None:
                    parked, self._parked = self._parked, text
            break
        if usable is not None:
            self._run(usable, text)
        elif parked is not None:
            self._outbox.supersede(parked.request.id, text.request.id)

    def _read(self, text: _Text, tokenizer: AnyTokenizer | None, reference: str) -> _Text:
        """The text with its tokens, which are sent; as it is where the tokenizer is unknown or has read it."""
        if tokenizer is None or (text.prepared is not None and tokenizer is text.prepared.tokenizer):
            return text
        began = time.perf_counter()
        request = text.request
        prepared = tasks.prepare(request.task, tokenizer, request.inputs, request.options)
        self._tell_tokens(request.id, reference, prepared.sequences(), tokenizer.limit, began)
        self._loader.first_text_read.set()
        return _Text(request, text.received, prepared)

    def _tell_tokens(
        self,
        request_id: int,
        reference: str,
        sequences: tuple[TokenSequence, ...],
        limit: int | None,
        began: float,
    ) -> None:
        seconds = time.perf_counter() - began
        self._outbox.send(Tokenized(request_id, reference, sequences, limit, seconds))

    def _run(self, active: LoadedCheckpoint, text: _Text) -> None:
        self._submit(self._model_lane, text.request.id, "Analyze", lambda: self._forward(active, text))

    def _forward(self, active: LoadedCheckpoint, text: _Text) -> None:
        """Model lane: run the model and report every stage."""
        if self._active is not active:  # another checkpoint came into use while this waited
            self._submit(self._token_lane, text.request.id, "Analyze", lambda: self._tokenize(text))
            return
        assert text.prepared is not None
        request = text.request
        task, sequences = tasks.code_of(request.task), text.prepared.sequences()
        began = time.perf_counter()
        read_as: Step | None = None

        def tell(outcome: Outcome) -> Step | None:
            """Tell what is known by now; the logits are read once, and later as a `Reweigh` asks for it."""
            nonlocal read_as
            readout = None
            if outcome.readable:
                latest = Forward(request.id, task, outcome, outcome.written or sequences)
                self._leave(latest)
                if read_as is None:
                    readout, read_as = latest.read(request.id, request.readout, request.address)
            self._outbox.send(
                Forwarded(
                    id=request.id,
                    steps=outcome.steps if read_as is None else (*outcome.steps, read_as),
                    seconds=outcome.seconds,
                    memory=device.memory(active.placement.device),
                    norms=outcome.norms,
                )
            )
            if readout is not None:
                self._outbox.send(readout)
            return read_as

        with self._loader.default_dtype_gate:
            outcome = tasks.forward(active, text.prepared, lambda: self._give_way(request.id), tell)
        if outcome.written:
            reference, limit = active.checkpoint.reference, active.tokenizer.limit
            self._tell_tokens(request.id, reference, outcome.written, limit, began)
        last_step = tell(outcome)
        answer, view = task.answer(outcome)
        plain = answer if request.plain_answer else None
        self._outbox.send(Answered(request.id, plain, view, time.perf_counter() - text.received))
        if last_step is not None and TASKS[request.task].over_vocabulary:
            vocabulary.prepare(active.tokenizer, last_step.shape[-1])

    def _give_way(self, request_id: int) -> None:
        """Raise Abandoned when a long forward is no longer wanted: it was cancelled, or a newer text waits.

        While a model writes on, its prompt's logits are there already: who wants them read again is answered now.
        """
        newer = self._model_lane.waiting("Analyze")
        if newer is not None and newer > request_id:
            self._outbox.supersede(request_id, newer)
        self._outbox.check(request_id)
        if self._latest is not None and self._latest.request_id == request_id:
            self._model_lane.serve("Reweigh")

    def _leave(self, latest: Readable) -> None:
        """Model lane: from now on a `Reweigh` reads this, unless it names the latest of the other kind."""
        if self._latest is not None and type(self._latest) is not type(latest):
            self._other = self._latest
        self._latest = latest

    def reweigh(self, request: Reweigh) -> None:
        """Read the latest logits under other settings, after every text that came before."""
        received = time.perf_counter()

        def read_again() -> None:
            known = [each for each in (self._latest, self._other) if each is not None]
            latest = next((each for each in known if request.of in (0, each.request_id)), None)
            if latest is None:
                raise EngineError("Nothing to read", "No text has been run yet.", "Type a text first.")
            readout, _ = latest.read(request.id, request.readout, request.address)
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
            if self._active is not None:
                runtime.step_back()  # its answers go first
            began = time.perf_counter()
            loaded = self._loader.load(pending)
            self._adopt(pending, loaded, time.perf_counter() - began)

        failure = self.attempt(pending.request.id, "Load", work)
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
            warning=loaded.warning,
        )
        with self._lock:
            if not self._outbox.claim(pending.request.id):
                raise Abandoned
            replaced, self._active = self._active, loaded
            if self._pending is pending:
                self._pending = None
            parked, self._parked = self._parked, None
            self._outbox.send(event)
        known = parked.prepared if parked is not None else None
        if parked is not None and known is not None and known.tokenizer is loaded.tokenizer:
            self._run(loaded, parked)
        elif parked is not None:
            self._submit(self._token_lane, parked.request.id, "Analyze", lambda: self._tokenize(parked))
        if "generating" in self.__dict__:
            self.generating.release()
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
        if "bench" in self.__dict__:
            self.bench.forget(target)
        with self._lock:
            if self._parked is not None and self._parked.request.id == target:
                self._parked = None
            pending = self._pending
        if pending is not None and pending.request.id == target:
            self._give_up(pending, nothing_loaded().failure)

    def attempt(self, request_id: int, kind: str, work: Callable[[], None]) -> Failure | None:
        """Do a request's work unless it is over; what it raises becomes its `Failed`, and is returned.

        kind: of the request. Whatever is raised ends here, a panic of Rust code and `SystemExit` like any other.
        """
        if not self._outbox.is_open(request_id):
            return None
        try:
            with asked_by(partial(self._outbox.check, request_id)):
                work()
        except Abandoned:
            return None
        except BaseException as error:  # noqa: BLE001 - it is logged, and told to whoever asked
            _LOG.error("request %d failed", request_id, exc_info=error)
            failure = failure_of(error, kind)
            self._outbox.send(Failed(request_id, failure))
            if failure.fatal:
                self._lost()
            return failure
        return None

    def _submit(self, lane: Lane, request_id: int, kind: str, work: Callable[[], None]) -> None:
        lane.submit(Job(request_id, kind, lambda: self.attempt(request_id, kind, work)))
