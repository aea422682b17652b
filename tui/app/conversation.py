"""The conversation with the engine: requests out, events in, and what they mean for the playground."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer

from tui.app.engine_client import EngineClient, EngineLost, EngineStarted, Notice
from tui.app.engine_news import EngineNews
from tui.app.enquiries import Enquiries
from tui.app.panes.answer import ShownAnswer
from tui.app.pending import Pending, split_revision
from tui.app.screens.playground import Playground
from tui.app.status_line import StatusLine
from tui.app.unanswered import Unanswered
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
from tui.protocol.failures import Failure
from tui.protocol.rows import ReadoutSettings
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.app.keeping import Keeper
    from tui.app.news import News
    from tui.app.screens.ask import AskCheckpoint
    from tui.app.session import SessionFile
    from tui.scripts import Asked

STALE_AFTER = 0.2
"""Seconds without an answer after which the numbers on screen are dimmed; quick answers never flicker."""


class Conversation:
    """Asks the engine and puts its answers on the playground; knows what is still unanswered."""

    def __init__(
        self,
        client: EngineClient,
        playground: Playground,
        settings: Settings,
        task: str,
        model: str | None,
        tell: Callable[[News], None],
    ) -> None:
        """`tell` hears of the engine itself, for all screens."""
        self._client = client
        self.enquiries = Enquiries(client)
        """What is asked about tokenizers."""
        self.writers = Writers(client)
        """What is written token by token."""
        self._playground = playground
        self._settings = settings
        self._pending = Pending()
        self.engine = EngineNews(tell, settings.state_folder / "engine.log")
        self.line = StatusLine(playground, task, self._doing)
        self._stale_timer: Timer | None = None
        self.task = task
        self.model = model
        """What the session keeps: the reference loaded last, with its revision."""
        self.last_failure: Failure | None = None
        self._complaint = ""
        self._unanswered = Unanswered(lambda _: None)
        self._loading_again = False
        """A new engine loads the checkpoint in use."""
        self.asking: AskCheckpoint | None = None
        """The dialog that waits for what a reference names."""

    @property
    def waiting_for_answer(self) -> bool:
        """Whether the latest text is not answered yet."""
        return self._pending.analyze is not None

    # ----------------------------------------------------------------------------------- requests

    async def begin(
        self,
        guarded: Callable[[Callable[[Notice], None]], Callable[[Notice], None]],
        keeper: Keeper,
        resumed: SessionFile | None,
    ) -> None:
        """Join the engine; ask for the model, the first answer and the list of checkpoints.

        `guarded` makes of a listener one that lets no exception through: that would end the link to the engine.
        What `resumed` had asked without an answer is not asked by itself; what is asked now is first noted there.
        """
        self._playground.set_interval(0.25, self.line.tick)
        self._unanswered = Unanswered(keeper.mark)
        if resumed is not None and self.model is not None:
            asked = self._load(self.model), self._analyze()
            await keeper.mark_now(self._unanswered.resume(resumed.left_open, self._client.hold, *asked))
        await self._client.connect(guarded(self.hear))
        self.take_up(self.task, self.model)

    def tell_of_session(self, said: str) -> None:
        """What there is to say of the session that was to be gone on with."""
        self.last_failure = Failure(
            "A session can't be used", said, "The one before it is gone on with, if any."
        )
        self._playground.say("A session can't be used; F4 tells why")

    @property
    def left_open(self) -> str:
        """What a program after this one is not to ask by itself, as the keeper is told."""
        return self._unanswered.left_open

    def take_up(self, task: str, model: str | None) -> None:
        """Do a task with a checkpoint; without one, say what to do."""
        screen = self._playground
        self.cancel_load()
        self._pending.leave(since=self._client.next_id())
        screen.loading_reference = None
        self.task, self.model = task, model
        self.line.show(task=task, answer_seconds=None)
        screen.failure = None
        screen.unsay(self._complaint)
        if model is not None:
            self.load(model)
            self.analyze()
        else:
            self._complaint = f"No built-in checkpoint does {task}: 2, then a names a folder or a Hub id"
            screen.say(self._complaint)
            self._set_stale(True)
            self.line.show()
        self.list_checkpoints()

    def load(self, typed: str) -> None:
        """Load a checkpoint by its reference, `@revision` allowed; the one in use stays until then."""
        request = self._load(typed)
        self._client.send(request)
        self._pending.load, self._playground.loading_reference = request, request.reference
        self.line.show()

    def _load(self, typed: str) -> Load:
        reference, revision = split_revision(typed)
        device, dtype = self._settings.device, self._settings.dtype
        return Load(self._client.next_id(), reference, self.task, device, dtype, revision)

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
        request = self._analyze()
        if not again and self._pending.is_same(request):
            return
        self._client.send(request)
        self._pending.asked(request)
        if self._stale_timer is not None:
            self._stale_timer.stop()
        self._stale_timer = self._playground.set_timer(STALE_AFTER, self._dim)

    def _analyze(self) -> Analyze:
        screen = self._playground
        return Analyze(
            self._client.next_id(),
            self.task,
            screen.current_inputs,
            screen.options,
            screen.settings or ReadoutSettings(),
            screen.address,
            plain_answer=False,
        )

    def run(self) -> None:
        """Run the task on the texts because somebody wants it, also where they are held back."""
        self._client.release()
        self._load_what_is_missing()
        self.analyze()

    def _load_what_is_missing(self) -> None:
        """Load the task's checkpoint where none is in use and none is on its way."""
        if self.model is not None and self._playground.in_use is None and self._pending.load is None:
            self.load(self.model)

    def asked(self) -> Asked | None:
        """What is on screen as a question to a model, for its Python view; None without a checkpoint."""
        from tui.app.asked import asked

        return asked(self._playground, self.line.status.loaded, self.task, self.model, self._pending.since)

    def _dim(self) -> None:
        if self._pending.analyze is not None:
            self._set_stale(True)
            self.line.show()

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
        loaded, readout = self.line.status.loaded, screen.readout
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
        if self.engine.is_stopped:
            self._client.retry()
        else:
            self._client.restart()
        self.engine.restarting()
        self._load_what_is_missing()
        self.line.show()

    # ------------------------------------------------------------------------------------- events

    def hear(self, notice: Notice) -> None:
        """Everything the engine and its client report arrives here, on the event loop."""
        self.engine.hear(notice)
        self._unanswered.hear(notice, self._pending)
        if isinstance(notice, Failed):
            self.last_failure = notice.failure  # whoever asked
        if self.enquiries.hear(notice) or self.writers.hear(notice):
            return
        match notice:
            case Tokenized() | Forwarded() | Readout() | Answered():
                self._hear_numbers(notice)
            case Progress():
                if self._pending.load is not None and notice.id == self._pending.load.id:
                    self.line.show(progress=notice)
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
                self.line.show(memory=notice.memory)
            case EngineStarted():
                self._loading_again = notice.restarted and self._playground.in_use is not None
                self.line.show()
            case EngineLost():
                self._hear_lost(notice)
            case _:
                pass  # `Reweighed` and `Ready` say nothing that is shown

    def _hear_numbers(self, event: Tokenized | Forwarded | Readout | Answered) -> None:
        screen, pending = self._playground, self._pending
        if isinstance(event, Tokenized):
            pending.read(event)
        if not pending.is_fresh(event):
            return
        match event:
            case Tokenized():
                screen.texts = pending.texts_of(event.id)
                screen.tokenized = event
            case Forwarded():
                screen.forwarded = event
                self.line.show(memory=event.memory)
            case Readout():
                screen.readout = event
                self._set_stale(screen.stale)
            case Answered():
                screen.answer = ShownAnswer(event, pending.texts_of(event.id), pending.sequences_of(event.id))
                pending.forget_before(event.id)
                if event.id > pending.failed:
                    screen.failure = None
                    screen.unsay(self._complaint)
                if pending.settle(event.id):
                    self._set_stale(False)
                self.line.show(answer_seconds=event.seconds)

    def _hear_loaded(self, loaded: Loaded) -> None:
        screen, pending = self._playground, self._pending
        self._loading_again = False
        if loaded.task != self.task:
            return  # the task was left before its checkpoint came
        before = self.line.status.loaded
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
        self.line.show(loaded=loaded, memory=loaded.memory)
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
            pending.load = screen.loading_reference = None
            self.writers.not_loaded(failed.failure)
        elif self.line.status.loaded is not None and failed.id == self.line.status.loaded.id:
            screen.in_use, self._loading_again = None, False  # a new engine could not load it again
            self.writers.not_loaded(failed.failure)
            self.line.show(loaded=None)
        elif pending.settle(failed.id):
            self._set_stale(True)
            if screen.in_use is None and screen.failure is not None:
                self.line.show()
                return  # why there is no model is told already
        pending.failed = failed.id
        self.last_failure = screen.failure = failed.failure
        self._complaint = f"{failed.failure.title}; F4 tells why and what to do"
        screen.say(self._complaint)
        self.line.show()

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
        self.line.show()

    def _hear_lost(self, lost: EngineLost) -> None:
        self.last_failure = self._playground.failure = lost.failure
        self._set_stale(True)
        self.line.show()

    # ------------------------------------------------------------------------------------- status

    def _doing(self) -> str:
        """What is waited for; empty when nothing is."""
        if self.engine.state:
            return self.engine.state
        if self._pending.load is not None:
            return f"loading {self._pending.load.reference}"
        if self._loading_again:
            return f"loading {self._playground.in_use} again"
        return "answering" if self._pending.analyze is not None and self._playground.stale else ""
