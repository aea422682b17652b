"""Which of very many texts hold a part, begin with it or are it: a search over their bytes, all at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
_END = 0xFF
"""Stands between the texts; no byte of UTF-8 has this value."""


class Substrings:
    """An index of texts by their bytes; memory: five bytes for each byte of text.

    A part of a text is a part of its UTF-8 bytes and the other way round, for no character's bytes lie across
    those of others. Halves of surrogate pairs are texts like any other.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        end = bytes((_END,))
        joined = end + b"".join(text.encode("utf-8", "surrogatepass") + end for text in texts)
        self._bytes = np.frombuffer(joined, dtype=np.uint8)
        ends = np.flatnonzero(self._bytes == _END)
        self._starts = ends[:-1] + 1
        self._lengths = ends[1:] - self._starts
        self._owners = np.repeat(np.arange(len(self._starts), dtype=np.int32), np.diff(ends))
        self._frequencies = np.bincount(self._bytes, minlength=256)

    def __len__(self) -> int:
        return len(self._starts)

    def holding(self, part: str) -> Rows:
        """The rows whose text has the part in it, in order; all rows for an empty part.

        >>> Substrings(["token", "ken", "to", ""]).holding("ken").tolist()
        [0, 1]
        """
        if not part:
            return np.arange(len(self), dtype=np.intp)
        return _each_once(self._owners[self._places(_bytes_of(part))])

    def starting(self, part: str) -> Rows:
        """The rows whose text begins with the part, in order.

        >>> Substrings(["token", "ken", "to", ""]).starting("to").tolist()
        [0, 2]
        """
        if not part:
            return self.holding(part)
        # every text has an end before it, and an owner that owns this end too
        return _each_once(self._owners[self._places(bytes((_END,)) + _bytes_of(part))])

    def find(self, part: str, padding: str) -> tuple[list[int], Rows]:
        """The rows whose text is the part with nothing but repetitions of `padding` around it, and those with it.

        The first are among the second. Nothing but empty texts is an empty part.

        >>> whole, holding = Substrings([" to", "to", "too", "  to "]).find("to", " ")
        >>> whole, holding.tolist()
        ([0, 1, 3], [0, 1, 2, 3])
        """
        if not part:
            return np.flatnonzero(self._lengths == 0).tolist(), self.holding(part)
        wanted, around = _bytes_of(part), _bytes_of(padding)
        places = self._places(wanted)
        before, after = self._bytes[places - 1], self._bytes[places + len(wanted)]
        fits = ((before == _END) | (before == around[-1])) & ((after == _END) | (after == around[0]))
        rows = _each_once(self._owners[places[fits]]).tolist()
        filled = [row for row in rows if self._is_filled(row, wanted, around)]
        return filled, _each_once(self._owners[places])

    def _is_filled(self, row: int, wanted: bytes, around: bytes) -> bool:
        text = self._bytes[self._starts[row] : self._starts[row] + self._lengths[row]].tobytes()
        while text.startswith(around) and text != wanted:
            text = text.removeprefix(around)
        while text.endswith(around) and text != wanted:
            text = text.removesuffix(around)
        return text == wanted

    def _places(self, wanted: bytes) -> Rows:
        """Where in the joined texts the bytes stand, found from those two neighbors that are rarest in them."""
        if len(wanted) == 1:
            return np.flatnonzero(self._bytes == wanted[0])
        rarest = min(
            range(len(wanted) - 1),
            key=lambda at: int(self._frequencies[wanted[at]]) * int(self._frequencies[wanted[at + 1]]),
        )
        both = (self._bytes[:-1] == wanted[rarest]) & (self._bytes[1:] == wanted[rarest + 1])
        places = np.flatnonzero(both) - rarest
        places = places[(places >= 0) & (places + len(wanted) < len(self._bytes))]
        for offset, byte in enumerate(wanted):
            places = places[self._bytes[places + offset] == byte]
        return places


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _each_once(owners: NDArray[np.int32]) -> Rows:
    """Rows that come in order, without repetitions."""
    first = np.ones(len(owners), dtype=bool)
    first[1:] = owners[1:] != owners[:-1]
    return owners[first].astype(np.intp)
