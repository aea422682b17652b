"""Asks for a name or a path."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui.app.screens.dialog import Dialog
from tui.app.widgets.entry import Entry


class AskPath(Dialog[str | None]):
    """Dismissed with what was typed, or None."""

    BINDINGS = [Binding("escape", "give_up", "back", id="path-back", tooltip="Back without a change")]

    def __init__(self, title: str, about: str, typed: str) -> None:
        super().__init__()
        self._title = title
        self._about = about
        self._typed = typed

    def compose(self) -> ComposeResult:
        """One field, and what it takes."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("enter takes it, esc goes back")
            yield Entry(self._typed, compact=True, select_on_focus=False, id="path")
            yield Static(Content(self._about), markup=False)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Take it."""
        event.stop()
        self.dismiss(event.value.strip())

    def action_give_up(self) -> None:
        """Back without a change."""
        self.dismiss(None)
