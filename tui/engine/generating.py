"""Writing on token ids: `Continue` and `Search` on their way through the lanes, and what they leave to be read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.engine import device, tasks
from tui.engine.errors import EngineError, is_out_of_memory
from tui.engine.frames import Outbox
from tui.engine.lanes import Job, Lane
from tui.engine.latest import Readable
from tui.engine.refusals import nothing_loaded, other_task
from tui.engine.table import task_named
from tui.protocol import AnyEvent, Continue, Search, Tokenized, Write

if TYPE_CHECKING:
    import torch

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.decoding.held import Held
    from tui.engine.decoding.running import WritingRun
    from tui.engine.forward.outcome import Prepared


class Generating:
    """Takes requests from the reader's thread; prompts are read in the token lane, models run in the model lane."""

    def __init__(
        self,
        outbox: Outbox,
        attempt: Callable[[int, str, Callable[[], None]], object],
        lanes: tuple[Lane, Lane],
        in_use: Callable[[], LoadedCheckpoint | None],
        gate: threading.Lock,
        leave: Callable[[Readable], None],
    ) -> None:
        """lanes: that of tokens and that of the model, which take `Continue` and `Search`. gate: held while the
        model runs, for nobody may change the default dtype then. `leave` is given what a `Reweigh` reads from then.
        """
        self._outbox, self._attempt = outbox, attempt
        self._token_lane, self._model_lane = lanes
        self._in_use, self._gate, self._leave = in_use, gate, leave
        self._held: Held | None = None
        self._latest: WritingRun | None = None

    def take(self, request: Continue | Search) -> None:
        """Take a request; one of its kind that waits gives way to it."""
        self._submit(self._token_lane, request, lambda: self._read(request))

    def release(self) -> None:
        """Another checkpoint is in use: nothing of the one before is kept."""
        self._held = None
        latest, self._latest = self._latest, None
        if latest is not None:
            latest.forget()

    def _submit(self, lane: Lane, request: Write, work: Callable[[], None]) -> None:
        kind = type(request).__name__
        lane.submit(Job(request.id, kind, lambda: self._attempt(request.id, kind, work)))

    def _read(self, request: Continue | Search) -> None:
        """Token lane: the prompt as tokens, which are sent."""
        if not task_named(request.task).writes:
            raise EngineError(
                "Nothing is written here",
                f"A model for {request.task} answers at once and writes no text.",
                "Choose text-generation, summarization or translation.",
            )
        loaded, began = self._in_use(), time.perf_counter()
        if loaded is None:
            raise nothing_loaded()
        if loaded.task != request.task:
            raise other_task(loaded.task, request.task)
        prepared = tasks.prepare(request.task, loaded.tokenizer, request.inputs, request.options)
        seconds = time.perf_counter() - began
        reference, limit = loaded.checkpoint.reference, loaded.tokenizer.limit
        self._outbox.send(Tokenized(request.id, reference, prepared.sequences(), limit, seconds))
        self._submit(self._model_lane, request, lambda: self._write(request, loaded, prepared))

    def _write(self, request: Continue | Search, loaded: LoadedCheckpoint, prepared: Prepared) -> None:
        """Model lane: write, and tell every token."""
        from tui.engine.decoding.held import Held
        from tui.engine.decoding.running import WritingRun
        from tui.engine.decoding.searching import search

        if self._in_use() is not loaded:  # another checkpoint came into use while this waited
            self._submit(self._token_lane, request, lambda: self._read(request))
            return
        if self._held is None or self._held.loaded is not loaded:
            self._held = Held(loaded)
        held = self._held
        try:
            with self._gate:
                if isinstance(request, Search):
                    search(self, request, prepared, held)
                else:
                    WritingRun(self, request, prepared).go(held)
        except BaseException as error:
            if is_out_of_memory(error):
                held.caches.clear()
                device.release(loaded.placement.device)
            raise
        finally:
            if self._in_use() is not loaded:
                self.release()

    # ----------------------------------------------------------------------- asked by a run of its own

    def tell(self, event: AnyEvent) -> None:
        """Send an event."""
        self._outbox.send(event)

    def check(self, request_id: int) -> None:
        """Raise Abandoned when the request is over: cancelled, or a newer one waits."""
        for kind in ("Continue", "Search"):
            newer = self._model_lane.waiting(kind)
            if newer is not None and newer > request_id:
                self._outbox.supersede(request_id, newer)
        self._outbox.check(request_id)

    def give_way(self, request_id: int, loaded: LoadedCheckpoint) -> None:
        """Between two tokens: end what is no longer wanted, and let others read and load."""
        self.check(request_id)
        if self._in_use() is not loaded:
            raise EngineError(
                "Another checkpoint is in use now",
                "It came into use while this one wrote.",
                "What was written stands; go on with the new one, or choose the old one again.",
            )
        self._model_lane.serve("Reweigh")
        self._gate.release()
        try:
            self._model_lane.serve("Analyze")
            time.sleep(0)
        finally:
            self._gate.acquire()

    def undisturbed(self, again: Callable[[list[int]], torch.Tensor], ids: list[int]) -> torch.Tensor:
        """Run the model for a row that is read after its request was done."""
        with self._gate:
            return again(ids)

    def leave(self, run: WritingRun) -> None:
        """Let a `Reweigh` read from this run."""
        self._latest = run
        self._leave(run)
