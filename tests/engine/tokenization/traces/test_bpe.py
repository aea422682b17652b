"""Every merge of a word, held against an encoder that looks at all pairs again each time."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers

from tests.engine.tokenization.traces import backends
from tests.engine.tokenization.traces.backends import BPE, texts, words_of
from tui.engine.errors import EngineError
from tui.engine.tokenization.traces import Tracer, bpe
from tui.protocol.microscope.traces import BytePairTrace, Symbol, stage


def traced(tracer: Tracer, word: str) -> BytePairTrace:
    found = tracer.trace(word)
    assert isinstance(found, BytePairTrace)
    return found


def wrapped(model: dict[str, Any]) -> Tokenizer:
    return Tokenizer.from_str(json.dumps({"model": {"type": "BPE"} | model, "added_tokens": []}))


# --------------------------------------------------------------------------------------- made-up models


def _waited(ours: BytePairTrace) -> list[Symbol]:
    """What no merge was done to: all symbols, as the model begins."""
    assert ours.symbols_total == len(ours.symbols)
    return list(ours.symbols)


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """Merges in any order, several ways to one entry, affixes, and characters without an entry."""
    prefix = draw(st.sampled_from([None, "#", "é"]))
    suffix = draw(st.sampled_from([None, "$"]))
    entries = {
        before + letter + after: None
        for letter in draw(st.sets(st.sampled_from("abcé"), min_size=1))
        for before in ("", prefix or "")
        for after in ("", suffix or "")
    }
    entries |= dict.fromkeys(
        draw(st.sets(st.sampled_from(["<0x61>", "<0x62>", "<0xC3>", "<0xA9>", "<0x24>"])))
    )
    merges = []
    for _ in range(draw(st.integers(0, 14))):
        left, right = (draw(st.sampled_from(sorted(entries))) for _ in range(2))
        added = right if prefix is None else right.encode()[len(prefix.encode()) :].decode(errors="replace")
        if "\N{REPLACEMENT CHARACTER}" in added or (prefix and len(right.encode()) < len(prefix.encode())):
            continue
        entries[left + added] = None
        merges.append([left, right])
    unknown = draw(st.sampled_from([None, "?"]))
    vocabulary = {entry: number for number, entry in enumerate([*entries, "?"])}
    return {
        "vocab": vocabulary,
        "merges": merges,
        "unk_token": unknown,
        "continuing_subword_prefix": prefix,
        "end_of_word_suffix": suffix,
        "fuse_unk": draw(st.booleans()),
        "byte_fallback": draw(st.booleans()),
        "ignore_merges": draw(st.booleans()),
        "dropout": draw(st.sampled_from([None, 0.0, 0.4, 1.0])),
    }


@settings(max_examples=150, deadline=None)
@given(model=models(), words=st.lists(st.text("abcdé", max_size=12), min_size=1, max_size=5), data=st.data())
def test_any_model_merges_as_the_library_does(model: dict[str, Any], words: list[str], data: Any) -> None:
    """Where merges are left to chance, as it does without; entries of the vocabulary are among the words."""
    dropout = model["dropout"]
    # the library looks at no merge's chance where there is none, and looks words up only then
    backend = wrapped(model | {"dropout": None, "ignore_merges": model["ignore_merges"] and not dropout})
    tracer = Tracer(wrapped(model))
    entries = [entry for entry in model["vocab"] if entry]
    for word in (*words, *data.draw(st.lists(st.sampled_from(entries), max_size=4))):
        theirs = backend.model.tokenize(word)
        ours = traced(tracer, word)
        assert ours.dropout == (dropout or None)
        assert ours.whole == (model["ignore_merges"] and not dropout and word in model["vocab"])
        if not dropout or dropout == 1.0:
            by_itself = [token.id for token in wrapped(model).model.tokenize(word)]
            assert by_itself == [each.id for each in (ours.pieces if not dropout else _waited(ours))]
        assert [(piece.id, piece.text) for piece in ours.pieces] == [
            (token.id, token.value) for token in theirs
        ]
        if not ours.dropped and all(symbol.origin == "entry" for symbol in ours.symbols):
            spans = [(piece.start, piece.end) for piece in ours.pieces]
            assert spans == [
                tuple(len(word.encode()[:offset].decode()) for offset in token.offsets) for token in theirs
            ]


# -------------------------------------------------------------------------------------------- every stage


@pytest.mark.parametrize("name", BPE)
@settings(max_examples=8, deadline=None)
@given(text=texts)
def test_every_stage_merges_the_leftmost_of_the_lowest_rank(name: str, text: str) -> None:
    backend = BPE[name]()
    described = bpe.prepare(json.loads(backend.to_str())["model"])
    for word in words_of(backend, text):
        ours = bpe.trace(described, word)
        for merged in range(len(ours.merges) + 1):
            moment = stage(ours, merged)
            ids = [symbol.id for symbol in moment.symbols]
            assert list(moment.ranks) == [described.ranks.get(pair) for pair in pairwise(ids)]
            ranked = [(rank, left) for left, rank in enumerate(moment.ranks) if rank is not None]
            if not ranked:
                assert moment.next is None
                continue
            assert moment.next is not None
            assert (moment.next.rank, moment.next.left) == min(ranked)
            left, right = moment.symbols[moment.next.left : moment.next.left + 2]
            assert moment.next.made.source == left.source + right.source
        if not ours.whole:
            last = stage(ours, len(ours.merges)).symbols
            assert [(symbol.id, symbol.start, symbol.end) for symbol in last] == [
                (piece.id, piece.start, piece.end) for piece in ours.pieces
            ]


def test_a_stage_that_is_none_is_an_index_error() -> None:
    ours = traced(Tracer(backends.byte_level()), "Ġwaiting")
    for merged in (-1, len(ours.merges) + 1):
        with pytest.raises(IndexError):
            stage(ours, merged)


# -------------------------------------------------------------------------------------------------- cases


@given(word=st.text(min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_symbols_of_a_byte_level_model_stand_for_the_bytes_of_the_text(word: str) -> None:
    tracer = Tracer(backends.byte_level())
    mapped = "".join(part for part, _ in pre_tokenizers.ByteLevel(False).pre_tokenize_str(word))
    ours = traced(tracer, mapped)
    assert b"".join(symbol.source for symbol in ours.symbols) == word.encode()
    assert b"".join(symbol.source for symbol in stage(ours, len(ours.merges)).symbols) == word.encode()


def test_bytes_of_a_character_share_its_span() -> None:
    ours = traced(Tracer(backends.bytes_in_need()), "a日")
    assert [(symbol.text, symbol.start, symbol.end, symbol.source) for symbol in ours.symbols[1:]] == [
        ("<0xE6>", 1, 2, b"\xe6"),
        ("<0x97>", 1, 2, b"\x97"),
        ("<0xA5>", 1, 2, b"\xa5"),
    ]


def test_an_unknown_token_that_waits_ends_up_behind_the_bytes_after_it() -> None:
    model = {"vocab": {"?": 0, "<0x21>": 1, "a": 2}, "merges": [], "unk_token": "?", "byte_fallback": True}
    ours = traced(Tracer(wrapped(model)), "ö!a")
    assert [(piece.text, piece.start, piece.end) for piece in ours.pieces] == [
        ("<0x21>", 1, 2),
        ("?", 0, 1),
        ("a", 2, 3),
    ]


def test_without_an_unknown_token_a_character_is_dropped_and_its_neighbors_meet() -> None:
    model = {"vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]], "unk_token": None}
    ours = traced(Tracer(wrapped(model)), "a☃b")
    assert ours.dropped == (1,)
    assert [(piece.text, piece.start, piece.end) for piece in ours.pieces] == [("ab", 0, 3)]


def test_unknown_characters_in_a_row_are_one_token_where_the_model_fuses_them() -> None:
    vocabulary = {"?": 0, "a": 1}
    for fuses, expected in ((True, [(0, 2), (2, 3)]), (False, [(0, 1), (1, 2), (2, 3)])):
        model = {"vocab": vocabulary, "merges": [], "unk_token": "?", "fuse_unk": fuses}
        ours = traced(Tracer(wrapped(model)), "☃☃a")
        assert [(piece.start, piece.end) for piece in ours.pieces] == expected
        assert b"".join(symbol.source for symbol in ours.symbols) == "☃☃a".encode()


def test_a_word_taken_whole_says_so() -> None:
    tracer = Tracer(backends.ignoring_merges())
    assert traced(tracer, "Ġwaiting").whole is False
    entry = max(json.loads(backends.byte_level().to_str())["model"]["vocab"], key=len)
    ours = traced(tracer, entry)
    assert (ours.whole, ours.merges, len(ours.pieces)) == (True, (), 1)


def test_dropout_is_told_and_not_done() -> None:
    plain = backends.byte_level()
    dropping = backends.changed(plain, lambda model: model.update(dropout=1.0))
    assert len(dropping.model.tokenize("Ġwaiting")) == 8
    ours = traced(Tracer(dropping), "Ġwaiting")
    assert ours.dropout == 1.0
    assert [piece.id for piece in ours.pieces] == [token.id for token in plain.model.tokenize("Ġwaiting")]


def test_with_dropout_no_word_is_taken_whole() -> None:
    """The library looks a word up only where it drops nothing."""
    plain = backends.byte_level()
    word = next(entry for entry in plain.get_vocab() if len(entry) > 4)

    def change(model: dict[str, Any]) -> None:
        model.update(ignore_merges=True, dropout=1.0)

    dropping = backends.changed(plain, change)
    assert len(dropping.model.tokenize(word)) == len(word)
    assert not traced(Tracer(dropping), word).whole


def test_of_a_long_word_the_first_pieces_are_walked() -> None:
    backend = backends.bytes_in_need()
    ours = traced(Tracer(backend), "waiting▁for▁a▁course▁" * 100)
    assert ours.symbols_total == 2100
    assert bpe.LONGEST_WALK - 20 < len(ours.symbols) <= bpe.LONGEST_WALK
    assert len(ours.merges) < ours.merges_total
    last = stage(ours, len(ours.merges)).symbols
    assert [symbol.id for symbol in last] == [piece.id for piece in ours.pieces[: len(last)]]


def test_merges_may_stand_in_one_string_as_in_older_files() -> None:
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
    assert bpe.trace(bpe.prepare(model), "ab").pieces[0].id == 2


def test_a_merge_that_makes_no_entry_is_refused() -> None:
    model = {"vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}
    with pytest.raises(EngineError, match=r"Merge 0 is 'a' \+ 'b', but the vocabulary has no 'ab'"):
        bpe.prepare(model)
