"""Every attempt at a word, held against a search that tries all candidates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tui.engine.tokenization.traces import Tracer, wordpiece
from tui.protocol.microscope.traces import WordPieceTrace


def wrapped(vocabulary: list[str], prefix: str = "##", longest: int = 100) -> Tokenizer:
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": prefix,
        "max_input_chars_per_word": longest,
        "vocab": {entry: number for number, entry in enumerate(["[UNK]", *vocabulary])},
    }
    return Tokenizer.from_str(json.dumps({"model": model, "added_tokens": []}))


def traced(backend: Tokenizer, word: str) -> WordPieceTrace:
    found = Tracer(backend).trace(word)
    assert isinstance(found, WordPieceTrace)
    return found


def all_attempts(vocabulary: dict[str, int], prefix: str, word: str) -> list[tuple[int, int, int | None]]:
    attempts: list[tuple[int, int, int | None]] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            id_ = vocabulary.get((prefix if start else "") + word[start:end])
            attempts.append((start, end, id_))
            if id_ is not None:
                break
        if attempts[-1][2] is None:
            break
        start = attempts[-1][1]
    return attempts


entries = st.text("abé", min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(
    vocabulary=st.sets(st.one_of(entries, entries.map(lambda entry: "#" + entry))).map(sorted),
    prefix=st.sampled_from(["", "#", "#a"]),
    words=st.lists(st.text("abé☃", max_size=9), min_size=1),
    longest=st.integers(0, 9),
)
def test_any_model_matches_as_the_library_does(
    vocabulary: list[str], prefix: str, words: list[str], longest: int
) -> None:
    backend = wrapped(vocabulary, prefix, longest)
    for word in words:
        theirs = backend.model.tokenize(word)
        ours = traced(backend, word)
        assert [(piece.id, piece.text) for piece in ours.pieces] == [
            (token.id, token.value) for token in theirs
        ]
        assert [(piece.start, piece.end) for piece in ours.pieces] == [
            tuple(len(word.encode()[:offset].decode()) for offset in token.offsets) for token in theirs
        ]
        assert ours.too_long == (len(word) > longest)
        expected = [] if ours.too_long else all_attempts(backend.get_vocab(), prefix, word)
        assert [(tried.start, tried.end, tried.id) for tried in ours.attempts] == expected
        assert ours.attempts_total == len(expected)
        stuck = bool(expected) and expected[-1][2] is None
        assert ours.stuck_at == (expected[-1][0] if stuck else None)


@pytest.mark.parametrize(("word", "stuck_at"), [("unaffable", None), ("una☃able", 3), ("☃", 0)])
def test_where_nothing_matched_is_told(word: str, stuck_at: int | None) -> None:
    ours = traced(wrapped(["un", "##aff", "##able", "##a"]), word)
    assert ours.stuck_at == stuck_at
    assert [piece.text for piece in ours.pieces] == (
        ["un", "##aff", "##able"] if stuck_at is None else ["[UNK]"]
    )


def test_attempts_are_counted_beyond_those_that_are_kept() -> None:
    word = "ab" * 500
    backend = wrapped(["a", "##a", "##b"], longest=1_000_000)
    ours = traced(backend, word)
    expected: list[Any] = all_attempts(backend.get_vocab(), "##", word)
    assert ours.attempts_total == len(expected) == 500_500
    assert len(ours.attempts) == wordpiece.MOST_ATTEMPTS
    kept = [(tried.start, tried.end, tried.id) for tried in ours.attempts]
    assert kept == expected[: wordpiece.MOST_ATTEMPTS]
