"""Looking through a vocabulary: all entries at once, by text, by beginning or by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from weakref import WeakKeyDictionary

import numpy as np

from tui.engine.rows import finding
from tui.engine.rows.finding import Names, folded_index
from tui.engine.rows.substrings import Rows, Substrings
from tui.engine.rows.vocabulary import VocabularyLabels
from tui.engine.tokenization import from_ids, merges
from tui.engine.tokenization.entries import AnyTokenizer, entry_of, inside, vocabulary
from tui.protocol.microscope.vocabulary import EntryDetail, SearchBy, VocabularyPage, Which


class VocabularyIndex:
    """The entries of a vocabulary in the order of their ids, ready to be searched. Holds no tokenizer.

    Its rows are entries: ids may have gaps, and two entries may share one.
    """

    def __init__(self, entries: dict[str, int], is_special: Callable[[int], bool], shared: Names) -> None:
        """shared: the names of all ids, which serve where ids are places in a row."""
        texts, ids = list(entries), np.fromiter(entries.values(), dtype=np.int64, count=len(entries))
        ordered = np.argsort(ids, kind="stable")
        self.texts = [texts[place] for place in ordered.tolist()]
        self.ids = ids[ordered]
        self.special = np.fromiter(map(is_special, self.ids.tolist()), dtype=bool, count=len(ids))
        self.spellings: Substrings = folded_index(self.texts)
        in_a_row = np.array_equal(self.ids, np.arange(len(self.ids)))
        self.names = shared if in_a_row else Names()

    def __len__(self) -> int:
        return len(self.texts)

    def spelled(self, text: str) -> tuple[int | None, Rows]:
        """The row that the vocabulary spells so, and those that have it in their spelling, whatever its case."""
        whole, holding = self.spellings.find(text.casefold(), " ")
        return next((row for row in whole if self.texts[row] == text), None), holding


class _RowLabels:
    """Names of an index's rows."""

    def __init__(self, tokenizer: AnyTokenizer, index: VocabularyIndex) -> None:
        self._labels = VocabularyLabels(tokenizer)
        self._index = index

    def __getitem__(self, row: int) -> str:
        return self._labels[int(self._index.ids[row])]

    def names(self) -> Names:
        return self._index.names

    def entry_id(self, text: str) -> int | None:
        """The row that the vocabulary spells so."""
        return self._index.spelled(text)[0]


_INDEXES: WeakKeyDictionary[AnyTokenizer, VocabularyIndex] = WeakKeyDictionary()


def index_of(tokenizer: AnyTokenizer) -> VocabularyIndex:
    """The index of a tokenizer's vocabulary, made once and kept as long as the tokenizer is."""
    known = _INDEXES.get(tokenizer)
    if known is None:
        known = VocabularyIndex(
            vocabulary(tokenizer), tokenizer.is_special, VocabularyLabels(tokenizer).names()
        )
        _INDEXES[tokenizer] = known
    return known


def prepare(tokenizer: AnyTokenizer) -> None:
    """Make all that a search needs: seconds for 250,000 entries, after which a search takes milliseconds."""
    index = index_of(tokenizer)
    index.names.all(_RowLabels(tokenizer, index), len(index))


def search(
    tokenizer: AnyTokenizer,
    query: str,
    by: SearchBy = "text",
    which: Which = "all",
    start: int = 0,
    count: int = 50,
) -> VocabularyPage:
    """The entries from place `start` on, at most `count`, of all that the query finds; case doesn't matter.

    An empty query finds every entry. Raises EngineError where a query by id holds no ids, or none of this
    vocabulary.
    """
    index = index_of(tokenizer)
    if not query or (by == "id" and not query.strip()):
        rows = np.arange(len(index))
    elif by == "id":
        wanted = np.array(from_ids.parse(tokenizer, query), dtype=np.int64)
        rows = np.flatnonzero(np.isin(index.ids, wanted))
    elif by == "prefix":
        rows = _starting(tokenizer, index, query)
    else:
        rows = _holding(tokenizer, index, query)
    rows = _only(tokenizer, index, rows, which)
    start = max(0, start)
    return VocabularyPage(
        query=query,
        by=by,
        which=which,
        total=len(rows),
        size=len(index),
        start=start,
        entries=tuple(
            entry_of(tokenizer, int(index.ids[row])) for row in rows[start : start + max(0, count)].tolist()
        ),
    )


def detail(tokenizer: AnyTokenizer, entry_id: int, around: int = 5) -> EntryDetail:
    """One entry: what it stands for, what makes it, and its neighbors by id, `around` on each side.

    Raises EngineError for an id out of range.
    """
    (entry_id,) = from_ids.parse(tokenizer, str(entry_id))
    index = index_of(tokenizer)
    place = int(np.searchsorted(index.ids, entry_id))
    near = index.ids[max(0, place - around) : place + around + 1].tolist()
    entry = entry_of(tokenizer, entry_id)
    origin = merges.origin_of(tokenizer, entry)
    return EntryDetail(
        entry=entry,
        kind=inside(tokenizer).kind,
        neighbors=tuple(entry_of(tokenizer, neighbor) for neighbor in dict.fromkeys(near)),
        merges=origin.merges,
        tree=origin.tree,
        reached=origin.reached,
        score=origin.score,
    )


def _holding(tokenizer: AnyTokenizer, index: VocabularyIndex, query: str) -> Rows:
    named = finding.matches(query, _RowLabels(tokenizer, index), len(index))
    row, spelled = index.spelled(query)
    return _in_turn(index, row, named.exact, named.bare, (named.part, spelled))


def _starting(tokenizer: AnyTokenizer, index: VocabularyIndex, query: str) -> Rows:
    labels = _RowLabels(tokenizer, index)
    exact = finding.matches(query, labels, len(index)).exact
    _, names = index.names.all(labels, len(index))
    found = [names.starting(start.casefold()) for start in {query, finding.spaces_meant(query)}]
    found = [rows[rows < len(index)] for rows in found]
    found.append(index.spellings.starting(query.casefold()))
    return _in_turn(index, index.spelled(query)[0], exact, [], found)


def _in_turn(
    index: VocabularyIndex,
    spelled: int | None,
    exact: Sequence[int],
    bare: Sequence[int],
    others: Iterable[Rows],
) -> Rows:
    whole = sorted({*exact, *([] if spelled is None else [spelled])})
    first = np.array(list(dict.fromkeys([*whole, *bare])), dtype=np.intp)
    # marks, for numpy's set functions take a hundred times as long
    rest = np.zeros(len(index), dtype=bool)
    for rows in others:
        rest[rows] = True
    rest[first] = False
    return np.concatenate([first, np.flatnonzero(rest)])


def _only(tokenizer: AnyTokenizer, index: VocabularyIndex, rows: Rows, which: Which) -> Rows:
    if which == "all":
        return rows
    kept = (
        index.special[rows] if which == "special" else np.isin(index.ids[rows], list(inside(tokenizer).added))
    )
    return np.compress(kept, rows)
