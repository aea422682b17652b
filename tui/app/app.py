"""The application: routes what the person does to the engine as requests, and events back to the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from textual import events, on
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from tui.app.canvas import Canvas
from tui.app.engine_client import EngineClient, EngineLost, EngineSilent, EngineStarted, Notice
from tui.app.hangup import on_hangup
from tui.app.keys import PANES, TABLE
from tui.app.panes.input import InputPane
from tui.app.panes.model import ModelPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.task import TaskPane
from tui.app.pending import Pending, split_revision
from tui.app.render.status import Status, status_parts
from tui.app.samples import SAMPLES
from tui.app.screens.ask import AskCheckpoint
from tui.app.screens.jump import JumpScreen
from tui.app.screens.playground import Playground
from tui.app.screens.reading import TextScreen, help_text, log_tail, log_text
from tui.app.session import Session, SessionFile
from tui.app.widgets.frame import Framed
from tui.app.widgets.one_line import OneLine
from tui.catalogue import built_in_names
from tui.protocol import (
    BUILT_TASKS,
    TASKS,
    Analyze,
    Answered,
    Cancel,
    Cancelled,
    CheckpointsListed,
    Failed,
    Failure,
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

STARTING, UP = "starting the engine", "up"
RESTARTING, STOPPED = "restarting the engine", "engine stopped; F9 starts it"
STALE_AFTER = 0.2
"""Seconds without an answer after which the numbers on screen are dimmed; quick answers never flicker."""
SAVE_AFTER = 1.0
"""Seconds after an edit at which the session is kept."""


class LogitscopeApp(App[None]):
    """Owns the engine client and nothing of the model; every pane's state is on the playground screen."""

    TITLE = "Logitscope"
    CSS_PATH = "styles/logitscope.tcss"

    def __init__(self, settings: Settings, client: EngineClient, session: Session | None = None) -> None:
        super().__init__()
        self.animation_level = "none"
        self._settings = settings
        self._client = client
        self._session_file = SessionFile(settings.state_folder)
        self._task_name = session.task if session else settings.task
        self._model = (
            (session.model if session else None) or settings.model or built_in_names(self._task_name)[0]
        )
        text = settings.text if settings.text is not None else session.text if session else None
        caret = session.cursor if session is not None and text == session.text else None
        self._input = InputPane(SAMPLES[self._task_name] if text is None else text, caret, id="input")
        self._playground = Playground(self._input, self._task_name)
        self._canvas = Canvas()
        self._engine = STARTING
        self.engine_pid: int | None = None
        """Process id of the engine on its machine, once it is up."""
        self._log_path = settings.state_folder / "engine.log"
        self._status = Status(task=self._task_name)
        self._pending = Pending()
        self._doing_since = time.monotonic()
        self._stale_timer: Timer | None = None
        self._save_timer: Timer | None = None
        self._asking: AskCheckpoint | None = None
        self._last_failure: Failure | None = None

    # -------------------------------------------------------------------------------- start and end

    def get_default_screen(self) -> Screen[None]:
        """The playground is the first and only base screen."""
        return self._playground

    def on_mount(self) -> None:
        """The person's theme and keys, and an orderly end when the terminal goes away."""
        if self._settings.theme is not None:
            self.theme = self._settings.theme
        self.set_keymap(dict(self._settings.keymap))
        on_hangup(self._hang_up, self.exit)
        self.app_resume_signal.subscribe(self, lambda _: self._canvas.forget())

    @on(Playground.Opened)
    async def opened(self) -> None:
        """Join the engine, which was started before; ask for the model and the first answer."""
        self.set_interval(0.25, self._tick)
        await self._client.connect(self.hear)
        self._load(self._model, self._settings.revision)
        self._analyze()
        self._client.send(ListCheckpoints(self._client.next_id(), self._task_name))
        self.show_status()

    async def on_unmount(self) -> None:
        """Keep the session, end the engine."""
        self._session_file.save_last(self._session())
        await self._client.close()

    def _hang_up(self) -> None:
        """The terminal is gone: nothing can be drawn any more."""
        self._session_file.save_last(self._session())
        self._client.kill_now()

    def _session(self) -> Session:
        return Session(self._input.full_text, self._input.caret, self._task_name, self._model)

    @property
    def waiting_for_answer(self) -> bool:
        """Whether the latest text is not answered yet."""
        return self._pending.analyze is not None

    # ---------------------------------------------------------------------------------- terminal

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Send only the cells that differ (Textual's one way to the terminal, see `Canvas`)."""
        super()._display(screen, self._canvas.reduced(renderable, self.size))

    def on_resize(self, event: events.Resize) -> None:
        """Terminals do as they like with what they showed before."""
        self._canvas.forget()

    def action_repaint(self) -> None:
        """Send the whole screen again, whatever the terminal shows."""
        self._canvas.forget()
        self.screen.refresh()

    # ----------------------------------------------------------------------------------- requests

    def _load(self, reference: str, revision: str | None = None) -> None:
        settings = self._settings
        request = Load(
            self._client.next_id(), reference, self._task_name, settings.device, settings.dtype, revision
        )
        self._client.send(request)
        self._pending.load = request
        self._playground.loading_reference = reference
        self.show_status()

    def _analyze(self) -> None:
        text = self._input.full_text
        request = Analyze(self._client.next_id(), self._task_name, text, self._playground.settings)
        self._client.send(request)
        self._pending.asked(request)
        if self._stale_timer is not None:
            self._stale_timer.stop()
        self._stale_timer = self.set_timer(STALE_AFTER, self._dim)

    def _dim(self) -> None:
        if self._pending.analyze is not None:
            self._playground.stale = True
            self.show_status()

    @on(InputPane.Edited)
    def input_edited(self, event: InputPane.Edited) -> None:
        """Answer as the person types."""
        self._analyze()
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER, self._save)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._session_file.save, self._session())
        except OSError as error:
            self._playground.say(f"The session can't be kept: {error}")

    @on(ProbabilitiesPane.SettingsChanged)
    def settings_changed(self, event: ProbabilitiesPane.SettingsChanged) -> None:
        """Read the logits at hand another way; the model does not run."""
        self._playground.settings = event.settings
        self._client.send(Reweigh(self._client.next_id(), event.settings))

    @on(TaskPane.Picked, "#task")
    def task_picked(self, event: TaskPane.Picked) -> None:
        """Only what is built can be chosen."""
        task = TASKS[event.index]
        if task not in BUILT_TASKS:
            self._playground.say(f"{task} is not built yet; sentiment-analysis is")
            return
        self._playground.close_picker()

    @on(ModelPane.Picked, "#model")
    def model_picked(self, event: ModelPane.Picked) -> None:
        """Load the checkpoint chosen, or ask for one."""
        checkpoints = self._playground.checkpoints
        if event.index >= len(checkpoints):
            self._ask()
            return
        chosen = checkpoints[event.index]
        if not chosen.serves:
            self._playground.say(f"{chosen.name} can't do {self._task_name}: {chosen.note}")
            return
        self._load(chosen.reference)
        self._playground.close_picker()

    @on(ModelPane.AddRequested)
    def add_requested(self) -> None:
        """Ask for a folder or a Hub id."""
        self._ask()

    @on(ModelPane.RefreshRequested)
    def refresh_requested(self) -> None:
        """Look again which checkpoints are at hand."""
        self._client.send(ListCheckpoints(self._client.next_id(), self._task_name))

    @on(ModelPane.CancelRequested)
    def cancel_requested(self) -> None:
        """Stop the load that runs; the checkpoint in use stays."""
        if self._pending.load is not None:
            self._client.send(Cancel(self._client.next_id(), self._pending.load.id))

    def _ask(self) -> None:
        self._asking = AskCheckpoint()
        self.push_screen(self._asking, self._asked)

    def _asked(self, reference: str | None) -> None:
        self._asking = None
        if reference is not None:
            self._load(*split_revision(reference))
            self._playground.close_picker()

    @on(AskCheckpoint.LookRequested)
    def look_requested(self, event: AskCheckpoint.LookRequested) -> None:
        """Find out what a reference names."""
        reference, revision = split_revision(event.reference)
        self._pending.inspect = self._client.next_id()
        self._client.send(Inspect(self._pending.inspect, reference, self._task_name, revision))

    # ------------------------------------------------------------------------------------- events

    def hear(self, notice: Notice) -> None:
        """Everything the engine and its client report arrives here, on the event loop."""
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
                if self._asking is not None and notice.id == self._pending.inspect:
                    self._asking.found = notice.checkpoint
            case Failed():
                self._hear_failed(notice)
            case Cancelled() | Superseded():
                self._hear_dropped(notice.id, isinstance(notice, Cancelled))
            case Pong():
                self.show_status(memory=notice.memory)
            case EngineStarted():
                self._hear_started(notice)
            case EngineLost():
                self._hear_lost(notice)
            case EngineSilent():
                self._hear_silent(notice)
            case _:
                pass

    def _hear_numbers(self, event: Tokenized | Forwarded | Readout | Answered) -> None:
        screen = self._playground
        if not self._pending.is_fresh(event):
            return
        match event:
            case Tokenized():
                screen.text = self._pending.text_of(event.id)
                screen.tokenized = event
            case Forwarded():
                screen.forwarded = event
                self.show_status(memory=event.memory)
            case Readout():
                screen.readout = event
            case Answered():
                screen.answered = event
                screen.failure = None
                if self._pending.settle(event.id):
                    screen.stale = False
                self.show_status(answer_seconds=event.seconds)

    def _hear_loaded(self, loaded: Loaded) -> None:
        first = self._playground.in_use is None
        if self._pending.load is not None and loaded.id == self._pending.load.id:
            self._pending.load = None
            self._playground.loading_reference = None
            self.show_status()
        self._model = loaded.checkpoint.reference
        self._playground.in_use = self._model
        self._playground.failure = None
        self.show_status(loaded=loaded, memory=loaded.memory)
        if loaded.note:
            self._playground.say(loaded.note)
        if all(known.reference != self._model for known in self._playground.checkpoints):
            self._playground.checkpoints = (*self._playground.checkpoints, loaded.checkpoint)
        if not (first and self._pending.analyze is not None):
            self._analyze()

    def _hear_failed(self, failed: Failed) -> None:
        screen, pending = self._playground, self._pending
        if self._asking is not None and failed.id == pending.inspect:
            self._asking.failed = failed.failure
            return
        self._last_failure = failed.failure
        if pending.load is not None and failed.id == pending.load.id:
            pending.load = None
            screen.loading_reference = None
            self.show_status()
        elif pending.settle(failed.id):
            screen.stale = True
            self.show_status()
        screen.failure = failed.failure
        screen.say(failed.failure.title)

    def _hear_dropped(self, request_id: int, cancelled: bool) -> None:
        pending = self._pending
        if pending.load is not None and request_id == pending.load.id:
            if cancelled:
                self._playground.say(f"Loading {pending.load.reference} was cancelled")
            pending.load = None
            self._playground.loading_reference = None
            self.show_status()
        elif pending.settle(request_id):
            self.show_status()

    def _hear_started(self, started: EngineStarted) -> None:
        if started.restarted:
            self._playground.say("The engine was started again; the model is loaded again")
        self._engine = UP
        self.engine_pid = started.ready.pid
        self._log_path = Path(started.ready.log_path)
        self.show_status()

    def _hear_lost(self, lost: EngineLost) -> None:
        self._last_failure = lost.failure
        self._playground.stale = True
        self._playground.failure = lost.failure
        self._playground.say(lost.failure.title)
        self._engine = RESTARTING if lost.restarts else STOPPED
        self.show_status()

    def _hear_silent(self, silent: EngineSilent) -> None:
        if silent.answering:
            self._playground.say("")
        else:
            self._playground.say(f"The engine has not answered for {silent.seconds:.0f} s; F9 restarts it")

    # ------------------------------------------------------------------------------------- status

    def _doing(self) -> str:
        """What is waited for; empty when nothing is."""
        if self._engine != "up":
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
        if self._playground.is_mounted:
            self._playground.query_one("#status", OneLine).show(*status_parts(self._status))

    # ------------------------------------------------------------------------------------ actions

    def action_run(self) -> None:
        """Run the task on the text again."""
        self._analyze()

    def action_restart_engine(self) -> None:
        """A new engine process: after it stopped for good, or when it hangs."""
        if self._engine == STOPPED:
            self._engine = RESTARTING
            self._client.retry()
        else:
            self._client.restart()
        self.show_status()

    def action_help(self) -> None:
        """Explain the focused pane."""
        pane = self._playground.focused
        about = pane.HELP if isinstance(pane, Framed) else Playground.HELP
        name = pane.NAME if isinstance(pane, Framed) else "Logitscope"
        own, common = (
            [(" ".join(self.get_key_display(key) for key in keys), what) for keys, what in bound]
            for bound in (self._playground.own_keys(), self._playground.common_keys())
        )
        self.push_screen(
            TextScreen(name, help_text(about, [("Keys of this pane", own), ("Everywhere", common)]))
        )

    async def action_log(self) -> None:
        """The last failure in full, with the end of the engine's log."""
        tail = await asyncio.to_thread(log_tail, self._log_path)
        self.push_screen(TextScreen("Last failure and engine log", log_text(self._last_failure, tail)))

    def action_jump(self) -> None:
        """Label the panes."""
        targets = {}
        for number, name in enumerate(PANES, start=1):
            region = self._playground.query_one(f"#{name}").region
            if region:
                targets[str(number)] = (name, region.offset)
        self.push_screen(JumpScreen(targets), self._jumped)

    def _jumped(self, name: str | None) -> None:
        if name is not None:
            self._playground.action_pane(name)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key's command by name, then Textual's own (theme, screenshot, quit)."""
        playground = self._playground
        for room, keys in TABLE.items():
            node = playground.query_one(f"#{room}") if room in PANES else playground
            if room in ("rows", "pick"):
                continue  # they move a cursor: a name in a list does that worse
            for key in keys:
                title = key.tooltip.partition(";")[0]
                yield SystemCommand(title, f"key {key.keys}", partial(self._run_command, key.action, node))
        yield from super().get_system_commands(screen)

    async def _run_command(self, action: str, node: Widget | Screen[Any]) -> None:
        await self.run_action(action, default_namespace=node)
