"""Every token of a text, however long: the rows of a list that is told in pages."""

from __future__ import annotations

import msgspec

from tui.protocol.microscope.vocabulary import Entry

MOST_CHARACTERS = 10_000_000
"""More of a text is not read: its tokens fill some tens of megabytes."""


class ListedToken(msgspec.Struct, frozen=True, array_like=True):
    """One token of a text."""

    place: int
    """Among all tokens of the text, from 0."""
    entry: Entry
    start: int | None
    """Its first character; None where the tokenizer doesn't tell which characters it stands for."""
    end: int | None
    """One past its last."""
    covers: str | None
    """Those characters, of very many only the first."""
    unknown: bool
    """Whether it stands for what is not in the vocabulary."""
