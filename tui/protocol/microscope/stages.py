"""What a tokenizer does to a text, stage after stage, and whether the text comes back: plain values only.

Offsets are [start, end) in characters (code points) of the ORIGINAL text. Two parts can share a character (the
bytes of one), and a part can come from none.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal[
    "text",
    "added tokens",
    "normalizer",
    "pre-tokenizer",
    "model",
    "truncation",
    "post-processor",
    "ids",
    "decoder",
]
Origin: TypeAlias = Literal["text", "unknown", "added token", "special"]
"""Where a piece comes from: the model; the model, which knew no better; cut out of the text whole, before the
model; put around the text by the post-processor."""
Loss: TypeAlias = Literal["case", "accent", "spaces", "form", "unknown", "cut", "other"]
"""What did not come back. `form`: the same character in another spelling of Unicode (`ﬁ` as `fi`, NFC as NFD).
`cut`: truncated. `other`: characters gone, added or replaced."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of the text as it stands after a stage."""

    text: str
    """Empty where the stage took the characters away."""
    start: int
    end: int
    was: str | None = None
    """What stood here before the stage; empty where it put something in, None where it changed nothing."""
    what: str = ""
    """`added token`, `removed`, `cut`; of a pre-token: `letters`, `numbers`, `punctuation`, `symbols`, `spaces`,
    `control characters` or `mixed`. Empty for a stretch of normalized text."""
    id: int | None = None
    """The id of an added token."""
    field: int = 0
    """0 the text, 1 the second text of a pair."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A token after a stage; its position is its place in the stage's list."""

    id: int
    text: str
    """The entry of the vocabulary, as the tokenizer spells it (`##ing`, `Ġcourse`)."""
    spelled: bytes | None
    """The bytes the entry stands for, which can be a part of a character's; None where that is not known."""
    start: int | None
    """None where the tokenizer knows no offsets; `start == end` where the token comes from no character."""
    end: int | None
    word: int | None
    """Which pre-token of its text it belongs to, added tokens counted; None for special tokens."""
    field: int | None
    """0 the text, 1 the second text of a pair, None for what the post-processor put around them."""
    origin: Origin
    type_id: int | None = None
    """Token type (segment) id; None before the post-processor gives it."""
    mask: int | None = None
    """Attention mask; None before the stage `ids`."""
    item: str = ""
    """Which item of the post-processor's template put it here, as the template writes it (`[CLS]:0`, `$B:1`)."""


class Stage(msgspec.Struct, frozen=True):
    """What one component did to the text, or to both texts of a pair."""

    kind: Kind
    name: str
    """The component's class as tokenizer.json spells it (`Lowercase`, `TemplateProcessing`), or the function of a
    tokenizer written in Python; empty where there is no component (text, truncation, ids)."""
    settings: str
    """Its settings in brief, empty where it has none."""
    sentence: str
    """What it did here."""
    parts: tuple[Part, ...] = ()
    """text, added tokens, normalizer, pre-tokenizer: the text as it stands now, in order, field after field.
    truncation: the stretches that were cut."""
    pieces: tuple[Piece, ...] = ()
    """model, post-processor, ids: the tokens as they stand now. truncation: those that were cut."""
    strings: tuple[tuple[str, ...], ...] = ()
    """decoder: for each text, the strings as they stand now; they are joined after the last."""
    differs: str = ""
    """Where a stage taken by itself disagrees with the library, a sentence that says so: the ids shown are always
    the library's. Empty where they agree."""


class Difference(msgspec.Struct, frozen=True, array_like=True):
    """Characters of the text that came back as others."""

    start: int
    end: int
    text: str
    """What stood there; empty where decoding put something in."""
    decoded_start: int
    """First character in the decoded text."""
    decoded_end: int
    decoded: str
    """What came back; empty where nothing did."""
    losses: tuple[Loss, ...]
    """Everything that was lost here, `case` and `accent` say."""


class RoundTrip(msgspec.Struct, frozen=True):
    """One text against what its ids decode to, special tokens around it left out."""

    field: int
    decoded: str
    same: bool
    differences: tuple[Difference, ...]
    """In order; with each one's text replaced by its decoded, the original is the decoded text."""


class Stages(msgspec.Struct, frozen=True):
    """The whole way from text to ids and back."""

    stages: tuple[Stage, ...]
    round_trips: tuple[RoundTrip, ...]
    """One for each text."""
    written: str
    """What all the ids decode to, the special tokens around the text with them."""
    absent: tuple[str, ...]
    """What this tokenizer doesn't have, one sentence each."""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The model's input: the tokens of the stage `ids`."""
        return next(stage.pieces for stage in self.stages if stage.kind == "ids")
