"""Rows found by id, by label or by a part of one, in outputs of any size."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tui.engine.rows import probability
from tui.engine.rows.probability import Floats
from tui.engine.rows.substrings import Rows, Substrings
from tui.protocol.rows import Found, Watch

_GAP = "␣"
"""How a space at an end is drawn, and so can be asked for."""
_AT_ONCE = 256
SOON, SOME_TIME = 0.001, 0.004
"""Seconds that the lanes get between two parts of the names made ahead: before a search, with none in sight."""


class Labels(Protocol):
    """Names of the rows of an output."""

    def __getitem__(self, index: int, /) -> str:
        """The name of a row."""


@runtime_checkable
class ManyLabels(Labels, Protocol):
    """Names of so many rows that all of them take a while to make."""

    def names(self) -> Names:
        """All names, made once and kept."""

    def entry_id(self, text: str) -> int | None:
        """The row of an entry of the vocabulary, as the vocabulary spells it."""


class Names:
    """The names of all rows: made on demand or ahead of it, in a thread of its own that leaves room to others.

    It holds no labels, so that what they come from can go.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[str] = []
        self._index = Substrings(())
        self._wanted_now = threading.Event()
        self._ahead: threading.Thread | None = None
        self._pause = SOME_TIME

    def prepare(self, labels: Labels, count: int, pause: float = SOON) -> None:
        """Begin to make the names of `count` rows and their index beside other work, or go on with it faster."""
        self._pause = min(self._pause, pause)
        if len(self._made) < count and self._ahead is None:
            self._ahead = threading.Thread(
                target=self._make_ahead, args=(labels, count), name="names of rows", daemon=True
            )
            self._ahead.start()

    def _make_ahead(self, labels: Labels, count: int) -> None:
        self._make(labels, count, True)
        self._indexed()

    def all(self, labels: Labels, count: int) -> tuple[Sequence[str], Substrings]:
        """The names of `count` rows, and an index of them without case, which may have more."""
        self._wanted_now.set()
        try:
            self._make(labels, count, False)
        finally:
            self._wanted_now.clear()
        index = self._indexed()
        return self._made if len(self._made) == count else self._made[:count], index

    def _indexed(self) -> Substrings:
        """The index of all names that are made."""
        with self._lock:
            if len(self._index) < len(self._made):
                self._index = folded_index(self._made)
            return self._index

    def _make(self, labels: Labels, count: int, leisurely: bool) -> None:
        while len(self._made) < count:
            with self._lock:
                first = len(self._made)
                self._made += [labels[index] for index in range(first, min(count, first + _AT_ONCE))]
            if leisurely and not self._wanted_now.is_set():
                time.sleep(self._pause)


def folded_index(texts: Iterable[str]) -> Substrings:
    """An index of texts that finds them whatever their case."""
    return Substrings(map(str.casefold, texts))


def prepare(labels: Labels, count: int, pause: float = SOON) -> None:
    """Make the names of all rows ready for a search, in a thread of its own; `pause`: its rests, seconds."""
    if isinstance(labels, ManyLabels):
        labels.names().prepare(labels, count, pause)


@dataclass(frozen=True)
class Matches:
    """The rows whose names match a query, in order; those of each kind are among those of the next."""

    exact: Sequence[int]
    """The name is the query."""
    bare: Sequence[int]
    """It is, but for spaces at the ends."""
    part: Rows
    """The query is a part of it, whatever the case of both and the spaces around the query."""


def matches(query: str, labels: Labels, count: int) -> Matches:
    """The rows of `count` whose names match a query."""
    named, index = _all(labels, count)
    spellings = {spaces_meant(query), query}
    parts = {(text.strip(" ") or text).casefold() if query.strip() else text for text in spellings}
    found = [index.find(part, " ") for part in parts]
    whole = sorted({row for rows, _ in found for row in rows if row < count})
    holding = found[0][1] if len(found) == 1 else np.unique(np.concatenate([rows for _, rows in found]))
    bare = spaces_meant(query).strip(" ")
    return Matches(
        exact=[row for row in whole if named[row] in spellings],
        bare=[row for row in whole if named[row].strip(" ") == bare] if bare else [],
        part=holding[holding < count],
    )


def find(query: str, hit: int, labels: Labels, scores: Floats) -> tuple[Found, int | None]:
    """The hit that is asked for, and its row.

    Hits come in this order: the row with that id, rows with that label, with that label but for spaces at its
    ends, and with it as a part, whatever its case; among themselves by score.
    """
    count = len(scores)
    found = matches(query, labels, count)
    groups: list[tuple[str, Sequence[int]]] = []
    if query.strip().isdecimal() and int(query) < count:
        groups.append(("id", [int(query)]))
    entry = labels.entry_id(query) if isinstance(labels, ManyLabels) else None
    named = [] if entry is None or entry >= count else [entry]
    groups += [("text", [*found.exact, *named]), ("text", found.bare), ("part", found.part.tolist())]
    ways: dict[int, str] = {}
    order: list[int] = []
    for how, rows in groups:
        new = np.array([index for index in dict.fromkeys(rows) if index not in ways], dtype=np.intp)
        order += _by_score(new, scores).tolist()
        ways.update(dict.fromkeys(new.tolist(), how))
    if not order:
        return Found(0, None, None, ""), None
    row = order[hit % len(order)]
    return Found(len(order), hit % len(order), probability.rank_of(scores, row), ways[row]), row


def _by_score(rows: NDArray[np.intp], scores: Floats) -> NDArray[np.intp]:
    return np.asarray(rows[np.lexsort((rows, -scores[rows]))])


def follow(watch: Watch, labels: Labels, count: int) -> int | None:
    """The row that is watched: at its index, or wherever a row of that name is now."""
    if watch.index < count and labels[watch.index] == watch.label:
        return watch.index
    named, _ = _all(labels, count)
    try:
        return named.index(watch.label)
    except ValueError:
        return None


def _all(labels: Labels, count: int) -> tuple[Sequence[str], Substrings]:
    if isinstance(labels, ManyLabels):
        return labels.names().all(labels, count)
    named = [labels[index] for index in range(count)]
    return named, folded_index(named)


def spaces_meant(query: str) -> str:
    """A query with spaces at its ends for the signs that they are drawn as.

    >>> spaces_meant("␣Paris"), spaces_meant("two words")
    (' Paris', 'two words')
    """
    bare = query.strip(_GAP)
    before = len(query) - len(query.lstrip(_GAP)) if bare else len(query)
    return " " * before + bare + " " * (len(query) - before - len(bare))
