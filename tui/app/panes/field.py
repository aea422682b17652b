"""Fields for text: what their editors tell, and what stands in their place in the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from tui.app.render import numbers
from tui.app.render.glyphs import visible, wrapped
from tui.app.render.strips import row
from tui.app.widgets.line_pane import LinePane

if TYPE_CHECKING:
    from tui.app.panes.input import InputPane

NUMBER, NAME = 3, "Input"
_REVERSED = Style(reverse=True)
_MOST = 2_000
"""Characters of the end of a text that are drawn until its editor is there."""


class Edited(Message):
    """The text of a field is different now."""


class CaretMoved(Message):
    """The text cursor of a field stands at another character (an offset in code points)."""

    def __init__(self, pane: InputPane, offset: int) -> None:
        super().__init__()
        self.pane = pane
        self.offset = offset


class TypedInto:
    """Mixed into an editor: letters and digits are text while it has the focus."""


class Outline(LinePane):
    """Looks like the field that comes in its place: Textual's editor would be a sixth of the first frame's time."""

    NUMBER = NUMBER
    NAME = NAME
    DEFAULT_CLASSES = "pane field"

    def __init__(self, text: str, caret: int | None, *, id: str) -> None:
        super().__init__(id=id)
        self.full_text = text
        self.caret = len(text) if caret is None else caret
        self._field_name = NAME

    @property
    def pane_name(self) -> str:
        """The field's name."""
        return self._field_name

    def rename(self, name: str, about: str) -> None:
        """Be the field of a task; what it is about is told by the editor."""
        self._field_name = name
        self.set_title(f"{numbers.count(len(self.full_text))} characters")

    def rows(self, width: int) -> list[Strip]:
        """The end of the text; the text cursor, where it stands there."""
        text = self.style("text")
        lines = self.full_text[-_MOST:].split("\n")
        strips = [row((each, text)) for line in lines for each in wrapped(visible(line), width) or [""]]
        if self.caret == len(self.full_text) and self.has_focus:
            last = strips.pop() if strips else row()
            strips.append(Strip([*last, *row((" ", text + _REVERSED))]))
        return strips[-max(1, self.room) :]
