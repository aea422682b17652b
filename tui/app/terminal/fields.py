"""Textual's fields, which send the terminal what they hold, made to draw every character harmless."""

from __future__ import annotations

from typing import Any, cast

from rich.cells import cell_len
from rich.text import Text
from textual.document._document import DocumentBase
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.expand_tabs import expand_tabs_inline
from textual.geometry import Offset
from textual.widgets import Input, TextArea

from tui.app.render.glyphs import visible_in_place
from tui.app.terminal.document import PlainDocument


class _Drawn:
    """A document as it is drawn: as many characters, but those without a width of their own have one."""

    def __init__(self, document: DocumentBase) -> None:
        self._document = document

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document, name)

    def __getitem__(self, line_index: int) -> str:
        return self.get_line(line_index)

    @property
    def lines(self) -> list[str]:
        return [visible_in_place(line) for line in self._document.lines]

    def get_line(self, index: int) -> str:
        return visible_in_place(self._document.get_line(index))


class DrawnTextArea(TextArea):
    """A field for several lines."""

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document(text, language)
        self.document = PlainDocument(text)
        # Lines are wrapped, and the text cursor placed, by what is drawn.
        drawn = cast("DocumentBase", _Drawn(self.document))
        self.wrapped_document = WrappedDocument(drawn, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._rewrap_and_refresh_virtual_size()

    def get_column_width(self, row: int, column: int) -> int:
        """Cells before a column of a line, as it is drawn."""
        drawn = visible_in_place(self.document.get_line(row))
        return cell_len(expand_tabs_inline(drawn[:column], self.indent_width))

    def get_line(self, line_index: int) -> Text:
        """One line of the document, with as many characters as it has."""
        return Text(visible_in_place(self.document.get_line(line_index)), end="", no_wrap=True)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """Scroll to the text cursor.

        An edit that takes lines and with them the scrollbar away asks for this before the cursor is placed again:
        where it stands then is a line that is gone, and Textual would raise ValueError.
        """
        if self.cursor_location[0] >= self.document.line_count:
            return Offset(0, 0)
        return super().scroll_cursor_visible(center, animate)


class DrawnInput(Input):
    """A field for one line."""

    @property
    def drawn(self) -> str:
        """What stands for the value: a character for each, none of them without a width of its own."""
        return visible_in_place(self.value, tab="⇥")

    @property
    def _value(self) -> Text:
        return Text(self.drawn, no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(self.drawn[:position])

    def _cell_offset_to_index(self, offset: int) -> int:
        wanted = offset + int(self.scroll_offset.x)
        cells = 0
        for place, character in enumerate(self.drawn):
            cells += cell_len(character)
            if wanted < cells:
                return place
        return len(self.value)
