"""The application: joins the playground, the engine, the session and the terminal."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from tui.app.canvas import Canvas
from tui.app.hangup import on_hangup
from tui.app.keys import PANES, TABLE
from tui.app.panes.input import InputPane
from tui.app.panes.model import ModelPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.task import TaskPane
from tui.app.screens.playground import Playground
from tui.app.widgets.frame import Framed
from tui.catalogue import example_inputs
from tui.choices import BUILT_TASKS, TASKS
from tui.settings import Settings

if TYPE_CHECKING:
    from tui.app.conversation import Conversation
    from tui.app.engine_client import EngineClient
    from tui.app.session import Session, SessionFile

SAVE_AFTER = 1.0
"""Seconds after an edit at which the session is kept."""


class LogitscopeApp(App[None]):
    """Owns what lives as long as the program; every pane's state is on the playground screen.

    What the first frame does not show (the talk with the engine, the dialogs) is imported after it.
    """

    TITLE = "Logitscope"
    CSS_PATH = "styles/logitscope.tcss"

    def __init__(
        self, settings: Settings, make_client: Callable[[], EngineClient], session: Session | None = None
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self._settings = settings
        self._make_client = make_client
        self._save_timer: Timer | None = None
        self._canvas = Canvas()
        task = session.task if session else settings.task
        chosen = f"{settings.model}@{settings.revision}" if settings.revision else settings.model
        self._first_task = task
        self._first_model = (session.model if session else None) or chosen
        text = settings.text if settings.text is not None else session.text if session else None
        caret = session.cursor if session is not None and text == session.text else None
        if text is None:
            text = str(example_inputs(task)[0]["text"]) if task in BUILT_TASKS else ""
        self._input = InputPane(text, caret, id="input")
        self.playground = Playground(self._input, task)

    @cached_property
    def conversation(self) -> Conversation:
        """The talk with the engine."""
        from tui.app.conversation import Conversation
        from tui.catalogue import built_in_names

        model = self._first_model or built_in_names(self._first_task)[0]
        return Conversation(self._client, self.playground, self._settings, self._first_task, model)

    @cached_property
    def _client(self) -> EngineClient:
        return self._make_client()

    @cached_property
    def _session_file(self) -> SessionFile:
        from tui.app.session import SessionFile

        return SessionFile(self._settings.state_folder)

    # -------------------------------------------------------------------------------- start and end

    def get_default_screen(self) -> Screen[None]:
        """The playground is the first and only base screen."""
        return self.playground

    def on_mount(self) -> None:
        """The person's keys, and an orderly end when the terminal goes away."""
        self.set_keymap(dict(self._settings.keymap))
        on_hangup(self._hang_up, self.exit)
        self.app_resume_signal.subscribe(self, lambda _: self._canvas.forget())

    @on(Playground.Opened)
    def opened(self) -> None:
        """The panes are there: once they are painted, talk to the engine, which was started before."""
        self._apply_taste()
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        gc.freeze()  # what was made until now stays: no collection has to walk over it again
        gc.enable()
        await self.conversation.begin(self._input.full_text)

    def _apply_taste(self) -> None:
        """The person's theme; what of theme and keys is not known is told."""
        theme = self._settings.theme
        known = {key.id for keys in TABLE.values() for key in keys}
        strange = sorted(set(self._settings.keymap) - known)
        if theme is not None and theme not in self.available_themes:
            names = ", ".join(sorted(self.available_themes))
            self.playground.say(f"There is no theme “{theme}”; the themes are {names}")
        elif theme is not None:
            self.theme = theme
        if strange:
            self.playground.say(f"[keys] names what no key does: {', '.join(strange)}; F1 lists the keys")

    async def on_unmount(self) -> None:
        """Keep the session, end the engine."""
        self._session_file.save_last(self._session())
        await self._client.close()

    def _hang_up(self) -> None:
        """The terminal is gone: nothing can be drawn any more."""
        self._session_file.save_last(self._session())
        self._client.kill_now()

    def _session(self) -> Session:
        from tui.app.session import Session

        conversation = self.conversation
        return Session(self._input.full_text, self._input.caret, conversation.task, conversation.model)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._session_file.save, self._session())
        except OSError as error:
            self.playground.say(f"The session can't be kept: {error}")

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

    # ------------------------------------------------------------------------- what the person does

    @on(InputPane.Edited)
    def input_edited(self, event: InputPane.Edited) -> None:
        """Answer as the person types."""
        self.conversation.analyze(event.text)
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER, self._save)

    @on(ProbabilitiesPane.SettingsChanged)
    def settings_changed(self, event: ProbabilitiesPane.SettingsChanged) -> None:
        """Read the logits at hand another way."""
        self.conversation.reweigh(event.settings)

    @on(TaskPane.Picked, "#task")
    def task_picked(self, event: TaskPane.Picked) -> None:
        """Only what is built can be chosen."""
        task = TASKS[event.index]
        if task not in BUILT_TASKS:
            self.playground.say(f"{task} is not built yet; sentiment-analysis is")
            return
        self.playground.close_picker()

    @on(ModelPane.Picked, "#model")
    def model_picked(self, event: ModelPane.Picked) -> None:
        """Load the checkpoint chosen, or ask for one."""
        checkpoints = self.playground.checkpoints
        if event.index >= len(checkpoints):
            self.ask_checkpoint()
            return
        chosen = checkpoints[event.index]
        if not chosen.serves:
            self.playground.say(f"{chosen.name} can't do {self.conversation.task}: {chosen.note}")
            return
        self.conversation.load(chosen.reference)
        self.playground.close_picker()

    @on(ModelPane.AddRequested)
    def ask_checkpoint(self) -> None:
        """Ask for a folder or a Hub id."""
        from tui.app.screens.ask import AskCheckpoint

        self.conversation.asking = AskCheckpoint(self.conversation.inspect)
        self.push_screen(self.conversation.asking, self._asked)

    def _asked(self, reference: str | None) -> None:
        self.conversation.asking = None
        if reference is not None:
            self.conversation.load(reference)
            self.playground.close_picker()

    @on(ModelPane.RefreshRequested)
    def refresh_requested(self) -> None:
        """Look again which checkpoints are at hand."""
        self.conversation.list_checkpoints()

    @on(ModelPane.CancelRequested)
    def cancel_requested(self) -> None:
        """Stop the load that runs."""
        self.conversation.cancel_load()

    # ------------------------------------------------------------------------------------ actions

    def action_run(self) -> None:
        """Run the task on the text again."""
        self.conversation.analyze(self._input.full_text)

    def action_example(self) -> None:
        """The next example of the task; the text before it comes back by undo."""
        text, shown = self._input.full_text, self._input.text
        if text != shown:
            self.playground.say("The text is longer than the editor shows; clear the field first")
            return
        examples = [str(example["text"]) for example in example_inputs(self.conversation.task)]
        following = examples.index(text) + 1 if text in examples else 0
        self._input.exchange_text(examples[following % len(examples)])

    def action_restart_engine(self) -> None:
        """A new engine process."""
        self.conversation.restart()

    def action_help(self) -> None:
        """Explain the focused pane."""
        from tui.app.screens.reading import TextScreen, help_text

        pane = self.playground.focused
        name, about = (pane.NAME, pane.HELP) if isinstance(pane, Framed) else ("Logitscope", Playground.HELP)
        own, common = (
            [(" ".join(self.get_key_display(key) for key in keys), what) for keys, what in bound]
            for bound in (self.playground.own_keys(), self.playground.common_keys())
        )
        groups = [("Keys of this pane", own), ("Everywhere", common)]
        self.push_screen(TextScreen(name, help_text(about, groups)))

    async def action_log(self) -> None:
        """The last failure in full, with the end of the engine's log."""
        from tui.app.screens.reading import TextScreen, log_end, log_text

        tail = await asyncio.to_thread(log_end, self.conversation.log_path)
        text = log_text(self.conversation.last_failure, tail)
        self.push_screen(TextScreen("Last failure and engine log", text))

    def action_jump(self) -> None:
        """Label the panes."""
        from tui.app.screens.jump import JumpScreen

        regions = {name: self.playground.query_one(f"#{name}").region for name in PANES}
        targets = {
            str(number): (name, regions[name].offset)
            for number, name in enumerate(PANES, start=1)
            if regions[name]
        }
        self.push_screen(JumpScreen(targets), self._jumped)

    def _jumped(self, name: str | None) -> None:
        if name is not None:
            self.playground.action_pane(name)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key's command by name, then Textual's own (theme, screenshot, quit)."""
        playground = self.playground
        for name in PANES:
            yield SystemCommand(f"Go to the {name} pane", "", partial(playground.action_pane, name))
        for room, keys in TABLE.items():
            if room in ("panes", "rows", "pick"):
                continue  # they move a cursor: a name in a list does that worse
            node = playground.query_one(f"#{room}") if room in PANES else playground
            for key in keys:
                yield SystemCommand(key.tooltip, f"key {key.keys}", partial(self._command, key.action, node))
        yield from super().get_system_commands(screen)

    async def _command(self, action: str, node: Widget | Screen[Any]) -> None:
        await self.run_action(action, default_namespace=node)
