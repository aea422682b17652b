"""A conversation edited turn by turn; what the model makes of it is seen above while it is typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static, TextArea

from tui.app.render.glyphs import visible
from tui.app.screens.news import Modal
from tui.app.widgets.editor import EDITOR_CHARACTERS
from tui.app.widgets.turn_editor import TurnEditor
from tui.tasks.chat import ROLES, Turn, text_of, turns_of

if TYPE_CHECKING:
    from tui.app.panes.input import InputPane
    from tui.app.screens.playground import Playground
    from tui.protocol.failures import Failure
    from tui.tasks.forms import Value

PAUSE = 0.2
"""Seconds without a key after which the playground shows what is typed."""
_ROW_CHARACTERS = 400
"""A row shows no more of a turn: no terminal is wider."""


def edit_turns(playground: Playground, set_options: Callable[[dict[str, Value]], None]) -> None:
    """Open the dialog on the playground's first text; while it is open the text is read as turns."""
    if all(option.name != "chat" for option in playground.form.options):
        playground.say("A conversation is for the task text-generation: 1 chooses it")
        return
    pane, options = playground.fields[0], playground.options
    if pane.full_text != pane.text:
        playground.say("The text is longer than the editor shows; clear the field first")
        return
    draft = Draft(pane)

    def closed(kept: bool | None) -> None:
        if not kept:
            draft.take_back()
            set_options(options)

    set_options({**options, "chat": True})
    playground.app.push_screen(TurnsScreen(draft, playground), closed)


class Draft:
    """Turns in place of a field's own text while it is open whether they stay; in the end one edit to undo."""

    def __init__(self, pane: InputPane) -> None:
        self._pane = pane
        self._own = pane.text
        self._lies = False
        self.turns = turns_of(self._own)
        """What the field's own text is read as."""

    def put(self, turns: tuple[Turn, ...]) -> None:
        """Put turns in place of the field's own, or of the draft before. Raises ValueError for too long a text."""
        text = self._own if turns == self.turns else text_of(turns)
        if len(text) > EDITOR_CHARACTERS:
            raise ValueError(f"{len(text):,} characters; the field holds {EDITOR_CHARACTERS:,}")
        if text != self._pane.text:
            self.take_back()
            if text != self._own:
                self._pane.exchange_text(text)
                self._lies = True

    def take_back(self) -> None:
        """The field's own text again; redo brings the draft back."""
        if self._lies:
            self._pane.undo()
            self._lies = False


class TurnsScreen(Modal[bool]):
    """Hands every change to the draft once the typing pauses; dismissed with whether it is to stay."""

    BINDINGS = [
        Binding("ctrl+n", "add", "new turn", id="turns-add", tooltip="Begin a new turn after this one"),
        Binding("ctrl+r", "role", "role", id="turns-role", tooltip="Let another role say this turn"),
        Binding("tab", "go(1)", "next", id="turns-next", tooltip="Edit the next turn"),
        Binding("shift+tab", "go(-1)", "previous", id="turns-previous", tooltip="Edit the turn before"),
        Binding("f4,ctrl+up", "move(-1)", "move up", id="turns-up", tooltip="Move this turn up"),
        Binding("f5,ctrl+down", "move(1)", "move down", id="turns-down", tooltip="Move this turn down"),
        Binding("f8", "remove", "remove", id="turns-remove", tooltip="Remove this turn"),
        Binding("ctrl+t", "keep", "keep", id="turns-keep", tooltip="Keep the conversation as it is now"),
        Binding("escape", "give_up", "as before", id="turns-back", tooltip="Back, with the text of before"),
    ]
    DEFAULT_CSS = """
    TurnsScreen { align: center bottom; background: transparent; }
    TurnsScreen > Vertical {
        width: 100%; height: 60%; padding: 0 1; border: round $accent; background: $surface;
    }
    TurnsScreen VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    TurnsScreen .rows { text-wrap: nowrap; text-overflow: ellipsis; }
    TurnsScreen Horizontal { height: auto; }
    TurnsScreen #turn-name { width: 16; color: $accent; text-style: bold; }
    TurnsScreen TurnEditor { height: auto; padding: 0; background: $background; }
    TurnsScreen #turns-wrong { max-height: 4; color: $error; }
    TurnsScreen #turns-hints { color: $foreground 60%; }
    """

    def __init__(self, draft: Draft, playground: Playground) -> None:
        super().__init__()
        self._draft = draft
        self._playground = playground
        self._turns = draft.turns
        self._at = len(self._turns) - 1
        """Which turn is in the editor."""
        self._given = ""
        """That turn as the editor was given it; the editor makes one kind of line break of all."""
        self._before: list[tuple[tuple[Turn, ...], int]] = []
        """What ctrl+z brings back: turns, and which was in the editor."""

    def compose(self) -> ComposeResult:
        """The turns before, the one in the editor, the turns after."""
        with Vertical():
            with VerticalScroll(can_focus=False):
                yield Static(id="turns-above", classes="rows", markup=False)
                with Horizontal():
                    yield Static(id="turn-name", markup=False)
                    yield TurnEditor(self._leave, self._take_back)
                yield Static(id="turns-below", classes="rows", markup=False)
            yield Static(id="turns-wrong", markup=False)
            yield Static(id="turns-hints", markup=False)

    def on_mount(self) -> None:
        """Begin with the last turn; tell at once what the engine says of the template."""
        self._editor = self.query_one(TurnEditor)
        self._pause = self.set_timer(PAUSE, self._put, pause=True)
        self._show()
        self.watch(self._playground, "failure", self._tell)
        self._hint()

    def _hint(self) -> None:
        """The keys, by the person's keymap."""
        keys: dict[str | None, Binding] = {}
        for active in self.active_bindings.values():
            keys.setdefault(active.binding.id, active.binding)
        parts: list[tuple[str, str] | str] = []
        for key in self.BINDINGS:
            if isinstance(key, Binding) and key.id in keys:
                parts += [(self.app.get_key_display(keys[key.id]), "bold $accent"), f" {key.description}  "]
        self.query_one("#turns-hints", Static).update(Content.assemble(*parts))

    # ------------------------------------------------------------------------------------ what is shown

    def _show(self, cursor: tuple[int, int] | None = None) -> None:
        """Put the turn in use into the editor, the others around it; the text cursor at the end of itself."""
        turn = self._turns[self._at]
        self._editor.load_text(turn.content)
        self._given = self._editor.text
        self._editor.move_cursor(self._editor.document.end if cursor is None else cursor)
        rows = [_row(number, each) for number, each in enumerate(self._turns, start=1)]
        for name, part in (("above", rows[: self._at]), ("below", rows[self._at + 1 :])):
            static = self.query_one(f"#turns-{name}", Static)
            static.update(Content("\n".join(part)))
            static.display = bool(part)
        self.query_one("#turn-name", Static).update(Content(f"▸{_head(self._at + 1, turn)}"))
        self.query_one(Vertical).border_title = Content(f"Turn {self._at + 1} of {len(self._turns)}")
        self.call_after_refresh(self._editor.scroll_visible, animate=False)

    def on_resize(self) -> None:
        """The editor is never higher than what it is seen in."""
        self.call_after_refresh(self._limit_height)

    def _limit_height(self) -> None:
        for seen in self.query(VerticalScroll):  # none where it was closed meanwhile
            self._editor.styles.max_height = max(1, seen.size.height)
            self._editor.scroll_visible(animate=False)

    def _tell(self, failure: Failure | None) -> None:
        """What went wrong, and what to do."""
        if failure is None:
            self._say("")
        else:
            self._say(f"✗ {failure.title}: {failure.detail}\n→ {failure.hint}")

    def _say(self, words: str) -> None:
        wrong = self.query_one("#turns-wrong", Static)
        wrong.update(Content("\n".join(visible(line) for line in words.split("\n"))))
        wrong.display = bool(words)
        self.call_after_refresh(self._limit_height)

    # ------------------------------------------------------------------------------------ what is typed

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns with what is typed."""
        text = self._editor.text
        return (
            self._turns if text == self._given else self._with(replace(self._turns[self._at], content=text))
        )

    def _with(self, *turns: Turn) -> tuple[Turn, ...]:
        """The turns with others in place of the one in use."""
        return (*self._turns[: self._at], *turns, *self._turns[self._at + 1 :])

    @on(TextArea.Changed)
    def typed(self, event: TextArea.Changed) -> None:
        """Show it on the playground once the typing pauses."""
        event.stop()
        self._editor.scroll_visible(animate=False)
        self._pause.stop()
        self._pause = self.set_timer(PAUSE, self._put)

    def _put(self) -> bool:
        """Hand the turns over; whether they fit."""
        try:
            self._draft.put(self.turns)
        except ValueError as error:
            self._say(f"✗ {error}\n→ Shorten a turn, or remove one.")
            return False
        self._tell(self._playground.failure)
        return True

    # ----------------------------------------------------------------------------------- whole turns

    def _go(
        self, to: int, turns: tuple[Turn, ...] | None = None, cursor: tuple[int, int] | None = None
    ) -> None:
        """Edit another turn, perhaps of other turns; ctrl+z comes back."""
        for after in (self.turns, turns):
            if after is not None and after != self._turns:
                self._before.append((self._turns, self._at))
                self._turns = after
        self._at = to
        self._show(cursor)

    def _leave(self, by: int) -> bool:
        """Go some turns on by the text cursor; whether there is one."""
        to = self._at + by
        if not 0 <= to < len(self._turns):
            return False
        self._go(to, cursor=(0, 0) if by > 0 else None)
        return True

    def _take_back(self) -> None:
        """As it was before the last change to whole turns."""
        if self._before:
            self._turns, self._at = self._before.pop()
            self._show()

    def action_go(self, by: int) -> None:
        """Edit a turn some turns on, from the last one the first."""
        self._go((self._at + by) % len(self._turns))

    def action_role(self) -> None:
        """The next role says this turn."""
        turn = self.turns[self._at]
        role = ROLES[(ROLES.index(turn.role) + 1) % len(ROLES)]
        self._go(self._at, self._with(replace(turn, role=role)), self._editor.cursor_location)

    def action_add(self) -> None:
        """A new turn after this one: user and assistant take turns."""
        turn = self.turns[self._at]
        answer = Turn("assistant" if turn.role == "user" else "user", "")
        self._go(self._at + 1, self._with(turn, answer))

    def action_move(self, by: int) -> None:
        """This turn and its neighbor change places."""
        to = self._at + by
        if 0 <= to < len(self._turns):
            turns = list(self.turns)
            turns[self._at], turns[to] = turns[to], turns[self._at]
            self._go(to, tuple(turns), self._editor.cursor_location)

    def action_remove(self) -> None:
        """Remove this turn; of the only one its text."""
        self._go(max(0, min(self._at, len(self._turns) - 2)), self._with() or (Turn("user", ""),))

    @on(events.Click, "#turns-above")
    @on(events.Click, "#turns-below")
    def clicked(self, event: events.Click) -> None:
        """Edit the turn of a row."""
        if event.widget is not None:
            self._go(event.y + (self._at + 1 if event.widget.id == "turns-below" else 0))

    # ------------------------------------------------------------------------------------------ the end

    def action_keep(self) -> None:
        """The conversation stays as it is now, if the field holds it."""
        if self._put():
            self.dismiss(True)

    def action_give_up(self) -> None:
        """As it was."""
        self._pause.stop()
        self.dismiss(False)


def _head(number: int, turn: Turn) -> str:
    """A turn's number and role, 15 cells wide."""
    return f"{number:>3} {turn.role:<11}"


def _row(number: int, turn: Turn) -> str:
    """A turn in one line."""
    return f" {_head(number, turn)}{visible(turn.content[:_ROW_CHARACTERS])}"
