"""The border of a pane: its number, its name and a few facts, repainted without the rest of the pane."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from tui.app.render.glyphs import fit

if TYPE_CHECKING:
    _Base = Widget
else:
    _Base = object  # a second widget base would hide the first one's styles and bindings from Textual


class Framed(_Base):
    """Mixed into a widget whose top border carries a title that can change on every key press."""

    NUMBER: ClassVar[int] = 0
    """The digit that focuses the pane; 0: none does."""
    NAME: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    """What F1 tells about the pane: plain text, paragraphs separated by blank lines."""
    _title = ""

    @property
    def pane_name(self) -> str:
        """What the pane is called now."""
        return self.NAME

    @property
    def about(self) -> str:
        """What F1 tells about it now."""
        return self.HELP

    def set_title(self, facts: str = "") -> None:
        """Show the pane's number, name and `facts` in the top border.

        Textual's own setter repaints the whole pane; over SSH that is a kilobyte for each key typed, so only
        the border's line is marked for repainting here.
        """
        number = f"{self.NUMBER} " if self.NUMBER else ""
        self._title = f"{number}{self.pane_name}  {facts}".rstrip()
        self.fit_title()

    def fit_title(self) -> None:
        """Cut the title to the pane's width, which is known once it was laid out."""
        width = self.outer_size.width
        content = Content(fit(self._title, width - 4 if width > 4 else 80))
        if self._border_title is not None and self._border_title == content:
            return
        self._border_title = content
        if width:
            offset = self.content_offset
            self.refresh(Region(-offset.x, -offset.y, width, 1))
