"""Asks which row to go to."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from tui.app.screens.news import Modal
from tui.app.widgets.entry import Entry


class FindRow(Modal[str | None]):
    """Dismissed with what is looked for, or None."""

    BINDINGS = [Binding("escape", "give_up", "back", id="find-back", tooltip="Back without looking")]
    DEFAULT_CSS = """
    FindRow { align: center bottom; background: transparent; }
    FindRow > Vertical {
        width: 90%; max-width: 90; height: auto; padding: 0 1; border: round $accent; background: $surface;
    }
    """

    def __init__(self, looked_for: str) -> None:
        super().__init__()
        self._looked_for = looked_for

    def compose(self) -> ComposeResult:
        """One field."""
        with Vertical() as box:
            box.border_title = Content("Find a row")
            box.border_subtitle = Content(
                "enter goes there, then n and N to the next and last; esc goes back"
            )
            yield Entry(
                self._looked_for, placeholder="an id, a label, or a part of one", compact=True, id="find-row"
            )

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Look for it; spaces at its ends are a part of it."""
        event.stop()
        self.dismiss(event.value or None)

    def action_give_up(self) -> None:
        """Back without looking."""
        self.dismiss(None)
