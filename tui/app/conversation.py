"""The conversation with the engine: requests out, events in, and what they mean for the playground."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.timer import Timer

from tui.app.engine_client import EngineClient, EngineLost, EngineSilent, EngineStarted, Notice
from tui.app.enquiries import Enquiries
from tui.app.panes.answer import ShownAnswer
from tui.app.pending import Pending, split_revision
from tui.app.render.status import Status, status_parts
from tui.app.screens.playground import Playground
from tui.app.widgets.one_line import OneLine
from tui.app.writers import Writers
from tui.protocol import (
    Analyze,
    Answered,
    Cancel,
    Cancelled,
    CheckpointsListed,
    Failed,
    Forwarded,
    Inspect,
    Inspected,
    ListCheckpoints,
    Load,
    Loaded,
    Pong,
    Progress,
    Readout,
    Reweigh,
    Superseded,
    Tokenized,
)
from tui.settings import Settings
from tui.values import Failure, ReadoutSettings

if TYPE_CHECKING:
    from tui.app.screens.ask import AskCheckpoint
    from tui.scripts import Asked

STARTING, UP = "starting the engine", "up"
RESTARTING, STOPPED = "restarting the engine", "engine stopped; F9 starts it"
STALE_AFTER = 0.2
"""Seconds without an answer after which the numbers on screen are dimmed; quick answers never flicker."""


class Conversation:
    """Asks the engine and puts its answers on the playground; knows what is still unanswered."""

    def __init__(
        self, client: EngineClient, playground: Playground, settings: Settings, task: str, model: str | None
    ) -> None:
        self._client = client
        self.enquiries = Enquiries(client)
        """What is asked about tokenizers."""
        self.writers = Writers(client)
        """What is written token by token."""
        self._playground = playground
        self._settings = settings
        self._pending = Pending()
        self._engine = STARTING
        self._status = Status(task=task)
        self._doing_since = time.monotonic()
        self._stale_timer: Timer | None = None
        self.task = task
        self.model = model
        """What the session keeps: the reference loaded last, with its revision."""
        self.engine_pid: int | None = None
        """Process id of the engine on its machine, once it is up."""
        self.log_path = settings.state_folder / "engine.log"
        self.last_failure: Failure | None = None
        self._complaint = ""
        self.asking: AskCheckpoint | None = None
        """The dialog that waits for what a reference names."""

    @property
    def waiting_for_answer(self) -> bool:
        """Whether the latest text is not answered yet."""
        return self._pending.analyze is not None

    # ----------------------------------------------------------------------------------- requests

    async def begin(self, guarded: Callable[[Callable[[Notice], None]], Callable[[Notice], None]]) -> None:
        """Join the engine; ask for the model, the first answer and the list of checkpoints.

        `guarded` makes of a listener one that lets no exception through: that would end the link to the engine.
        """
        self._playground.set_interval(0.25, self._tick)
        await self._client.connect(guarded(self.hear))
        self.take_up(self.task, self.model)

    def take_up(self, task: str, model: str | None) -> None:
        """Do a task with a checkpoint; without one, say what to do."""
        screen = self._playground
        self.cancel_load()
        self._pending.leave(since=self._client.next_id())
        screen.loading_reference = None
        self.task, self.model = task, model
        self._status = replace(self._status, task=task, answer_seconds=None)
        screen.failure = None
        screen.unsay(self._complaint)
        if model is not None:
            self.load(model)
            self.analyze()
        else:
            self._complaint = f"No built-in checkpoint does {task}: 2, then a names a folder or a Hub id"
            screen.say(self._complaint)
            self._set_stale(True)
            self.show_status()
        self.list_checkpoints()

    def load(self, typed: str) -> None:
        """Load a checkpoint by its reference, `@revision` allowed; the one in use stays until then."""
        reference, revision = split_revision(typed)
        request = Load(
            self._client.next_id(),
            reference,
            self.task,
            self._settings.device,
            self._settings.dtype,
            revision,
        )
        self._client.send(request)
        self._pending.load = request
        self._playground.loading_reference = reference
        self.show_status()

    def cancel_load(self) -> None:
        """Stop the load that runs; the checkpoint in use stays."""
        if self._pending.load is not None:
            self._client.send(Cancel(self._client.next_id(), self._pending.load.id))

    def analyze(self, again: bool = True) -> None:
        """Run the task on the texts as they are; what is on screen dims if the answer takes long.

        `again`: also where the same is asked already.
        """
        if self.model is None:
            return
        screen = self._playground
        request = Analyze(
            self._client.next_id(),
            self.task,
            screen.current_inputs,
            screen.options,
            screen.settings or ReadoutSettings(),
            screen.address,
            plain_answer=False,
        )
        if not again and self._pending.is_same(request):
            return
        self._client.send(request)
        self._pending.asked(request)
        if self._stale_timer is not None:
            self._stale_timer.stop()
        self._stale_timer = self._playground.set_timer(STALE_AFTER, self._dim)

    def asked(self) -> Asked | None:
        """What is on screen as a question to a model, for its Python view; None without a checkpoint."""
        from tui.scripts import Asked

        screen, loaded = self._playground, self._status.loaded
        if loaded is None or loaded.task != self.task:
            return None
        since = self._pending.since
        readout = screen.readout if screen.readout is not None and screen.readout.id >= since else None
        tokenized = (
            screen.tokenized if screen.tokenized is not None and screen.tokenized.id >= since else None
        )
        reference, revision = split_revision(self.model or loaded.checkpoint.reference)
        return Asked(
            task=self.task,
            reference=reference,
            revision=revision,
            inputs=screen.current_inputs,
            options=screen.options,
            readout=screen.settings or ReadoutSettings(),
            address=screen.address if readout is None else readout.address,
            limit=None if tokenized is None else tokenized.limit,
            device=loaded.device,
            dtype=loaded.dtype,
            warning=loaded.warning,
        )

    def _dim(self) -> None:
        if self._pending.analyze is not None:
            self._set_stale(True)
            self.show_status()

    def _set_stale(self, stale: bool) -> None:
        """Dim what is of an earlier text, or nothing; a readout that came ahead of its answer is of this text."""
        screen, asked = self._playground, self._pending.analyze
        ahead = asked is not None and screen.readout is not None and screen.readout.id >= asked.id
        screen.stale, screen.stale_walk = stale, stale and not ahead

    def reweigh(self, settings: ReadoutSettings | None = None) -> None:
        """Read the logits at hand another way, or another row of them; the model does not run."""
        screen = self._playground
        if settings is not None:
            screen.settings = settings
        loaded, readout = self._status.loaded, screen.readout
        read = readout is not None and readout.id >= self._pending.since
        if loaded is None or loaded.task != self.task or not read:
            self.analyze()  # there are no logits yet to be read another way
            return
        request = Reweigh(self._client.next_id(), screen.settings or ReadoutSettings(), screen.address)
        self._client.send(request)

    def list_checkpoints(self) -> None:
        """Look again which checkpoints are at hand."""
        self._client.send(ListCheckpoints(self._client.next_id(), self.task))

    def inspect(self, typed: str) -> None:
        """Find out what a reference names; the dialog `asking` is told."""
        reference, revision = split_revision(typed)
        self._pending.inspect = self._client.next_id()
        self._client.send(Inspect(self._pending.inspect, reference, self.task, revision))

    def restart(self) -> None:
        """A new engine process: after it stopped for good, or when it hangs."""
        if self._engine == STOPPED:
            self._client.retry()
        else:
            self._client.restart()
        self._engine = RESTARTING
        self.show_status()

    # ------------------------------------------------------------------------------------- events

    def hear(self, notice: Notice) -> None:
        """Everything the engine and its client report arrives here, on the event loop."""
        if self.enquiries.hear(notice) or self.writers.hear(notice):
            return
        match notice:
            case Tokenized() | Forwarded() | Readout() | Answered():
                self._hear_numbers(notice)
            case Progress():
                if self._pending.load is not None and notice.id == self._pending.load.id:
                    self.show_status(progress=notice)
            case Loaded():
                self._hear_loaded(notice)
            case CheckpointsListed():
                self._playground.checkpoints = notice.checkpoints
            case Inspected():
                if self.asking is not None and notice.id == self._pending.inspect:
                    self.asking.found = notice.checkpoint
            case Failed():
                self._hear_failed(notice)
            case Cancelled() | Superseded():
                self._hear_dropped(notice)
            case Pong():
                self.show_status(memory=notice.memory)
            case EngineStarted():
                self._hear_started(notice)
            case EngineLost():
                self._hear_lost(notice)
            case EngineSilent():
                self._hear_silent(notice)
            case _:
                pass  # `Reweighed` and `Ready` say nothing that is shown

    def _hear_numbers(self, event: Tokenized | Forwarded | Readout | Answered) -> None:
        screen = self._playground
        if isinstance(event, Tokenized):
            self._pending.read(event)
        if not self._pending.is_fresh(event):
            return
        match event:
            case Tokenized():
                screen.texts = self._pending.texts_of(event.id)
                screen.tokenized = event
            case Forwarded():
                screen.forwarded = event
                self.show_status(memory=event.memory)
            case Readout():
                screen.readout = event
                self._set_stale(screen.stale)
            case Answered():
                pending = self._pending
                screen.answer = ShownAnswer(event, pending.texts_of(event.id), pending.sequences_of(event.id))
                pending.forget_before(event.id)
                screen.failure = None
                screen.unsay(self._complaint)
                if self._pending.settle(event.id):
                    self._set_stale(False)
                self.show_status(answer_seconds=event.seconds)

    def _hear_loaded(self, loaded: Loaded) -> None:
        screen, pending = self._playground, self._pending
        if loaded.task != self.task:
            return  # the task was left before its checkpoint came
        before = self._status.loaded
        first = before is None or before.task != loaded.task
        checkpoint = loaded.checkpoint
        if pending.load is not None and loaded.id == pending.load.id:
            revision = f"@{pending.load.revision}" if pending.load.revision else ""
            self.model = checkpoint.reference + revision
            pending.load = None
            screen.loading_reference = None
        screen.in_use = checkpoint.reference
        screen.warning = loaded.warning
        screen.failure = None
        screen.unsay(self._complaint)
        if loaded.note:
            screen.say(loaded.note)
        if all(known.reference != checkpoint.reference for known in screen.checkpoints):
            screen.checkpoints = (*screen.checkpoints, checkpoint)
        self.show_status(loaded=loaded, memory=loaded.memory)
        self.enquiries.checkpoint_changed()
        # The first text of a task is asked about already, and waits for this checkpoint alone.
        if not (first and pending.analyze is not None and pending.analyze.id > loaded.id):
            self.analyze()

    def _hear_failed(self, failed: Failed) -> None:
        screen, pending = self._playground, self._pending
        if self.asking is not None and failed.id == pending.inspect:
            self.asking.failed = failed.failure
            return
        if pending.is_outdated(failed.id):
            return
        if pending.load is not None and failed.id == pending.load.id:
            pending.load = None
            screen.loading_reference = None
            self.writers.not_loaded(failed.failure)
        elif pending.settle(failed.id):
            self._set_stale(True)
            if screen.in_use is None and screen.failure is not None:
                self.show_status()
                return  # why there is no model is told already
        self.last_failure = screen.failure = failed.failure
        self._complaint = f"{failed.failure.title}; F4 tells why and what to do"
        screen.say(self._complaint)
        self.show_status()

    def _hear_dropped(self, event: Cancelled | Superseded) -> None:
        pending = self._pending
        if pending.load is not None and event.id == pending.load.id:
            if isinstance(event, Cancelled):
                said = f"Loading {pending.load.reference} was cancelled"
                self._playground.say(said)
                self.writers.not_loaded(Failure("No checkpoint is loaded", f"{said}.", "Choose one."))
            pending.load = None
            self._playground.loading_reference = None
        else:
            pending.settle(event.id)
        self.show_status()

    def _hear_started(self, started: EngineStarted) -> None:
        if started.restarted:
            why = f"{self.last_failure.title}; " if self.last_failure is not None else ""
            self._playground.say(f"{why}a new engine runs, the model is loaded again")
        self._engine = UP
        self.engine_pid = started.ready.pid
        self.log_path = Path(started.ready.log_path)
        self.show_status()

    def _hear_lost(self, lost: EngineLost) -> None:
        self.last_failure = self._playground.failure = lost.failure
        self._set_stale(True)
        self._playground.say(f"{lost.failure.title}; F4 tells why and what to do")
        self._engine = RESTARTING if lost.restarts else STOPPED
        self.show_status()

    def _hear_silent(self, silent: EngineSilent) -> None:
        said = f"The engine has not answered for {silent.seconds:.0f} s; F9 restarts it"
        self._playground.say("" if silent.answering else said)

    # ------------------------------------------------------------------------------------- status

    def _doing(self) -> str:
        """What is waited for; empty when nothing is."""
        if self._engine != UP:
            return self._engine
        if self._pending.load is not None:
            return f"loading {self._pending.load.reference}"
        return "answering" if self._pending.analyze is not None and self._playground.stale else ""

    def _tick(self) -> None:
        if self._status.doing:
            self.show_status()

    def show_status(self, **changes: Any) -> None:
        """Say in the status line what is known now, with some of it new."""
        doing = self._doing()
        if doing != self._status.doing:
            self._doing_since = time.monotonic()
            changes.setdefault("progress", None)
        elapsed = time.monotonic() - self._doing_since
        self._status = replace(self._status, doing=doing, doing_seconds=elapsed, **changes)
        # While the app ends, events still arrive and the lines are gone.
        for line in self._playground.query("#status").results(OneLine):
            line.show(*status_parts(self._status))
