"""Asks for a folder or a Hub id and shows what is there before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input, Static

from tui.app.panes.model import facts
from tui.app.render.glyphs import visible
from tui.app.screens.dialog import Dialog
from tui.app.widgets.entry import Entry

if TYPE_CHECKING:
    from tui.protocol.checkpoints import Checkpoint
    from tui.protocol.failures import Failure


class AskCheckpoint(Dialog[str | None]):
    """Dismissed with the reference to load, or None."""

    BINDINGS = [Binding("escape", "give_up", "back", id="ask-back", tooltip="Back without loading")]
    DEFAULT_CSS = "#ask-facts { margin-top: 1; height: auto; }"

    found: var[Checkpoint | None] = var(None)
    failed: var[Failure | None] = var(None)

    def __init__(self, look: Callable[[str], None], reference: str = "") -> None:
        """`look` asks what a reference names; the answer is to be set as `found` or `failed`."""
        super().__init__()
        self._ask_about = look
        self._field = Entry(
            reference,
            placeholder="a folder, or a Hub id such as owner/name or owner/name@revision",
            compact=True,
            select_on_focus=False,
        )

    def compose(self) -> ComposeResult:
        """A field and what is known of what it names."""
        with Vertical(id="ask", classes="box") as box:
            box.border_title = Content("Load a checkpoint")
            box.border_subtitle = Content("enter loads, esc goes back")
            yield self._field
            yield Static("", id="ask-facts", markup=False)

    def on_mount(self) -> None:
        """Describe what stands there already, and go on looking as it is typed."""
        self._say(Content("A folder is read where the engine runs. A Hub id is looked up when you pause."))
        self._pause = self.set_timer(0.4, self._look, pause=True)

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Look once the typing pauses."""
        event.stop()
        self._pause.stop()
        self._pause = self.set_timer(0.4, self._look)

    def _look(self) -> None:
        reference = self.reference
        if reference:
            self._say(Content(f"Looking at {visible(reference)} …"))
            self._ask_about(reference)

    @property
    def reference(self) -> str:
        """What is typed."""
        return self._field.value.strip()

    def watch_found(self, found: Checkpoint | None) -> None:
        """Show what the checkpoint is."""
        if found is not None:
            rows = [(name, visible(value)) for name, value in facts(found)]
            width = max(len(name) for name, _ in rows)
            self._say(Content("\n".join(f"{name:<{width}}  {value}" for name, value in rows)))

    def watch_failed(self, failed: Failure | None) -> None:
        """Say why there is nothing."""
        if failed is not None:
            said = f"✗ {failed.title}\n{failed.detail}\n→ {failed.hint}"
            self._say(Content("\n".join(visible(line) for line in said.split("\n"))))

    def _say(self, content: Content) -> None:
        for line in self.query("#ask-facts").results(Static):  # none where the dialog is closed meanwhile
            line.update(content)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Load it."""
        event.stop()
        if self.reference:
            self.dismiss(self.reference)

    def action_give_up(self) -> None:
        """Back without loading."""
        self.dismiss(None)
