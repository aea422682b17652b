"""Python's garbage collector in a process through which many small values pass."""

from __future__ import annotations

import gc

_YOUNG = 50_000
"""New objects after which the young ones are looked at; Python's own 700 are less than a column of a table."""
_ROUNDS = 20


def few_collections() -> None:
    """Look for garbage seldom: columns of numbers hold none, and looking at them takes a sixth of the time."""
    gc.set_threshold(_YOUNG, _ROUNDS, _ROUNDS)
