"""The playground: seven panes on one text, one task and one checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widget import Widget

from tui.app.keys import EVERYWHERE, PANE_KEYS, PANES, TABLE, bindings
from tui.app.panes.answer import AnswerPane
from tui.app.panes.forward import ForwardPane
from tui.app.panes.input import InputPane
from tui.app.panes.model import ModelPane
from tui.app.panes.probabilities import ProbabilitiesPane
from tui.app.panes.task import TaskPane
from tui.app.panes.tokens import TokensPane
from tui.app.render.glyphs import fit, visible
from tui.app.widgets.frame import Framed
from tui.app.widgets.one_line import OneLine
from tui.app.widgets.palette import COMPONENT_CLASSES

if TYPE_CHECKING:
    from tui.protocol import (
        Answered,
        Checkpoint,
        Failure,
        Forwarded,
        Readout,
        ReadoutSettings,
        Tokenized,
    )

MINIMUM = (60, 16)
"""Columns and rows below which the panes make no sense."""


class Playground(Screen[None]):
    """Holds what is shown as reactives that the panes are bound to; posts what the person does."""

    HELP = (
        "Seven panes on one text, one task and one checkpoint. Digits, tab and ctrl+g go from pane to pane."
    )
    BINDINGS = bindings(EVERYWHERE, PANE_KEYS)
    AUTO_FOCUS = "#input"
    COMPONENT_CLASSES = COMPONENT_CLASSES
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-cramped"), (22, "-short"), (32, "-tall")]

    task_name: var[str] = var("")
    checkpoints: var[tuple[Checkpoint, ...]] = var(())
    in_use: var[str | None] = var(None)
    loading_reference: var[str | None] = var(None)
    settings: var[ReadoutSettings | None] = var(None)
    """How the logits are to be read; None: as the pipeline does."""
    tokenized: var[Tokenized | None] = var(None)
    forwarded: var[Forwarded | None] = var(None)
    readout: var[Readout | None] = var(None)
    answered: var[Answered | None] = var(None)
    failure: var[Failure | None] = var(None)
    stale: var[bool] = var(False)
    """The numbers are those of an earlier text or checkpoint."""
    text: var[str] = var("")
    """The text that the tokens shown were made from."""
    cursor: var[int | None] = var(None)
    """The one cursor: position of the selected token."""
    mark: var[tuple[int, int] | None] = var(None)
    unread_from: var[int | None] = var(None)

    class Opened(Message):
        """The panes are there."""

    def __init__(self, input_pane: InputPane, task: str) -> None:
        super().__init__()
        self._input = input_pane
        self._message = ""
        self.zoomed: Widget | None = None
        """The pane that has the whole screen."""
        self.set_reactive(Playground.task_name, task)

    def compose(self) -> ComposeResult:
        """Status, panes, hints."""
        # The classes that Textual would set at the first resize, when every style is resolved already.
        for size, breakpoints in zip(
            self.app.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True
        ):
            self.set_class(True, max(point for point in breakpoints if point[0] <= size)[1], update=False)
        yield OneLine(id="status")
        yield OneLine(id="fold")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield TaskPane(id="task").data_bind(Playground.task_name)
                yield ModelPane(id="model").data_bind(
                    Playground.checkpoints, Playground.in_use, Playground.loading_reference
                )
            with Vertical(id="right"):
                yield self._input.data_bind(Playground.mark, Playground.unread_from)
                yield TokensPane(id="tokens").data_bind(
                    Playground.tokenized, Playground.cursor, Playground.text, Playground.stale
                )
                yield ForwardPane(id="forward").data_bind(Playground.forwarded, Playground.stale)
                yield ProbabilitiesPane(id="probabilities").data_bind(
                    Playground.readout, Playground.settings, Playground.stale
                )
                yield AnswerPane(id="answer").data_bind(
                    Playground.answered, Playground.failure, Playground.stale
                )
        yield OneLine(id="too-small")
        yield OneLine(id="hints")

    def on_mount(self) -> None:
        """Hints follow the focus and the keymap."""
        self.bindings_updated_signal.subscribe(self, lambda _: self.show_hints())
        self.show_fold()
        self.post_message(self.Opened())

    def on_resize(self, event: events.Resize) -> None:
        """Say what is missing when the terminal is too small."""
        columns, rows = event.size
        missing = [
            f"{need - have} {noun}"
            for have, need, noun in ((columns, MINIMUM[0], "columns"), (rows, MINIMUM[1], "rows"))
            if have < need
        ]
        self.set_class(bool(missing), "-too-small")
        if missing:
            said = f"{columns}x{rows}: {' and '.join(missing)} missing for {MINIMUM[0]}x{MINIMUM[1]}; ctrl+q quits"
            self.query_one("#too-small", OneLine).show((((said, "error"),),))

    @property
    def current_text(self) -> str:
        """The text in the input now, all of it."""
        return self._input.full_text

    # ------------------------------------------------------------------------------- hints and cursor

    def say(self, message: str) -> None:
        """A message in the place of the hints until escape is pressed; empty takes it away."""
        self._message = message
        self.show_hints()

    def show_hints(self) -> None:
        """The keys that act now, those of the focused pane first; or the message in their place."""
        if not self.is_mounted:
            return
        line = self.query_one("#hints", OneLine)
        if self._message:
            esc = ((" esc ", "key"), ("dismiss ", "muted"))
            line.show((((f" {visible(self._message)}", "error"),),), esc)
            return
        shown = (*self.own_keys(), *self.common_keys())
        line.show(tuple(self._hint(bound[0]) for bound, _ in shown if bound[0].show))

    def show_fold(self) -> None:
        """What the folded left column holds."""
        model = next((c.name for c in self.checkpoints if c.reference == self.in_use), self.in_use or "–")
        self.query_one("#fold", OneLine).show(
            (
                ((" 1 ", "key"), (f"{self.task_name} ▾ ", "text")),
                ((" 2 ", "key"), (f"{fit(model, 40)} ▾ ", "text")),
            )
        )

    def _hint(self, binding: Binding) -> tuple[tuple[str, str], ...]:
        key = self.app.get_key_display(binding)
        return ((f" {key} ", "key"), (f"{binding.description} ", "muted"))

    def _bindings_of(self, *, own: bool) -> list[tuple[list[Binding], str]]:
        known = {key.id: key.tooltip for keys in TABLE.values() for key in keys}
        found: dict[str, list[Binding]] = {}
        for active in self.active_bindings.values():
            name = active.binding.id
            if name in known and active.enabled and (active.node is not self) == own:
                found.setdefault(name, []).append(active.binding)
        return [(keys, known[name]) for name, keys in found.items()]

    def own_keys(self) -> list[tuple[list[Binding], str]]:
        """What the focused pane's keys do: the keys of each action and a sentence."""
        return self._bindings_of(own=True)

    def common_keys(self) -> list[tuple[list[Binding], str]]:
        """The same for the keys that act in every pane."""
        return self._bindings_of(own=False)

    def watch_failure(self, failure: Failure | None) -> None:
        """A failure gets the room it needs to be read."""
        self.set_class(failure is not None, "-failed")

    def watch_in_use(self) -> None:
        """The fold line names the checkpoint."""
        if self.is_mounted:
            self.show_fold()

    def watch_cursor(self) -> None:
        """One cursor runs through all panes."""
        self._place_mark()

    def watch_tokenized(self, tokenized: Tokenized | None) -> None:
        """The cursor stays on a token; the part that the model doesn't read is marked."""
        if tokenized is None:
            self.cursor = None
        elif self.cursor is not None:
            self.cursor = min(self.cursor, len(tokenized.tokens) - 1)
        self.unread_from = tokenized.unread_from if tokenized else None
        self._place_mark()

    def _place_mark(self) -> None:
        mark = None
        if self.tokenized is not None and self.cursor is not None and self.cursor >= 0:
            token = self.tokenized.tokens[self.cursor]
            if token.start is not None and token.end is not None and token.end > token.start:
                mark = (token.start, token.end)
        self.mark = mark

    @on(TokensPane.TokenMoved)
    def token_moved(self, event: TokensPane.TokenMoved) -> None:
        """A token was selected in Tokens."""
        event.stop()
        self.cursor = event.position

    @on(TokensPane.EditRequested)
    def edit_requested(self, event: TokensPane.EditRequested) -> None:
        """Go on editing at the selected token."""
        event.stop()
        pane = self.query_one(InputPane)
        if self.mark is not None:
            pane.move_caret_to(self.mark[0])
        self.set_focus(pane)

    @on(InputPane.CaretMoved)
    def caret_moved(self, event: InputPane.CaretMoved) -> None:
        """Select the token that the text cursor stands on."""
        event.stop()
        if self.tokenized is None or self.cursor is None:
            return
        for position, token in enumerate(self.tokenized.tokens):
            if token.start is not None and token.end is not None and token.start <= event.offset < token.end:
                self.cursor = position
                return

    # ----------------------------------------------------------------------------------------- actions

    def action_pane(self, name: str) -> None:
        """Go to a pane, wherever it is."""
        pane = self.query_one(f"#{name}", Widget)
        if self.zoomed is not None and self.zoomed is not pane:
            self._zoom(None)
        self.set_class(name in PANES[:2], "-picking")
        self.set_focus(pane)  # at once: `focus()` waits, and keys typed ahead would go to the old pane

    def action_digit(self, name: str) -> None:
        """Go to a pane by its digit."""
        self.action_pane(name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a text field a digit is a digit."""
        return not (action == "digit" and isinstance(self.focused, InputPane))

    def action_zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        if self.zoomed is not None:
            self._zoom(None)
        elif isinstance(self.focused, Framed):
            self._zoom(self.focused)

    def _zoom(self, pane: Widget | None) -> None:
        if self.zoomed is not None:
            self.zoomed.remove_class("-zoom")
        self.zoomed = pane
        self.set_class(pane is not None, "-zoomed")
        if pane is not None:
            pane.add_class("-zoom")
            self.set_class(pane.id in PANES[:2], "-zoomed-left")

    def action_leave(self) -> None:
        """Close what is open, innermost first."""
        if self._message:
            self.say("")
        elif self.zoomed is not None:
            self._zoom(None)
        elif self.has_class("-picking") and self.has_class("-narrow"):
            self.close_picker()
        elif self.focused is not None and self.focused.id == "input":
            self.action_pane("tokens")

    def close_picker(self) -> None:
        """Fold the left column again on a narrow screen."""
        if self.has_class("-picking"):
            self.remove_class("-picking")
            if self.has_class("-narrow"):
                self.set_focus(self.query_one(InputPane))

    @on(events.DescendantFocus)
    def folded(self, event: events.DescendantFocus) -> None:
        """Tab into the left column opens it on a narrow screen, tab out of it folds it."""
        if self.zoomed is not None and self.zoomed is not event.widget:
            self._zoom(None)
        self.set_class(event.widget.id in PANES[:2], "-picking")

    @on(events.Click, "#fold")
    def unfold(self) -> None:
        """The fold line opens the left column."""
        self.action_pane("task")
