"""The list of words that fill-mask is held to."""

from __future__ import annotations

import pytest

from tui.tasks.targets import targets_of


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ("", []),
        (" , ,", []),
        ("a,b ,, c", ["a", "b", "c"]),
        ('" a"', [" a"]),
        ('"a,b", c', ["a,b", "c"]),
        ('"a" b, c"d"', ['"a" b', 'c"d"']),
        ('"open, b', ['"open', "b"]),
        ('"", a', ["a"]),
        ('"', ['"']),
    ],
)
def test_commas_separate_and_quotes_keep(listed: str, words: list[str]) -> None:
    assert targets_of(listed) == words
