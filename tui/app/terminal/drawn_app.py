"""An app that sends its terminal only the cells that differ from what it shows."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.screen import Screen

from tui.app.terminal import focus  # noqa: F401 - which changes Textual
from tui.app.terminal.canvas import Canvas


class DrawnApp(App[None]):
    """Knows what the terminal shows."""

    def __init__(self) -> None:
        super().__init__()
        self._canvas = Canvas()

    def on_mount(self) -> None:
        """What ran in the meantime wrote over the screen."""
        self.app_resume_signal.subscribe(self, lambda _: self._canvas.forget())

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Textual's one way to the terminal; in a batch nothing is sent."""
        sent = None if self._batch_count else self._canvas.reduced(renderable, self.size)
        super()._display(screen, sent)

    def on_resize(self, event: events.Resize) -> None:
        """Terminals do as they like with what they showed before."""
        self._canvas.forget()

    def action_repaint(self) -> None:
        """Send the whole screen again, whatever the terminal shows."""
        self._canvas.forget()
        self.screen.refresh()
