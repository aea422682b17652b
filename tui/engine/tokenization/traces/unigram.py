"""Unigram of one word: all pieces that fit form a lattice, and the likeliest way through it is taken.

Kudo 2018, "Subword Regularization", as the `tokenizers` library does it (`models/unigram/model.rs`): Viterbi over
places in the word, the earliest start among equals, no sampling. The runners-up come from the same pass, which
keeps the n best ways to every place instead of one; that is exact (Huang and Chiang 2005, "Better k-best Parsing").
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, takewhile
from operator import itemgetter
from typing import Any

from tui.engine.tokenization.traces.unknown import unknown_id
from tui.protocol.microscope.traces import LatticeNode, Segmentation, TracePiece, UnigramTrace

UNKNOWN_PENALTY = 10.0
"""`K_UNK_PENALTY` of the library: nats that an unknown character lies below the worst entry."""
SEGMENTATIONS = 5
LONGEST_LATTICE = 512
"""Most characters of a word whose lattice is kept; of a longer one it is kept up to here, without segmentations."""

_LARGEST_EXPONENT = math.log(sys.float_info.max)

_Way = tuple[float, int, int]
"""A way to a place: its log-probability, its last node or −1, which of the ways to that node's start it goes on."""


@dataclass(frozen=True, slots=True)
class UnigramModel:
    """A Unigram model of the `tokenizers` library, ready for looking up."""

    entries: list[tuple[str, float]]
    ids: dict[str, int]
    lengths: dict[str, tuple[int, ...]]
    """First character → how long the entries that begin with it are, shortest first."""
    unknown: int | None
    unknown_score: float
    byte_fallback: bool


def prepare(model: Mapping[str, Any]) -> UnigramModel:
    """The lookup tables of the `model` part of a tokenizer.json."""
    entries: list[tuple[str, float]] = model["vocab"]
    lengths: dict[str, set[int]] = {}
    for text, _ in entries:
        lengths.setdefault(text[:1], set()).add(len(text))
    return UnigramModel(
        entries=entries,
        ids={text: id_ for id_, (text, _) in enumerate(entries)},
        lengths={first: tuple(sorted(found)) for first, found in lengths.items()},
        unknown=model.get("unk_id"),
        unknown_score=min((score for _, score in entries), default=math.inf) - UNKNOWN_PENALTY,
        byte_fallback=bool(model.get("byte_fallback")),
    )


def trace(model: UnigramModel, word: str) -> UnigramTrace:
    """The lattice of a word and its best segmentations.

    Raises an EngineError where a character is unknown and the model has no unknown token.

    >>> entries = [("<unk>", 0.0), ("h", -3.0), ("u", -2.5), ("g", -3.5), ("hu", -4.0), ("ug", -4.5), ("hug", -7.5)]
    >>> hug = trace(prepare({"vocab": entries, "unk_id": 0}), "hug")
    >>> hug.best
    (0.0, -3.0, -4.0, -7.5)
    >>> ways = [[hug.nodes[place] for place in way.nodes] for way in hug.segmentations]
    >>> [["hug"[node.start : node.end] for node in way] for way in ways]
    [['hug'], ['h', 'ug'], ['hu', 'g'], ['h', 'u', 'g']]
    >>> [way.behind for way in hug.segmentations]
    [0.0, 0.0, 0.0, 1.5]
    """
    nodes = list(lattice(model, word))
    traced = min(len(word), LONGEST_LATTICE)
    ways = best_ways(nodes, len(word), SEGMENTATIONS if traced == len(word) else 1)
    _refuse_unknown(model, word, ways)
    runs = list(_runs(model, [nodes[place] for place in _path(nodes, ways, 0)]))
    return UnigramTrace(
        word,
        tuple(piece for start, end, _ in runs for piece in _pieces(model, word, start, end)),
        log_probability=ways[-1][0][0],
        unknown_score=model.unknown_score,
        nodes=tuple(takewhile(lambda node: node.end <= traced, nodes)),
        best=tuple(found[0][0] for found in ways[: traced + 1]),
        arrivals=(None, *(found[0][1] for found in ways[1 : traced + 1])),
        segmentations=tuple(_segmentations(nodes, ways)) if traced == len(word) else (),
        characters=traced,
        fused=tuple((start, end) for start, end, count in runs if count > 1),
    )


def lattice(model: UnigramModel, word: str) -> Iterator[LatticeNode]:
    """Every entry that stands somewhere in the word, by end, then by start.

    A character that is no entry by itself gets a node of the unknown token, if the model has one.

    >>> model = prepare({"vocab": [("<unk>", 0.0), ("a", -1.0), ("ab", -2.0)], "unk_id": 0})
    >>> [(node.start, node.end, node.id, node.log_probability) for node in lattice(model, "ab")]
    [(0, 1, 1, -1.0), (0, 2, 2, -2.0), (1, 2, 0, -12.0)]
    """
    arriving: list[list[LatticeNode]] = [[] for _ in range(len(word) + 1)]
    for start, first in enumerate(word):
        alone = False
        for end in (start + length for length in model.lengths.get(first, ())):
            if end > len(word):
                break
            if (id_ := model.ids.get(word[start:end])) is not None:
                alone = alone or end == start + 1
                arriving[end].append(LatticeNode(start, end, id_, model.entries[id_][1], False))
        if not alone and model.unknown is not None:
            arriving[start + 1].append(
                LatticeNode(start, start + 1, model.unknown, model.unknown_score, True)
            )
    return chain.from_iterable(arriving)


def best_ways(nodes: Sequence[LatticeNode], length: int, count: int) -> list[list[_Way]]:
    """The `count` likeliest ways from the beginning to each place of a word, exactly.

    nodes: by end, then by start. length: characters of the word. Returns [length + 1][up to count], the likeliest
    first; none for a place that nothing leads to. The first of each is what Viterbi finds.
    """
    ways: list[list[_Way]] = [[(0.0, -1, 0)], *([] for _ in range(length))]
    for end, arriving in groupby(enumerate(nodes), key=lambda numbered: numbered[1].end):
        candidates = [
            (before + node.log_probability, place, nth)
            for place, node in arriving
            for nth, (before, _, _) in enumerate(ways[node.start])
        ]
        candidates.sort(
            key=itemgetter(0), reverse=True
        )  # stable: the earliest start stays first among equals
        ways[end] = candidates[:count]
    return ways


def _path(nodes: Sequence[LatticeNode], ways: Sequence[Sequence[_Way]], nth: int) -> list[int]:
    """The nodes of the nth best way to the end of the word."""
    places = []
    _, place, nth = ways[-1][nth]
    while place >= 0:
        places.append(place)
        _, place, nth = ways[nodes[place].start][nth]
    return places[::-1]


def _segmentations(nodes: Sequence[LatticeNode], ways: Sequence[Sequence[_Way]]) -> Iterator[Segmentation]:
    best = ways[-1][0][0]
    for nth, (log_probability, _, _) in enumerate(ways[-1]):
        behind = best - log_probability
        factor = math.exp(behind) if behind < _LARGEST_EXPONENT else None
        yield Segmentation(tuple(_path(nodes, ways, nth)), log_probability, behind, factor)


# ------------------------------------------------------------------------------------------ what is unknown


def _refuse_unknown(model: UnigramModel, word: str, ways: Sequence[Sequence[_Way]]) -> None:
    """Raises an EngineError where a model without an unknown token would need one for the best way to some place.

    So does the library, also where that place is not on the best way through the word.
    """
    if model.unknown is not None:
        return
    for start, character in enumerate(word):
        if character in model.ids:
            continue
        reached = ways[start + 1]
        if not reached or model.unknown_score + ways[start][0][0] > reached[0][0]:
            unknown_id(model.ids, None, character)


def _runs(model: UnigramModel, nodes: Sequence[LatticeNode]) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of the nodes that become one string: neighbors that are unknown are fused."""
    for unknown, run in groupby(nodes, key=lambda node: node.id == model.unknown):
        if unknown:
            fused = list(run)
            yield fused[0].start, fused[-1].end, len(fused)
        else:
            yield from ((node.start, node.end, 1) for node in run)


def _pieces(model: UnigramModel, word: str, start: int, end: int) -> list[TracePiece]:
    """What a string of the best way becomes: its entry, else its bytes (`<0x0A>`), else the unknown token."""
    text = word[start:end]
    if (id_ := model.ids.get(text)) is not None:
        return [TracePiece(id_, text, start, end)]
    if model.byte_fallback:
        spelled = [f"<0x{byte:02X}>" for byte in text.encode()]
        if all(entry in model.ids for entry in spelled):
            return [TracePiece(model.ids[entry], entry, start, end) for entry in spelled]
    if model.unknown is None:
        return [TracePiece(unknown_id(model.ids, None, text), text, start, end)]
    return [TracePiece(model.unknown, model.entries[model.unknown][0], start, end)]
