"""A conversation as a text, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.tasks.chat import ROLES, Turn, role_end, text_of, turns_of

_PIECES = (
    "\n",
    "\\",
    " ",
    "\t",
    ":",
    "user",
    "user:",
    "System :",
    "assistant: ",
    "\r",
    "x",
    "é",
    "ſystem:",
    "\ud800",
)
_CONTENT = st.text() | st.lists(st.sampled_from(_PIECES), max_size=9).map("".join)
_TURNS = st.lists(st.builds(Turn, st.sampled_from(ROLES), _CONTENT), min_size=1, max_size=5).map(tuple)


@given(_TURNS)
def test_turns_come_back_from_their_text(turns: tuple[Turn, ...]) -> None:
    assert turns_of(text_of(turns)) == turns


@given(_CONTENT)
def test_any_text_means_the_same_once_it_is_written_again(text: str) -> None:
    assert turns_of(text_of(turns_of(text))) == turns_of(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("plain", "user: plain"),
        ("", "user:"),
        (" ", "user:  "),
        ("two\nlines", "user: two\nlines"),
        ("a\n\nb", "user: a\n\nb"),
        ("a\nuser: b", "user: a\n\\user: b"),
        ("a\n\\Assistant : b", "user: a\n\\\\Assistant : b"),
        ("a\n\\alpha", "user: a\n\\alpha"),
        ("\na\n", "user: \\\na\n\\"),
        ("\n", "user: \\\n\\"),
        ("\\", "user: \\\\"),
    ],
)
def test_only_what_would_be_read_otherwise_gets_a_backslash(content: str, text: str) -> None:
    assert text_of((Turn("user", content),)) == text
    assert turns_of(text) == (Turn("user", content),)


def test_who_speaks_is_one_of_three() -> None:
    """A letter that only looks like one of theirs when case is ignored names nobody."""
    assert turns_of("ſystem: x") == (Turn("user", "ſystem: x"),)
    assert [role_end(line) for line in ("USER : x", " system:", "\\user: x", "userx: y", "")] == [
        6,
        8,
        0,
        0,
        0,
    ]
