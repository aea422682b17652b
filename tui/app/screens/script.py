"""The Python view: what is on screen as a script, to read, to copy, to save."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.app.render.glyphs import visible
from tui.app.screens.dialog import Dialog
from tui.scripts import Asked, script

_LONGEST_LINE, _MOST_LINES = 600, 120
"""Characters and lines that are drawn as they are: drawing a megabyte would hold the screen for seconds."""


class ScriptScreen(Dialog[None]):
    """A script of plain transformers calls that gives the numbers on screen."""

    BINDINGS = [
        Binding("escape,q,f8", "close", "close", id="script-close", tooltip="Close the script"),
        Binding("y", "copy", "copy", id="script-copy", tooltip="Copy it to the terminal's clipboard"),
        Binding("s", "save", "save", id="script-save", tooltip="Save it as a file in the current folder"),
    ]

    DEFAULT_CSS = "ScriptScreen > .box { max-width: 120; }"

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked
        self._script: str | None = None
        """All of it, once it is written."""
        self._shown = Static("", id="script", markup=False)

    def compose(self) -> ComposeResult:
        """One scrolling box."""
        with VerticalScroll(id="reading", classes="box") as box:
            box.border_title = Content(f"{self._asked.task} in Python")
            box.border_subtitle = Content("y copies, s saves, esc closes")
            yield self._shown

    def on_mount(self) -> None:
        """Write the script beside the screen's own work: a text may be long."""
        self._write()

    @work
    async def _write(self) -> None:
        def write() -> tuple[str, str]:
            whole = script(self._asked)
            return whole, "\n".join(visible(line) for line in in_brief(whole))

        self._script, shown = await asyncio.to_thread(write)
        self._shown.update(Content(shown))

    def action_copy(self) -> None:
        """Put the script on the terminal's clipboard (OSC 52)."""
        if self._script is not None:
            self.app.copy_to_clipboard(self._script)
            self._say("copied to the terminal's clipboard")

    @work
    async def action_save(self) -> None:
        """Write the script next to where Logitscope was started; nothing is overwritten."""
        if self._script is None:
            return
        try:
            path = await asyncio.to_thread(save, Path.cwd(), self._asked.task, self._script)
        except OSError as error:
            self._say(f"not saved: {error.strerror}; y copies it instead")
        else:
            self._say(f"saved as {path.name}")

    def _say(self, words: str) -> None:
        for box in self.query("#reading"):  # none where the script was closed while it was saved
            box.border_subtitle = Content(visible(words))

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)


def in_brief(text: str) -> list[str]:
    """A script's lines for the screen: of long ones and of many the middle is left out, which a first line says.

    >>> in_brief("a = 1\\nb = 2")
    ['a = 1', 'b = 2']
    >>> in_brief("text = '" + "x" * 5000 + "'")[0]
    '# In brief: 4,409 characters are left out here at …; y copies and s saves all of it.'
    """
    lines = text.split("\n")
    left_out = 0
    if len(lines) > _MOST_LINES:
        first, last = _MOST_LINES * 3 // 4, _MOST_LINES // 4
        middle = lines[first:-last]
        left_out += sum(map(len, middle))
        lines = [*lines[:first], f"… {len(middle):,} lines …", *lines[-last:]]
    for number, line in enumerate(lines):
        if len(line) > _LONGEST_LINE:
            end = _LONGEST_LINE // 6
            lines[number] = f"{line[: _LONGEST_LINE - end]} … {line[-end:]}"
            left_out += len(line) - _LONGEST_LINE
    if not left_out:
        return lines
    told = f"# In brief: {left_out:,} characters are left out here at …; y copies and s saves all of it."
    return [told, *lines]


def save(folder: Path, task: str, text: str) -> Path:
    """Write a script under the first free name; its path. Raises OSError."""
    number = 1
    while True:
        suffix = "" if number == 1 else f"-{number}"
        path = folder / f"logitscope-{task}{suffix}.py"
        try:
            with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text if text.endswith("\n") else f"{text}\n")
        except FileExistsError:
            number += 1
        else:
            return path
