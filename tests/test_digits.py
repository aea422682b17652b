"""The helper that compares shown numbers."""

from __future__ import annotations

import doctest

from tests import digits


def test_the_example_holds() -> None:
    outcome = doctest.testmod(digits)
    assert outcome.attempted
    assert not outcome.failed
