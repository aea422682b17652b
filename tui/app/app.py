"""The application: joins the playground, the engine, the session and the terminal."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import SystemCommand
from textual.reactive import var
from textual.screen import Screen
from textual.timer import Timer

from tui.app.desks import Desks
from tui.app.hangup import on_hangup
from tui.app.keys import TABLE
from tui.app.keys.keymap import usable
from tui.app.news import News
from tui.app.panes.field import Edited
from tui.app.panes.model import ModelPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.task import TaskPane
from tui.app.render.glyphs import visible
from tui.app.screens.frame import Frame
from tui.app.screens.playground import Playground
from tui.app.terminal import closing, palette  # noqa: F401 - they stand in for parts of Textual
from tui.app.typed_ahead import TypedAhead
from tui.app.widgets.frame import Framed
from tui.settings import Settings
from tui.tasks import TASKS
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.app.conversation import Conversation
    from tui.app.engine_client import EngineClient
    from tui.app.keeping import Keeper
    from tui.app.session import Session, SessionFile
    from tui.protocol.rows import ReadoutSettings

MASK = "[MASK]"
"""Understood whatever the tokenizer's own mask is called, and put in where that is not known yet."""
SAVE_AFTER = 1.0
"""Seconds after an edit at which the session is kept."""


class LogitscopeApp(TypedAhead):
    """Owns what lives as long as the program; every pane's state is on the playground screen.

    What the first frame does not show (the talk with the engine, the dialogs) is imported after it.
    """

    TITLE = "Logitscope"
    CSS_PATH = "styles/logitscope.tcss"

    news: var[News] = var(News())
    """How the engine is; every screen tells it."""

    def __init__(
        self,
        settings: Settings,
        make_client: Callable[[], EngineClient],
        session: Session | None = None,
        session_file: SessionFile | None = None,
        said: str = "",
    ) -> None:
        """`session` is gone on with; `session_file` is where it is from, and `said` what there is to say of it."""
        super().__init__(settings.state_folder / "screen.log")
        self.animation_level = "none"
        self._settings = settings
        self._make_client, self._session_file, self._said = make_client, session_file, said
        self._save_timer: Timer | None = None
        self._readings: dict[str, ReadoutSettings | None] = {}
        """How each task's logits were read the last time."""
        self._refused_keys: list[str] = []
        """What is to be told of the person's keys."""
        self._given = session is not None or settings.text is not None or settings.model is not None
        task = session.task if session else settings.task
        self._desks = Desks(session.desks, session.written) if session else Desks()
        if settings.model is not None:
            revision = f"@{settings.revision}" if settings.revision else ""
            self._desks.put(task, model=settings.model + revision)
        desk = self._desks.of(task)
        inputs = dict(desk.inputs)
        caret = session.cursor if session is not None else None
        if settings.text is not None:
            first = TASKS[task].form.fields[0].name
            caret = caret if settings.text == inputs.get(first) else None
            inputs[first] = settings.text
        self.playground = Playground(inputs, task, desk.second_shown, caret)
        self.playground.set_reactive(Playground.options, dict(desk.options))

    @cached_property
    def conversation(self) -> Conversation:
        """The talk with the engine."""
        from tui.app.conversation import Conversation

        task, tell = self.playground.task_name, partial(setattr, self, "news")
        model = self._desks.of(task).model
        return Conversation(self._client, self.playground, self._settings, task, model, tell)

    @cached_property
    def _client(self) -> EngineClient:
        return self._make_client()

    @cached_property
    def keeper(self) -> Keeper:
        """What keeps the session."""
        from tui.app.keeping import Keeper, complain
        from tui.app.session import SessionFile

        file = self._session_file or SessionFile(self._settings.state_folder)
        return Keeper(file, self._session, partial(complain, self), self._given)

    # -------------------------------------------------------------------------------- start and end

    def get_default_screen(self) -> Screen[None]:
        """The playground is the first and only base screen."""
        return self.playground

    def on_mount(self) -> None:
        """The person's keys, and an orderly end when the terminal goes away."""
        self.take_stray()
        keymap, self._refused_keys = usable(self._settings.keymap, TABLE)
        self.set_keymap(keymap)
        on_hangup(self._hang_up, self.exit)

    @on(Playground.Opened)
    def opened(self) -> None:
        """The panes are there."""
        from tui.app.taste import apply_taste

        self.goes_on = True
        apply_taste(self, self._settings.theme, self._refused_keys, self.playground)

    @on(Playground.Ready)
    async def ready(self) -> None:
        """The fields are there: talk to the engine, which was started before, and take what was typed meanwhile."""
        gc.freeze()  # what was made until now stays: no collection has to walk over it again
        gc.enable()
        await self.conversation.begin(self.guarded, self.keeper, self._session_file)
        if self._said:
            self.conversation.tell_of_session(self._said)
        self.hears_of_typing = self._client.typing
        await self.take_typed()

    async def on_unmount(self) -> None:
        """Keep the session, end the engine."""
        try:
            self.keeper.leave(self.conversation.left_open)
        finally:
            await self._client.close()

    def _hang_up(self) -> None:
        """The terminal is gone: nothing can be drawn any more."""
        try:
            self.keeper.leave(self.conversation.left_open)
        finally:
            self._client.kill_now()

    def _session(self) -> Session:
        from tui.app.session import Session

        self._keep_desk()
        playground = self.playground
        desks, caret = self._desks, playground.typed_into[0].caret
        return Session(self.conversation.task, caret, desks.used, desks.kept)

    def _keep_desk(self) -> None:
        """Note what is laid out for the task in use, and how its logits are read."""
        task = self.conversation.task
        self._desks.take(task, self.playground, self.conversation.model)
        self._readings[task] = self.playground.settings

    def _save_soon(self) -> None:
        """Keep the session a moment after the last change."""
        if self._save_timer is not None:
            self._save_timer.stop()
        self._save_timer = self.set_timer(SAVE_AFTER, self.keeper.save)

    # ---------------------------------------------------------------------------------- terminal

    def tell_fall(self, sentence: str) -> None:
        """On the screen below all dialogs, and over a dialog that hides it."""
        stack = self.screen_stack
        next((each for each in reversed(stack) if isinstance(each, Frame)), self.playground).say(sentence)
        if not isinstance(stack[-1], Frame):
            self.notify(visible(sentence), severity="error", markup=False)

    # ------------------------------------------------------------------------- what the person does

    @on(Edited)
    def input_edited(self, event: Edited) -> None:
        """Answer as the person types."""
        self.conversation.analyze(again=False)
        self._save_soon()

    @on(ProbabilitiesPane.SettingsChanged)
    def settings_changed(self, event: ProbabilitiesPane.SettingsChanged) -> None:
        """Read the logits at hand another way."""
        self.conversation.reweigh(event.settings)

    @on(Playground.Readdressed)
    def readdressed(self) -> None:
        """Read another row of the logits at hand."""
        self.conversation.reweigh()

    @on(Playground.Taken)
    def taken(self, event: Playground.Taken) -> None:
        """Put a guess in place of what it is for; undo brings it back."""
        self.playground.fields[0].exchange_part(event.start, event.end, event.text)

    @on(TaskPane.Picked, "#task")
    def task_picked(self, event: TaskPane.Picked) -> None:
        """Go to another task: what was laid out for it the last time, with its checkpoint."""
        task = list(TASKS)[event.index]
        if task != self.conversation.task:
            self._keep_desk()
            desk = self._desks.of(task)
            self.playground.task_name = task
            self.playground.settings = self._readings.get(task)
            self.playground.lay(dict(desk.inputs), dict(desk.options), desk.second_shown)
            self.conversation.take_up(task, desk.model)
            self._save_soon()
        self.playground.close_picker()

    @on(ModelPane.Picked, "#model")
    def model_picked(self, event: ModelPane.Picked) -> None:
        """Load the checkpoint chosen, or ask for one."""
        checkpoints = self.playground.checkpoints
        if event.index >= len(checkpoints):
            self.ask_checkpoint()
            return
        chosen = checkpoints[event.index]
        if not chosen.serves and not chosen.untrained:
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
        """Run the task on the texts again."""
        self.conversation.run()

    def action_example(self) -> None:
        """The next example of the task."""
        from tui.app.examples import show_next

        show_next(self.playground)

    def action_insert_mask(self) -> None:
        """Put a mask where the text cursor stands."""
        if self.conversation.task != "fill-mask":
            self.playground.say("A mask is for the task fill-mask: 1 chooses it")
            return
        shown = self.playground.answer
        view = shown.answered.view if shown is not None else None
        self.playground.fields[0].insert(getattr(view, "mask_token", MASK))

    def action_second_text(self) -> None:
        """Show or hide the second text of a task that can take one."""
        playground = self.playground
        fields = playground.form.fields
        if len(fields) < 2 or not fields[1].optional:
            playground.say(f"{self.conversation.task} takes no further text")
            return
        playground.second_shown = not playground.second_shown
        playground.show_form()
        if playground.second_shown:
            playground.action_pane("second")
        self.conversation.analyze()
        self._save_soon()

    def action_options(self) -> None:
        """Set what the task takes besides its texts."""
        from tui.app.screens.options import OptionsScreen

        dialog = OptionsScreen(self.conversation.task, self.playground.form.options, self.playground.options)
        self.push_screen(dialog, self._options_set)

    def _options_set(self, options: dict[str, Value] | None) -> None:
        if options is not None and options != self.playground.options:
            self.playground.options = options
            self.conversation.analyze()
            self._save_soon()

    def action_turns(self) -> None:
        """Edit the text turn by turn."""
        from tui.app.screens.turns import edit_turns

        edit_turns(self.playground, self._options_set)

    def action_microscope(self) -> None:
        """The views on the tokenizer."""
        from tui.app.screens.microscope import look

        look(self.playground, self.conversation.enquiries)

    def action_write(self) -> None:
        """Write token by token."""
        from tui.app.screens.writing.screen import write

        write(self.playground, self.conversation, self._desks, self._save_soon)

    def action_script(self) -> None:
        """The Python view of what is on screen."""
        from tui.app.screens.script import ScriptScreen

        asked = self.conversation.asked()
        if asked is None:
            self.playground.say("No checkpoint is loaded yet: there is nothing to show in Python")
            return
        self.push_screen(ScriptScreen(asked))

    def action_restart_engine(self) -> None:
        """A new engine process."""
        self.conversation.restart()

    def action_help(self) -> None:
        """Explain the focused pane."""
        from tui.app.screens.reading import TextScreen, help_text

        screen = self.screen if isinstance(self.screen, Frame) else self.playground
        pane = screen.focused
        name, about = (
            (pane.pane_name, pane.about) if isinstance(pane, Framed) else ("Logitscope", screen.HELP)
        )
        own, common = (
            [(" ".join(self.get_key_display(key) for key in keys), what) for keys, what in bound]
            for bound in (screen.own_keys(), screen.common_keys())
        )
        groups = [("Keys of this pane", own), ("Everywhere", common)]
        self.push_screen(TextScreen(name, help_text(about, groups)))

    async def action_log(self) -> None:
        """The last failure in full, with the end of the engine's log."""
        from tui.app.screens.reading import TextScreen, log_end, log_text

        tail = await asyncio.to_thread(log_end, self.conversation.engine.log_path)
        text = log_text(self.conversation.last_failure, self.falls, tail)
        self.push_screen(TextScreen("Last failure and engine log", text))

    def action_jump(self) -> None:
        """Label the panes."""
        from tui.app.screens.jump import jump

        jump(self.playground)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key's command by name, then Textual's own (theme, screenshot, quit)."""
        from tui.app.commands import commands

        yield from commands(screen, self.playground, self.run_action)
        yield from super().get_system_commands(screen)
