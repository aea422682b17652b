"""Texts to read: the help of a pane, a failure in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.app.render.glyphs import visible
from tui.app.screens.dialog import Dialog
from tui.system.engine_process import log_tail

if TYPE_CHECKING:
    from tui.app.terminal.falls import Falls
    from tui.protocol.failures import Failure

LOG_BYTES = 16_384
"""How much of the log is shown."""


class TextScreen(Dialog[None]):
    """A titled text to read and close; scrolls with the usual keys."""

    BINDINGS = [Binding("escape,q,f1,f4,enter", "dismiss", "close", id="close", tooltip="Close this text")]

    def __init__(self, title: str, body: Content) -> None:
        super().__init__()
        self._title = title
        self._body = body

    def compose(self) -> ComposeResult:
        """One scrolling box."""
        with VerticalScroll(id="reading", classes="box") as box:
            box.border_title = Content(visible(self._title))
            box.border_subtitle = Content("esc closes")
            yield Static(self._body, markup=False)

    async def action_dismiss(self, result: None = None) -> None:
        """Close."""
        self.dismiss(None)


def help_text(about: str, keys: list[tuple[str, list[tuple[str, str]]]]) -> Content:
    """What a pane is, then its keys: a heading and (key, what it does) pairs for each group."""
    parts: list[Content | str | tuple[str, str]] = [about]
    for heading, pairs in keys:
        if not pairs:
            continue
        parts.append((f"\n\n{heading}\n", "bold"))
        width = max(len(key) for key, _ in pairs)
        parts += [f"  {key:<{width}}  {what}\n" for key, what in pairs]
    return Content.assemble(*parts)


def log_end(path: Path) -> str:
    """The end of the engine's log, or why it can't be shown. Reads a file: not for the event loop."""
    try:
        return log_tail(path, most_bytes=LOG_BYTES)
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"


def log_text(failure: Failure | None, falls: Falls, tail: str) -> Content:
    """The last failure, what failed inside the screen, then the end of the engine's log, all made harmless."""
    said = [f"{failure.title}", f"{failure.detail}", f"→ {failure.hint}", ""] if failure else []
    if falls.latest:
        said += [f"Inside the screen, {falls.log_path} has all of it:", falls.latest]
    if not said:
        said = ["Nothing has failed.", ""]
    lines = "\n".join(said).split("\n") + tail.rstrip().split("\n")
    return Content("\n".join(visible(line) for line in lines))
