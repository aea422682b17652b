"""The index of many texts against looking at each of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.engine.rows.substrings import Substrings

LETTERS = st.text(alphabet="ab é\x00\ud800ÿ𝒳", max_size=6)


@given(st.lists(LETTERS, max_size=12), LETTERS)
def test_it_finds_what_a_loop_finds(texts: list[str], part: str) -> None:
    index = Substrings(texts)
    assert len(index) == len(texts)
    assert index.holding(part).tolist() == [row for row, text in enumerate(texts) if part in text]
    assert index.starting(part).tolist() == [row for row, text in enumerate(texts) if text.startswith(part)]


@given(
    st.lists(LETTERS, max_size=12),
    LETTERS.filter(lambda part: not part.strip(" ") or part == part.strip(" ")),
)
def test_padding_is_told_from_text(texts: list[str], part: str) -> None:
    whole, holding = Substrings(texts).find(part, " ")
    assert holding.tolist() == [row for row, text in enumerate(texts) if part in text]
    bare = part.strip(" ")
    if bare:
        assert whole == [row for row, text in enumerate(texts) if text.strip(" ") == bare]
    else:
        assert set(whole) >= {row for row, text in enumerate(texts) if text == part}
