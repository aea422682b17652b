"""Several tokenizers on one text, and what words and characters would make of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tui.protocol.tokens import Token

MOST_TOKENIZERS = 4
MOST_CHARACTERS = 1_000_000
"""Most characters of a text that are tokenized for a comparison; every figure is about these."""


class Excerpt(msgspec.Struct, frozen=True):
    """Which part of a text figures and pieces are about."""

    text: str
    """The characters that pieces are given for."""
    start: int
    """Place of the first of them in the text that was tokenized."""
    characters: int
    """Characters (code points) that were tokenized: what the figures are about."""
    bytes: int
    """Their bytes in UTF-8."""
    left_out: int = 0
    """Characters after these, which were not tokenized."""
    replaced: int = 0
    """Halves of surrogate pairs, which stand in no text of UTF-8: read as U+FFFD."""


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """Characters between two neighboring places at which tokens of any tokenizer begin or end."""

    start: int
    """First character, in the text that was tokenized."""
    end: int
    """One past the last."""
    tokens: tuple[tuple[int, ...], ...]
    """For each tokenizer the places in its `tokens` of those that cover the segment: none where it drops these
    characters, several where they share one, and always none where it knows no offsets."""


class ComparedTokenizer(msgspec.Struct, frozen=True):
    """What one tokenizer makes of the text. Figures that can't be known are None."""

    name: str
    kind: str
    """Its model: BPE, WordPiece, Unigram, WordLevel, or the class of a tokenizer written in Python."""
    vocabulary_size: int
    """Entries, the added ones among them."""
    total: int
    """Tokens of the text, special tokens around it included where they were asked for."""
    first: int
    """Place among all of them of the first of `tokens`."""
    tokens: tuple[Token, ...]
    """Those of the excerpt."""
    aligned: bool
    """Whether it knows which characters a token comes from."""
    characters_per_token: float | None
    """Special tokens around the text are not counted, here and below."""
    bytes_per_token: float | None
    unknown: int
    """Tokens that stand for what is not in the vocabulary."""
    unknown_places: tuple[int, ...]
    """Those of the excerpt, as places in `tokens`."""
    unknown_rate: float | None
    """Their part of all tokens, 0 to 1."""
    unknown_characters: int | None
    """Characters that unknown tokens stand for."""
    dropped: int | None
    """Characters other than white space that no token comes from."""
    seconds_per_1000_characters: float | None
    """Measured here: of a short text the fastest of several readings, with what the tokenizer keeps of words it
    has read before."""


class Comparison(msgspec.Struct, frozen=True):
    """Two to four tokenizers on one text."""

    excerpt: Excerpt
    special: bool
    """Whether special tokens were put around the text."""
    tokenizers: tuple[ComparedTokenizer, ...]
    segments: tuple[Segment, ...]
    """They cover every character of the excerpt once."""


SplitKind: TypeAlias = Literal["spaces", "words", "subwords", "characters"]
"""At white space; at white space and around each punctuation mark; by the tokenizer; into code points."""


class SplitPiece(msgspec.Struct, frozen=True, array_like=True):
    """One piece of a text."""

    start: int
    """First character, in the text that was tokenized; `start == end` where a token comes from none."""
    end: int
    text: str
    """Its characters; for a token the vocabulary's spelling."""
    known: bool | None
    """Whether the tokenizer's vocabulary has one entry for it; None for white space."""


class Split(msgspec.Struct, frozen=True):
    """One way to cut the text."""

    kind: SplitKind
    pieces: tuple[SplitPiece, ...]
    """Those that begin in the excerpt."""
    total: int
    """Pieces of the whole text: the length of the sequence a model would read."""
    distinct: int
    """Entries that a vocabulary needs for this text alone."""
    unknown: int
    """Pieces that the tokenizer's vocabulary has no single entry for; white space is not counted."""
    unknown_rate: float | None
    """Their part of all pieces but white space, 0 to 1."""
    unknown_distinct: int | None
    """How many different ones they are; None where the tokenizer doesn't say what its unknown tokens stand for."""
    characters_per_piece: float | None


class Contrasts(msgspec.Struct, frozen=True):
    """Word-based, subword and character-based splits of one text, against one tokenizer's vocabulary."""

    excerpt: Excerpt
    name: str
    vocabulary_size: int
    splits: tuple[Split, ...]
    """spaces, words, subwords, characters."""
