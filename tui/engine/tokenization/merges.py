"""Where an entry comes from: the merges of byte-pair encoding that make it, or its score in Unigram.

A merge joins two entries into a third (Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words
with Subword Units"). Several can make the same entry; which of them do, told from its single symbols on, is decided
by the ranks, as in `traces.bpe`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.errors import EngineError
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.traces import bpe, tracer_of
from tui.engine.tokenization.traces.bpe import BytePairModel
from tui.engine.tokenization.traces.unigram import UnigramModel
from tui.protocol.microscope.traces import Symbol
from tui.protocol.microscope.vocabulary import Entry, MakingMerge, MergeNode


@dataclass(frozen=True)
class Origin:
    """What makes an entry; see `EntryDetail`."""

    merges: tuple[MakingMerge, ...] = ()
    tree: tuple[MergeNode, ...] = ()
    reached: bool | None = None
    score: float | None = None


def origin_of(tokenizer: AnyTokenizer, entry: Entry) -> Origin:
    """What makes an entry; nothing for an added token, which is looked for as a whole.

    Nothing either for a model that no `Tracer` can be made of. The first call for a tokenizer takes a second for
    250,000 entries.
    """
    if not entry.text or entry.added is not None or not isinstance(tokenizer, RustTokenizer):
        return Origin()
    try:
        tables = tracer_of(tokenizer).tables
    except EngineError:
        return Origin()
    match tables:
        case BytePairModel() as pairs:
            tree = tree_of(pairs, entry.text)
            tops = [node.text for node in tree if node.depth == 0]
            return Origin(making(pairs, entry.text), tree, tops == [entry.text])
        case UnigramModel(entries=scored) if entry.id < len(scored):
            return Origin(score=float(scored[entry.id][1]))
    return Origin()


def making(model: BytePairModel, text: str) -> tuple[MakingMerge, ...]:
    """Every merge that makes an entry, by rank.

    >>> vocabulary = {"a": 0, "b": 1, "ab": 2, "ba": 3, "aba": 4}
    >>> model = bpe.prepare({"vocab": vocabulary, "merges": [["a", "b"], ["b", "a"], ["a", "ba"], ["ab", "a"]]})
    >>> [(merge.rank, merge.left, merge.right) for merge in making(model, "aba")]
    [(2, 'a', 'ba'), (3, 'ab', 'a')]
    """
    found = []
    for cut in range(1, len(text)):
        left, right = text[:cut], model.prefix + text[cut:]
        left_id, right_id = model.vocabulary.get(left), model.vocabulary.get(right)
        if left_id is None or right_id is None:
            continue
        rank = model.ranks.get((left_id, right_id))
        if rank is not None and model.entries[model.made[rank]] == text:
            found.append(MakingMerge(rank, left, right, left_id, right_id))
    return tuple(sorted(found, key=lambda merge: merge.rank))


def tree_of(model: BytePairModel, text: str) -> tuple[MergeNode, ...]:
    """How the single symbols of an entry are merged, each node before its children.

    >>> model = bpe.prepare({"vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3}, "merges": [["a", "b"], ["ab", "a"]]})
    >>> [("  " * node.depth + node.text, node.rank) for node in tree_of(model, "aba")]
    [('aba', 1), ('  ab', 0), ('    a', None), ('    b', None), ('  a', None)]
    """
    symbols = _single_symbols(model, text)
    merges, _ = bpe.merge_all(model, symbols)
    nodes: list[_Node] = [_Node(symbol, None) for symbol in symbols]
    tops = dict(enumerate(nodes))
    for merged in merges:
        left = tops[merged.place]
        right = tops.pop(merged.place + left.symbols)
        tops[merged.place] = _Node(merged.made, merged.rank, (left, right), left.symbols + right.symbols)
    ordered: list[MergeNode] = []
    waiting = [(node, 0) for _, node in sorted(tops.items(), reverse=True)]
    while waiting:  # a tree can be as deep as the entry is long: deeper than functions may call each other
        node, depth = waiting.pop()
        index = node.symbol.id
        ordered.append(MergeNode(node.symbol.text, None if index < 0 else index, node.rank, depth))
        waiting += [(child, depth + 1) for child in reversed(node.children)]
    return tuple(ordered)


@dataclass(frozen=True)
class _Node:
    symbol: Symbol
    rank: int | None
    children: tuple[_Node, ...] = ()
    symbols: int = 1
    """Single symbols below it."""


def _single_symbols(model: BytePairModel, text: str) -> list[Symbol]:
    """The symbols that an entry's characters are to begin with, with the affixes of its place in a word.

    An id of -1 is that of a character without an entry.
    """
    continues = bool(model.prefix) and text.startswith(model.prefix) and len(text) > len(model.prefix)
    ends = bool(model.suffix) and text.endswith(model.suffix) and len(text) > len(model.suffix)
    bare = text[len(model.prefix) if continues else 0 : len(text) - len(model.suffix) if ends else len(text)]
    symbols = []
    for place, character in enumerate(bare):
        before = model.prefix if place or continues else ""
        after = model.suffix if ends and place == len(bare) - 1 else ""
        spelled = before + character + after
        index = model.vocabulary.get(spelled, -1)
        symbols.append(Symbol(index, spelled, place, place + 1, b"", "entry"))
    return symbols
