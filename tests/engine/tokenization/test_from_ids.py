"""Ids as people type them, and what is said of those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from tests.engine.tokenization.trained import MAKERS, backend_of, opened
from tui.engine.errors import EngineError
from tui.engine.tokenization.from_ids import MOST_CHARACTERS, MOST_IDS, from_ids, parse
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer

BUILT_IN = open_tokenizer("nano-sentiment").tokenizer
LAST = 6_999


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("", []),
        (" \n ,, ", []),
        ("101 7 102", [101, 7, 102]),
        ("101,7\n102\t3;4", [101, 7, 102, 3, 4]),
        ("[101, 7, 102]", [101, 7, 102]),
        ("[[101, 7], [102]]", [101, 7, 102]),
        ("5-9", [5, 6, 7, 8, 9]),
        ("5–7, 7-7 0007", [5, 6, 7, 7, 7]),
        (f"0 {LAST}", [0, LAST]),
        ("0" * 5000 + "7", [7]),
    ],
)
def test_what_is_read(typed: str, ids: list[int]) -> None:
    assert parse(BUILT_IN, typed) == ids


@pytest.mark.parametrize(
    ("typed", "title", "parts"),
    [
        ("101 the", "Not an id", ["“the” is not a number", "number 2, line 1, column 5"]),
        ("1\n2\n3 -5", "Not an id", ["“-5” is negative", "number 4, line 3, column 3"]),
        ("1.5", "Not an id", ["“1.5” is not a whole number"]),
        ("1e6", "Not an id", ["“1e6” is not a whole number"]),
        ("-2.", "Not an id", ["“-2.” is not a whole number"]),
        ("5 - 9", "Not an id", ["“-” is not a number", "column 3"]),
        ("9-5", "Not an id", ["“9-5” runs backward"]),
        ("1_000", "Not an id", ["“1_000” is not a number"]),
        ("٣", "Not an id", ["“٣” is not a number"]),
        ("\ud800", "Not an id", ["is not a number"]),
        (f"1 {LAST + 1}", "No such id", [f"{LAST + 1} is out of range", "column 3", f"from 0 to {LAST:,}"]),
        ("3-70000", "No such id", ["70000 of “3-70000” is out of range"]),
        ("9" * 10_000, "No such id", ["999999999999999999999999… (10,000 characters) is out of range"]),
        ("4294967296", "No such id", ["4294967296 is out of range"]),
        ("x" * 10_000, "Not an id", ["“xxxxxxxxxxxxxxxxxxxxxxxx… (10,000 characters)”"]),
    ],
)
def test_what_is_refused(typed: str, title: str, parts: list[str]) -> None:
    with pytest.raises(EngineError) as refused:
        from_ids(BUILT_IN, typed)
    failure = refused.value.failure
    assert failure.title == title
    assert failure.hint
    for part in parts:
        assert part in failure.detail
    assert len(failure.detail) < 200


def test_too_many_ids_are_refused_before_they_are_written_out() -> None:
    everything = f"0-{LAST} "
    with pytest.raises(EngineError, match="at most 1,000,000"):
        parse(BUILT_IN, everything * (MOST_IDS // (LAST + 1) + 1))


def test_a_million_ids_come_in_pages() -> None:
    answer = from_ids(open_tokenizer("nano-generation").tokenizer, "7 " * MOST_IDS, start=999_998)
    assert answer.total == MOST_IDS
    assert [entry.id for entry in answer.entries] == [7, 7]
    assert len(answer.decoded) == MOST_CHARACTERS < answer.decoded_characters


@given(st.lists(st.integers(0, LAST), max_size=20), st.sampled_from([" ", ",", "\n", ", "]))
def test_every_list_of_ids_is_read(ids: list[int], between: str) -> None:
    assert parse(BUILT_IN, between.join(map(str, ids))) == ids


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        ids = parse(BUILT_IN, text)
    except EngineError as error:
        title = error.failure.title
    else:
        title = ""
        assert all(0 <= index <= LAST for index in ids)
    assert title in ("", "Not an id", "No such id")


@pytest.mark.parametrize("name", MAKERS)
def test_the_text_is_the_tokenizers(name: str, tmp_path: Path) -> None:
    tokenizer, backend = opened(name, tmp_path).tokenizer, backend_of(name)
    ids = list(range(backend.get_vocab_size()))
    answer = from_ids(tokenizer, f"0-{ids[-1]}", count=1000)
    assert answer.decoded == backend.decode(ids, skip_special_tokens=False)
    assert answer.without_special == backend.decode(ids)
    assert answer.special == sum(token.special for token in backend.get_added_tokens_decoder().values())
    assert [entry.text for entry in answer.entries] == [backend.id_to_token(index) for index in ids]
    assert answer.without_entry == 0


def test_ids_without_an_entry_in_between_are_counted() -> None:
    tokenizer = RustTokenizer(
        Tokenizer(models.BPE({"a": 0, "b": 1, "z": 900}, [])), None, (), frozenset(), None
    )
    answer = from_ids(tokenizer, "0 900 1")
    assert [entry.text for entry in answer.entries] == ["a", "z", "b"]
    with pytest.raises(EngineError, match=r"901 is out of range .* from 0 to 900, with gaps"):
        from_ids(tokenizer, "901")
    assert from_ids(tokenizer, "2 899").without_entry == 2


def test_an_empty_vocabulary_has_no_ids() -> None:
    tokenizer = RustTokenizer(Tokenizer(models.BPE()), None, (), frozenset(), None)
    with pytest.raises(EngineError, match="empty"):
        from_ids(tokenizer, "0")
