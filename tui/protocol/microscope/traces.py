"""How a tokenizer's model cuts one word into pieces, step by step: plain values only.

A word is what the model is given: a pre-token as normalizer and pre-tokenizer leave it (`Ġcourse`, `▁course`).
`start` and `end` are characters (code points) of it.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class TracePiece(msgspec.Struct, frozen=True, array_like=True):
    """One token that the word ends in."""

    id: int
    text: str
    """The entry of the vocabulary, as the tokenizer spells it."""
    start: int | None
    """First character that it stands for; None where it stands for none (bytes of an end-of-word suffix)."""
    end: int | None
    """One past the last. Bytes of one character share its span."""


class Trace(msgspec.Struct, frozen=True, tag=True):
    """Base of all traces: the word and what becomes of it."""

    word: str
    pieces: tuple[TracePiece, ...]
    """Always all of them, also where the way to them is cut."""


# ------------------------------------------------------------------------------------ byte-pair encoding


Origin: TypeAlias = Literal["entry", "byte", "unknown", "merge"]
"""A character with an entry of its own; a byte of one without (byte fallback); the unknown token; a merge."""


class Symbol(msgspec.Struct, frozen=True, array_like=True):
    """What byte-pair encoding merges: an entry of the vocabulary that stands for a part of the word."""

    id: int
    text: str
    """The entry, with the affixes of the model: `##b`, `b</w>`."""
    start: int | None
    end: int | None
    source: bytes
    """The bytes of the text that it stands for: a byte-level model's own bytes, else those of UTF-8."""
    origin: Origin


class Merge(msgspec.Struct, frozen=True, array_like=True):
    """Two neighbors become one symbol."""

    left: int
    """Place of the left one among the symbols of this moment; the right one is the next."""
    rank: int
    """0 is the merge that was learned first. The lowest rank in the word goes first, the leftmost among equals."""
    made: Symbol
    rank_before: int | None
    """Rank of the pair that the new symbol forms with the symbol before it; None: no merge, or no symbol."""
    rank_after: int | None
    """The same with the symbol after it."""


class BytePairTrace(Trace, frozen=True, tag=True):
    """Byte-pair encoding: the symbols to begin with and the merges, from which `stage` makes every moment."""

    symbols: tuple[Symbol, ...]
    """What the characters are to begin with: `symbols_total`, or the first part of a long word."""
    ranks: tuple[int | None, ...]
    """Rank of each pair of neighbors in `symbols`, one fewer than these; None where no merge exists."""
    merges: tuple[Merge, ...]
    """In their order: those that happen within `symbols`."""
    symbols_total: int
    merges_total: int
    dropped: tuple[int, ...] = ()
    """Characters that become nothing: the vocabulary has neither them nor an unknown token."""
    whole: bool = False
    """The word is an entry and taken as it is, no merge is looked at (`ignore_merges`)."""
    dropout: float | None = None
    """How likely the model skips a merge at random (BPE-dropout); this trace skips none. None: it never does."""


class MergeStage(msgspec.Struct, frozen=True):
    """One moment of byte-pair encoding."""

    symbols: tuple[Symbol, ...]
    ranks: tuple[int | None, ...]
    """Of the pairs of neighbors, one fewer than the symbols."""
    next: Merge | None
    """What is merged now; None at the end."""


def stage(trace: BytePairTrace, merged: int) -> MergeStage:
    """The symbols and pairs after the first `merged` of the trace's merges.

    merged: 0 for the beginning to `len(trace.merges)` for the end; others raise an IndexError. Takes
    microseconds for a word, under a millisecond for the longest trace.
    """
    if not 0 <= merged <= len(trace.merges):
        raise IndexError(f"merge {merged} of {len(trace.merges)}")
    symbols, ranks = list(trace.symbols), list(trace.ranks)
    for merge in trace.merges[:merged]:
        left = merge.left
        symbols[left : left + 2] = [merge.made]
        del ranks[left]
        if left > 0:
            ranks[left - 1] = merge.rank_before
        if left < len(ranks):
            ranks[left] = merge.rank_after
    following = trace.merges[merged] if merged < len(trace.merges) else None
    return MergeStage(tuple(symbols), tuple(ranks), following)


# ---------------------------------------------------------------------------------------------- WordPiece


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One candidate looked up in the vocabulary."""

    start: int
    end: int
    text: str
    """As it was looked up, with the continuing prefix: `##ing`."""
    id: int | None
    """None for a miss."""


class WordPieceTrace(Trace, frozen=True, tag=True):
    """WordPiece: from each place on the longest entry is taken."""

    attempts: tuple[Attempt, ...]
    """In their order: from each start the longest candidate first. Of a long word the first ones."""
    attempts_total: int
    longest_word: int
    """`max_input_chars_per_word`: a longer word is not looked at."""
    too_long: bool = False
    """The word is the unknown token because it is longer."""
    stuck_at: int | None = None
    """The word is the unknown token because nothing matched from this character on, not even it alone; what was
    found before it is given up."""


# ------------------------------------------------------------------------------------------------ Unigram


class LatticeNode(msgspec.Struct, frozen=True, array_like=True):
    """A piece that could stand in the word."""

    start: int
    end: int
    id: int
    log_probability: float
    """In nats, from the vocabulary; `UnigramTrace.unknown_score` for an unknown character."""
    unknown: bool
    """No entry is this character alone, so the unknown token stands in for it."""


class Segmentation(msgspec.Struct, frozen=True, array_like=True):
    """One way through the lattice."""

    nodes: tuple[int, ...]
    """Places in `UnigramTrace.nodes`, from left to right."""
    log_probability: float
    """Sum of theirs, nats."""
    behind: float
    """How much less that is than the best one's, nats."""
    factor: float | None
    """How many times likelier the best one is: e to `behind`; None where a float can't hold that."""


class UnigramTrace(Trace, frozen=True, tag=True):
    """Unigram: the lattice of all pieces that fit, and the likeliest ways through it."""

    log_probability: float
    """Of the best segmentation, nats."""
    unknown_score: float
    """What an unknown character costs: the lowest log-probability of the vocabulary − 10."""
    nodes: tuple[LatticeNode, ...]
    """By end, then by start; those that end within the first `characters` of the word."""
    best: tuple[float, ...]
    """[characters + 1] log-probability of the best way from the beginning to each place."""
    arrivals: tuple[int | None, ...]
    """[characters + 1] the last node of that way, a place in `nodes`; None for the beginning."""
    segmentations: tuple[Segmentation, ...]
    """The likeliest first, which is the one taken; none where the word is longer than `characters`."""
    characters: int
    """So many characters of the word are traced."""
    fused: tuple[tuple[int, int], ...] = ()
    """Spans of neighbors that are unknown and become one token, or the bytes of all of them."""


# ---------------------------------------------------------------------------------------------- word level


class WordLevelTrace(Trace, frozen=True, tag=True):
    """Word level: the word is an entry, or unknown."""

    known: bool


AnyTrace: TypeAlias = BytePairTrace | WordPieceTrace | UnigramTrace | WordLevelTrace
