"""The lines of a text that is edited: only line breaks end one, and every other character stays."""

from __future__ import annotations

import re

from textual.document._document import Document, EditResult, Location

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class PlainDocument(Document):
    """Textual's document without `str.splitlines`, to which form feeds, U+0085, U+2028 and others end a line.

    A text comes back as it was put in, but for its line breaks: `\\n`, `\\r` and `\\r\\n` become the one sort
    that the document's first text has.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._lines = _LINE_BREAK.split(text)

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put a text in place of what is between two locations, in either order; the only way to change it."""
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range((top, left), (bottom, right))
        before, after = (self._lines[row] if row < len(self._lines) else "" for row in (top, bottom))
        inserted = _LINE_BREAK.split(text)
        inserted[0] = before[:left] + inserted[0]
        column = len(inserted[-1])
        inserted[-1] += after[right:]
        self._lines[top : bottom + 1] = inserted
        return EditResult((top + len(inserted) - 1, column), replaced)
