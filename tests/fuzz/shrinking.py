"""From a round that fell to the shortest one that still does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tests.fuzz.items import Item, Round, Type

Falls = Callable[[Round], bool]
"""Whether a round, from a fresh start, falls in the same way."""


def shrunk(fallen: Round, falls: Falls, seconds: float = 600.0) -> Round:
    """Drop what isn't needed: long ends first, then ever smaller parts, then what single items have too much.

    fallen: ends with the item at which it fell. Stops after so long with the shortest found until then.
    """
    limit = time.monotonic() + seconds

    def still(candidate: Round) -> bool:
        return time.monotonic() < limit and falls(candidate)

    best = _suffix(fallen, still)
    before = None
    while best != before and time.monotonic() < limit:
        before = best
        best = _parts_dropped(best, still)
        best = _simplified(best, still)
    return best


def _suffix(fallen: Round, still: Falls) -> Round:
    """The shortest of its ends, each twice as long as the last, that falls."""
    count = 4
    while count < len(fallen.items):
        candidate = fallen._replace(items=fallen.items[-count:])
        if still(candidate):
            return candidate
        count *= 2
    return fallen


def _parts_dropped(fallen: Round, still: Falls) -> Round:
    """Delta debugging: parts of half the length, of a quarter, … of one item are left out."""
    items, size = fallen.items, max(1, len(fallen.items) // 2)
    while True:
        start = 0
        while start < len(items):
            candidate = items[:start] + items[start + size :]
            if candidate and still(fallen._replace(items=candidate)):
                items = candidate
            else:
                start += size
        if size == 1:
            return fallen._replace(items=items)
        size = max(1, size // 2)


def _simplified(fallen: Round, still: Falls) -> Round:
    for candidate in _simpler(fallen):
        if still(candidate):
            fallen = candidate
            break
    for place in range(len(fallen.items)):
        for item in _simpler_items(fallen.items[place]):
            candidate = fallen._replace(items=(*fallen.items[:place], item, *fallen.items[place + 1 :]))
            if still(candidate):
                fallen = candidate
                break
    return fallen


def _simpler(fallen: Round) -> Iterator[Round]:
    """The same with fewer arguments, and at the usual size."""
    task, others = fallen.arguments[:2], fallen.arguments[2:]
    for arguments in ((), task, others):
        if arguments != fallen.arguments:
            for columns, rows in ((80, 24), (fallen.columns, fallen.rows)):
                yield fallen._replace(arguments=arguments, columns=columns, rows=rows)
    if (fallen.columns, fallen.rows) != (80, 24):
        yield fallen._replace(columns=80, rows=24)


def _simpler_items(item: Item) -> Iterator[Item]:
    if not isinstance(item, Type):
        return
    for repeat in (1, 2, item.repeat // 10, item.repeat // 2):
        if 0 < repeat < item.repeat:
            yield item._replace(repeat=repeat)
    if len(item.data) > 12 and not item.data.startswith(b"\x1b"):
        for length in (1, len(item.data) // 4, len(item.data) // 2):
            for part in (item.data[:length], item.data[-length:]):
                yield item._replace(data=part)
