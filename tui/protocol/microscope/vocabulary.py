"""What a tokenizer's vocabulary holds: entries, what is found among them, and where each comes from."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

SearchBy: TypeAlias = Literal["text", "prefix", "id"]
"""A part of the spelling or of what it decodes to; the beginning of one of them; ids and ranges of ids."""
Which: TypeAlias = Literal["all", "added", "special"]


class AddedFlags(msgspec.Struct, frozen=True, array_like=True):
    """How a token that was added to the vocabulary is looked for in a text, before anything else is done to it."""

    special: bool
    """Whether decoding can skip it."""
    lstrip: bool
    """Whether it takes the spaces on its left with it."""
    rstrip: bool
    single_word: bool
    """Whether it is left alone inside a word."""
    normalized: bool
    """Whether it is looked for in the normalized text, not in the text as typed."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One id of a vocabulary."""

    id: int
    text: str | None
    """As the vocabulary spells it (`##ing`, `Ġcourse`); None where no entry has this id."""
    decoded: str
    """What the id decodes to alone."""
    stands_for: bytes | None
    """The bytes of text it stands for; None where that can't be told."""
    special: bool
    added: AddedFlags | None
    """The flags of an added token; None for an entry of the model."""


class VocabularyPage(msgspec.Struct, frozen=True):
    """Some of the entries that a search found."""

    query: str
    by: SearchBy
    which: Which
    total: int
    """Entries found."""
    size: int
    """Entries of the whole vocabulary."""
    start: int
    """Place of the first of these among all that were found."""
    entries: tuple[Entry, ...]
    """By id; by text or prefix those that are the query come before, then those that are it but for spaces."""


class MakingMerge(msgspec.Struct, frozen=True, array_like=True):
    """A merge of byte-pair encoding that makes an entry."""

    rank: int
    """0 is the merge that was learned first."""
    left: str
    right: str
    left_id: int
    right_id: int


class MergeNode(msgspec.Struct, frozen=True, array_like=True):
    """One part of an entry, in a tree whose nodes come before their children: left first, then right."""

    text: str
    id: int | None
    """None for a symbol that the vocabulary doesn't have."""
    rank: int | None
    """Rank of the merge that makes it from its two children; None for a single symbol, which has none."""
    depth: int
    """0 at the top."""


class EntryDetail(msgspec.Struct, frozen=True):
    """All there is to know of one entry without a model."""

    entry: Entry
    kind: str
    """The tokenizer's model: BPE, WordPiece, Unigram, WordLevel, or the class of a tokenizer written in Python."""
    neighbors: tuple[Entry, ...]
    """The entries around it by id, itself among them."""
    merges: tuple[MakingMerge, ...] = ()
    """BPE: every merge that makes it, the one learned first at the head; empty for symbols and added tokens."""
    tree: tuple[MergeNode, ...] = ()
    """BPE: how its single symbols become it, by the order of the ranks."""
    reached: bool | None = None
    """BPE: whether the merges end in this entry; if not, `tree` has several nodes of depth 0. None: no tree."""
    score: float | None = None
    """Unigram: its log-probability in nats."""


class NearToken(msgspec.Struct, frozen=True, array_like=True):
    """A token and how near it is to another."""

    entry: Entry
    cosine: float


class NearestTokens(msgspec.Struct, frozen=True):
    """The tokens whose input embeddings point most nearly the same way."""

    entry: Entry
    norm: float
    """Length of its own embedding; one of length 0 has no direction, and so no neighbors."""
    nearest: tuple[NearToken, ...]
    """By cosine, the smaller id first among equals; without the token itself."""
    compared: int
    """Rows that it was compared with."""
    left_out: int
    """Rows without a direction: all zeros, or not finite."""
