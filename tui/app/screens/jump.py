"""Jump mode: every pane gets a key, one press goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import Static

from tui.app.keys import PANES
from tui.app.screens.news import Modal

if TYPE_CHECKING:
    from tui.app.screens.playground import Playground


class JumpScreen(Modal[str | None]):
    """Dismissed with the id of the pane to go to, or None."""

    DEFAULT_CSS = """
    JumpScreen { background: $background 40%; }
    JumpScreen .jump-label {
        position: absolute; width: 3; height: 1; background: $accent; color: $background; text-style: bold;
    }
    JumpScreen #jump-hint { dock: bottom; height: 1; background: $panel; }
    """

    def __init__(self, targets: dict[str, tuple[str, Offset]]) -> None:
        super().__init__()
        self._targets = targets

    def compose(self) -> ComposeResult:
        """A label over each target's corner, and what to do in the last line."""
        for key, (name, offset) in self._targets.items():
            label = Static(Content(f" {key} "), classes="jump-label", id=f"jump-{name}")
            label.styles.offset = offset
            yield label
        yield Static(Content(" Press a label to go there; escape goes back."), id="jump-hint")

    def on_key(self, event: events.Key) -> None:
        """A label's key goes there, any other key back."""
        event.stop()
        target = self._targets.get(event.character or "")
        self.dismiss(target[0] if target else None)


def jump(playground: Playground) -> None:
    """Label the panes that can be seen, and go to the one that is chosen."""
    regions = {name: playground.query_one(f"#{name}").region for name in PANES}
    targets = {
        str(number): (name, regions[name].offset)
        for number, name in enumerate(PANES, start=1)
        if regions[name]
    }

    def chosen(name: str | None) -> None:
        if name is not None:
            playground.action_pane(name)

    playground.app.push_screen(JumpScreen(targets), chosen)
