"""Byte-pair encoding of one word: begin with characters, merge the pair that was learned first, until none is left.

Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword Units", as the
`tokenizers` library does it (`models/bpe/model.rs`, `word.rs`). The paper merges every occurrence of a pair at
once; the library merges one at a time, the leftmost first, and looks at all pairs again. Byte-level BPE (Radford
et al. 2019) is the same on a text whose bytes were mapped to visible characters before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

from tui.engine.errors import EngineError
from tui.engine.tokenization.token_bytes import byte_alphabet
from tui.engine.tokenization.traces.unknown import unknown_id
from tui.protocol.microscope.traces import BytePairTrace, Merge, Origin, Symbol, TracePiece

LONGEST_WALK = 512
"""Most symbols of a word whose merges are kept; a longer one is walked up to the last piece that ends in here."""


@dataclass(frozen=True, slots=True)
class BytePairModel:
    """A BPE model of the `tokenizers` library, ready for looking up."""

    vocabulary: dict[str, int]
    entries: dict[int, str]
    ranks: dict[tuple[int, int], int]
    """Ids of a pair → its rank."""
    made: list[int]
    """Rank → the id that the merge makes."""
    prefix: str
    suffix: str
    unknown: str | None
    fuses_unknown: bool
    byte_fallback: bool
    ignores_merges: bool
    dropout: float | None
    byte_level: bool
    """Whether the characters of a word are bytes in disguise."""


def prepare(model: Mapping[str, Any], byte_level: bool = False) -> BytePairModel:
    """The lookup tables of the `model` part of a tokenizer.json.

    Raises an EngineError where a merge names what the vocabulary doesn't have.
    """
    vocabulary: dict[str, int] = model["vocab"]
    prefix = model.get("continuing_subword_prefix") or ""
    ranks: dict[tuple[int, int], int] = {}
    made: list[int] = []
    try:
        for rank, pair in enumerate(model["merges"]):
            left, right = pair.split(" ") if isinstance(pair, str) else pair
            ranks[vocabulary[left], vocabulary[right]] = rank
            made.append(vocabulary[left + _without(prefix, right)])
    except KeyError as missing:
        raise EngineError(
            "A merge without its entry",
            f"Merge {rank:,} is {left!r} + {right!r}, but the vocabulary has no {missing.args[0]!r}.",
            "The tokenizer.json is damaged; get it again.",
        ) from missing
    return BytePairModel(
        vocabulary=vocabulary,
        entries={id_: entry for entry, id_ in vocabulary.items()},
        ranks=ranks,
        made=made,
        prefix=prefix,
        suffix=model.get("end_of_word_suffix") or "",
        unknown=model.get("unk_token"),
        fuses_unknown=bool(model.get("fuse_unk")),
        byte_fallback=bool(model.get("byte_fallback")),
        # the library looks for whole words in the vocabulary only where no merge is left to chance
        ignores_merges=bool(model.get("ignore_merges")) and not model.get("dropout"),
        dropout=model.get("dropout") or None,
        byte_level=byte_level,
    )


def trace(model: BytePairModel, word: str) -> BytePairTrace:
    """Every merge of a word.

    >>> vocabulary = {"h": 0, "u": 1, "g": 2, "s": 3, "ug": 4, "hug": 5}
    >>> hugs = trace(prepare({"vocab": vocabulary, "merges": [["u", "g"], ["h", "ug"]]}), "hugs")
    >>> [symbol.text for symbol in hugs.symbols], hugs.ranks
    (['h', 'u', 'g', 's'], (None, 0, None))
    >>> [(merge.rank, merge.left, merge.made.text, merge.rank_before, merge.rank_after) for merge in hugs.merges]
    [(0, 1, 'ug', 1, None), (1, 0, 'hug', None, None)]
    >>> [(piece.text, piece.start, piece.end) for piece in hugs.pieces]
    [('hug', 0, 3), ('s', 3, 4)]
    """
    if model.ignores_merges and word in model.vocabulary:
        entry = TracePiece(model.vocabulary[word], word, 0, len(word))
        return BytePairTrace(word, (entry,), (), (), (), 0, 0, whole=True, dropout=model.dropout)
    symbols, dropped = first_symbols(model, word)
    merges, final = merge_all(model, symbols)
    # The merges within a final piece depend on no other piece: what lies behind a boundary can be left out.
    kept = max(place for place in [*final, len(symbols)] if place <= LONGEST_WALK)
    walked = symbols[:kept]
    return BytePairTrace(
        word,
        tuple(
            TracePiece(symbol.id, symbol.text, symbol.start, symbol.end)
            for symbol in (final[place] for place in sorted(final))
        ),
        tuple(walked),
        tuple(model.ranks.get((left.id, right.id)) for left, right in pairwise(walked)),
        tuple(_among_neighbors(merges, kept)),
        len(symbols),
        len(merges),
        dropped,
        dropout=model.dropout,
    )


# ------------------------------------------------------------------------------------- the first symbols


def first_symbols(model: BytePairModel, word: str) -> tuple[list[Symbol], tuple[int, ...]]:
    """One symbol for each character that has an entry; bytes or the unknown token for others.

    Returns the symbols, and the places of characters that become nothing. Raises an EngineError where the unknown
    token is needed and is no entry.

    >>> model = prepare({"vocab": {"a": 0, "b</w>": 1, "?": 2}, "merges": [], "unk_token": "?",
    ...                  "end_of_word_suffix": "</w>"})
    >>> [(symbol.text, symbol.start, symbol.origin) for symbol in first_symbols(model, "abab")[0]]
    [('a', 0, 'entry'), ('?', 1, 'unknown'), ('a', 2, 'entry'), ('b</w>', 3, 'entry')]
    """
    symbols: list[Symbol] = []
    dropped: list[int] = []
    waiting: Symbol | None = None
    """The unknown token is added when the next known character comes, so that it can grow until then."""
    for place, character in enumerate(word):
        before = model.prefix if place else ""
        after = model.suffix if place == len(word) - 1 else ""
        id_ = model.vocabulary.get(before + character + after)
        if id_ is not None:
            if waiting is not None:
                symbols.append(waiting)
                waiting = None
            text, source = before + character + after, _source(model, character)
            symbols.append(Symbol(id_, text, place, place + 1, source, "entry"))
        elif model.byte_fallback and (spelled := _spelled(model, before, character, after, place)):
            # As in the library, an unknown token that waits goes on waiting: it ends up behind these bytes.
            symbols += spelled
        elif model.unknown is None:
            dropped.append(place)
        else:
            unknown = _unknown(model, character, place)
            if waiting is not None and model.fuses_unknown:
                unknown = _joined(waiting, unknown, unknown.id, unknown.text, "unknown")
            elif waiting is not None:
                symbols.append(waiting)
            waiting = unknown
    if waiting is not None:
        symbols.append(waiting)
    return symbols, tuple(dropped)


def _spelled(model: BytePairModel, before: str, character: str, after: str, place: int) -> list[Symbol]:
    """The bytes of a character and its affixes as `<0x0A>` entries; none where one of them is no entry."""
    symbols = []
    for part in (before, character, after):
        for byte in part.encode():
            text = f"<0x{byte:02X}>"
            if text not in model.vocabulary:
                return []
            own = part is character
            start, end = (place, place + 1) if own else (None, None)
            source = bytes([byte]) if own else b""
            symbols.append(Symbol(model.vocabulary[text], text, start, end, source, "byte"))
    return symbols


def _unknown(model: BytePairModel, character: str, place: int) -> Symbol:
    """The unknown token in the place of a character."""
    token = model.unknown or ""
    id_ = unknown_id(model.vocabulary, token, character)
    return Symbol(id_, token, place, place + 1, _source(model, character), "unknown")


# --------------------------------------------------------------------------------------------- the merges


@dataclass(frozen=True, slots=True)
class _Merged:
    """A merge with the place of its left symbol among the first ones, where it stays for good."""

    place: int
    rank: int
    made: Symbol
    rank_before: int | None
    rank_after: int | None


def merge_all(model: BytePairModel, symbols: Sequence[Symbol]) -> tuple[list[_Merged], dict[int, Symbol]]:
    """Merges until no pair of neighbors has a rank; O(n log n) in the number of symbols.

    Returns the merges in their order, and what is left by place.
    """
    alive = dict(enumerate(symbols))
    before, after = _neighbors(len(symbols))

    def rank_of(left: int | None, right: int | None) -> int | None:
        if left is None or right is None:
            return None
        return model.ranks.get((alive[left].id, alive[right].id))

    queue = [(rank, place) for place in alive if (rank := rank_of(place, after[place])) is not None]
    heapify(queue)
    merges = []
    while queue:
        rank, place = heappop(queue)
        if place not in alive:
            continue
        right = after[place]
        now = rank_of(place, right)
        if right is None or now is None or model.made[now] != model.made[rank]:
            continue  # one of the two has been merged since this pair was queued
        id_ = model.made[now]
        alive[place] = _joined(alive[place], alive.pop(right), id_, model.entries[id_], "merge")
        after[place] = after[right]
        if (following := after[right]) is not None:
            before[following] = place
        merged = _Merged(
            place, now, alive[place], rank_of(before[place], place), rank_of(place, after[place])
        )
        merges.append(merged)
        if (previous := before[place]) is not None and merged.rank_before is not None:
            heappush(queue, (merged.rank_before, previous))
        if merged.rank_after is not None:
            heappush(queue, (merged.rank_after, place))
    return merges, alive


def _neighbors(count: int) -> tuple[list[int | None], list[int | None]]:
    """For each place the one before and the one after it: a doubly linked list."""
    return [None, *range(count - 1)][:count], [*range(1, count), None][:count]


def _among_neighbors(merges: list[_Merged], kept: int) -> Iterator[Merge]:
    """The merges within the first symbols, with their places among the symbols that are left at that moment."""
    left = list(range(kept))
    for merged in merges:
        if merged.place < kept:
            place = bisect_left(left, merged.place)
            del left[place + 1]
            yield Merge(place, merged.rank, merged.made, merged.rank_before, merged.rank_after)


# -------------------------------------------------------------------------------------------------- parts


def _joined(left: Symbol, right: Symbol, id_: int, text: str, origin: Origin) -> Symbol:
    spans = [
        (symbol.start, symbol.end)
        for symbol in (left, right)
        if symbol.start is not None and symbol.end is not None
    ]
    start = min((start for start, _ in spans), default=None)
    end = max((end for _, end in spans), default=None)
    return Symbol(id_, text, start, end, left.source + right.source, origin)


def _without(prefix: str, right: str) -> str:
    """What a merge adds of its right part: the library cuts as many bytes as the prefix has, whatever they are."""
    return right.encode()[len(prefix.encode()) :].decode() if prefix else right


def _source(model: BytePairModel, character: str) -> bytes:
    byte = _BYTE_OF.get(character) if model.byte_level else None
    return character.encode() if byte is None else bytes([byte])


_BYTE_OF = byte_alphabet()
