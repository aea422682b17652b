"""From ids back to text."""

from __future__ import annotations

import msgspec

from tui.protocol.microscope.vocabulary import Entry


class FromIds(msgspec.Struct, frozen=True):
    """What ids that were typed stand for."""

    total: int
    """Ids typed, those of ranges counted one by one."""
    start: int
    """Place of the first of `entries` among them."""
    entries: tuple[Entry, ...]
    """One for each place, in their order."""
    decoded: str
    """The text of all ids, special tokens included; its first part where it is longer than is shown."""
    decoded_characters: int
    """Characters of the whole of it."""
    without_special: str
    """The same without special tokens."""
    without_special_characters: int
    special: int
    """How many of the ids are special tokens."""
    without_entry: int
    """How many of the ids the vocabulary has no entry for: decoding says nothing of them."""
