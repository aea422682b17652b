"""What a tokenizer makes of a text, told in portions: in order, each small, whatever the text's length.

A text of any length goes the same way: first what the normalizers make of it, then its words, its tokens, what
their ids decode to, what of the text did not come back, and the sum of it all. Offsets are characters of the whole
text.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tui.protocol.microscope.stages import Difference, Loss


class Portion(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Base of all portions."""


class NormalizedText(Portion, frozen=True, tag=True, array_like=True):
    """Some of the text after the last normalizer."""

    text: str


class Words(Portion, frozen=True, tag=True, array_like=True):
    """Some of the words that the model is given, column by column; added tokens stand between them.

    A brief telling leaves starts and ends out.
    """

    texts: list[str]
    starts: list[int]
    ends: list[int]
    added: list[int]
    """Places in these columns that hold an added token."""


class VocabularyEntry(msgspec.Struct, frozen=True, array_like=True):
    """How the vocabulary spells an id."""

    id: int
    text: str
    spelled: bytes | None
    """The bytes it stands for; None where that is not known."""


class Tokens(Portion, frozen=True, tag=True, array_like=True):
    """Some of the model's input, column by column; a brief telling leaves words, type ids and masks out."""

    ids: list[int]
    starts: list[int | None]
    ends: list[int | None]
    words: list[int | None]
    type_ids: list[int]
    masks: list[int]
    around: list[int]
    """Places in these columns that the post-processor put around the text."""
    special: list[int] = []
    """Places that hold a special token."""
    unknown: list[int] = []
    """Places that stand for what is not in the vocabulary."""
    added: list[int] = []
    """Places that hold an added token, cut out of the text."""
    entries: list[VocabularyEntry] = []
    """Of the ids that no earlier portion of the text had."""


class DecodedText(Portion, frozen=True, tag=True, array_like=True):
    """Some of what the ids decode to, special tokens around the text left out."""

    text: str


class Compared(Portion, frozen=True, tag=True, array_like=True):
    """Whether the text came back, and some of what did not."""

    same: bool
    differences: list[Difference]


class End(Portion, frozen=True, tag=True, array_like=True):
    """The last portion: what is to be said of the whole."""

    tokens: int
    """In the model's input."""
    normalized: int | None
    """Characters after the last normalizer; None where a brief telling left off."""
    words: int | None
    """Added tokens among them; None where a brief telling left off."""
    decoded: int
    """Characters that came back."""
    losses: list[Loss]
    seconds: float
    """What the engine took for it."""


AnyPortion: TypeAlias = NormalizedText | Words | Tokens | DecodedText | Compared | End
