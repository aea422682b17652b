"""The lattice of a word and its likeliest segmentations, held against all there are."""

from __future__ import annotations

import json
import math
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.engine.tokenization.traces.backends import UNIGRAM
from tui.engine.errors import EngineError
from tui.engine.tokenization.traces import Tracer, unigram
from tui.protocol.microscope.traces import UnigramTrace

Entries = list[tuple[str, float]]
LETTERS = "abé☃"


def wrapped(entries: Entries, unknown: int | None = 0, byte_fallback: bool = False) -> Tokenizer:
    model = {"type": "Unigram", "unk_id": unknown, "vocab": entries, "byte_fallback": byte_fallback}
    return Tokenizer.from_str(json.dumps({"model": model, "added_tokens": []}))


def traced(tracer: Tracer, word: str) -> UnigramTrace:
    found = tracer.trace(word)
    assert isinstance(found, UnigramTrace)
    return found


def all_segmentations(
    scores: dict[str, float], unknown_score: float, word: str
) -> list[tuple[float, list[str]]]:
    """Every way to cut a word, with the sum of its scores from left to right; the likeliest first."""
    found: list[tuple[float, list[str]]] = []

    def go_on(start: int, score: float, before: list[str]) -> None:
        if start == len(word):
            found.append((score, before))
        for end in range(start + 1, len(word) + 1):
            piece = word[start:end]
            unknown = unknown_score if end == start + 1 else None
            if (own := scores.get(piece, unknown)) is not None:
                go_on(end, score + own, [*before, piece])

    go_on(0, 0.0, [])
    return sorted(found, key=lambda pair: -pair[0])


_EVEN = st.integers(-3, 0).map(float)  # many segmentations are as good as each other
_UNEVEN = st.floats(-20, 0)
vocabularies: st.SearchStrategy[Entries] = st.one_of(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), _EVEN), max_size=14),
    st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=4), _UNEVEN), max_size=14),
)
words_of_letters = st.one_of(st.text("ab", max_size=8), st.text(LETTERS, max_size=8))


def assert_the_best_of_all(ours: UnigramTrace, entries: Entries) -> None:
    everything = all_segmentations(dict(entries), ours.unknown_score, ours.word)
    assert ours.unknown_score == min(score for _, score in entries) - 10.0
    assert [way.log_probability for way in ours.segmentations] == [
        score for score, _ in everything[: unigram.SEGMENTATIONS]
    ]
    ways = [
        (
            way.log_probability,
            [ours.word[ours.nodes[place].start : ours.nodes[place].end] for place in way.nodes],
        )
        for way in ours.segmentations
    ]
    assert all(way in everything for way in ways)
    assert len({tuple(pieces) for _, pieces in ways}) == len(ways)
    for way in ours.segmentations:
        assert way.behind == ours.log_probability - way.log_probability
        assert way.factor == math.exp(way.behind)


@settings(max_examples=80, deadline=None)
@given(
    entries=vocabularies,
    byte_entries=st.sets(st.sampled_from([f"<0x{byte:02X}>" for byte in "é☃".encode()])),
    byte_fallback=st.booleans(),
    words=st.lists(words_of_letters, min_size=1, max_size=4),
)
def test_any_model_cuts_as_the_library_does(
    entries: Entries, byte_entries: set[str], byte_fallback: bool, words: list[str]
) -> None:
    entries = [("<unk>", 0.0), *entries, *((entry, -7.0) for entry in sorted(byte_entries))]
    backend = wrapped(entries, byte_fallback=byte_fallback)
    tracer = Tracer(backend)
    for word in words:
        theirs = backend.model.tokenize(word)
        ours = traced(tracer, word)
        assert [piece.id for piece in ours.pieces] == [token.id for token in theirs]
        assert [(piece.start, piece.end) for piece in ours.pieces] == [
            tuple(len(word.encode()[:offset].decode()) for offset in token.offsets) for token in theirs
        ]
        assert_the_best_of_all(ours, entries_of(backend))


def entries_of(backend: Tokenizer) -> Entries:
    """As the backend holds them: reading a score from JSON can change its last bit."""
    return [(text, score) for text, score in json.loads(backend.to_str())["model"]["vocab"]]


@cache
def tracer_of(name: str) -> tuple[Tracer, Entries]:
    backend = UNIGRAM[name]()
    return Tracer(backend), entries_of(backend)


@pytest.mark.parametrize("name", UNIGRAM)
@settings(max_examples=40, deadline=None)
@given(word=st.one_of(st.text(max_size=8), st.text("▁waitngé日", max_size=9)))
def test_the_runners_up_are_the_best_there_are(name: str, word: str) -> None:
    tracer, entries = tracer_of(name)
    assert_the_best_of_all(traced(tracer, word), entries)


@settings(max_examples=100, deadline=None)
@given(entries=vocabularies, word=words_of_letters)
def test_without_an_unknown_token_the_same_words_are_refused(entries: Entries, word: str) -> None:
    assume(entries)
    backend = wrapped(entries, unknown=None)
    tracer = Tracer(backend)
    try:
        theirs = [token.id for token in backend.model.tokenize(word)]
    except Exception:  # noqa: BLE001 - the library raises bare exceptions
        with pytest.raises(EngineError, match="No token for a part"):
            tracer.trace(word)
    else:
        assert [piece.id for piece in traced(tracer, word).pieces] == theirs


def test_the_best_score_to_each_place_and_the_last_piece_of_its_way() -> None:
    entries = [("<unk>", 0.0), ("a", -2.0), ("b", -2.0), ("ab", -3.0), ("ba", -9.0)]
    ours = traced(Tracer(wrapped(entries)), "aba☃")
    assert ours.best == (0.0, -2.0, -3.0, -5.0, -24.0)
    arrived = [None if place is None else ours.nodes[place] for place in ours.arrivals]
    assert [node and (node.start, node.end) for node in arrived] == [None, (0, 1), (0, 2), (2, 3), (3, 4)]
    assert arrived[4] is not None
    assert arrived[4].unknown
    assert arrived[4].log_probability == ours.unknown_score == -19.0


def test_among_equals_the_last_piece_that_begins_first_is_taken() -> None:
    backend = wrapped([("<unk>", 0.0), ("a", -1.0), ("aa", -2.0), ("aaa", -3.0)])
    ours = traced(Tracer(backend), "aaaa")
    assert [way.behind for way in ours.segmentations] == [0.0] * 5
    assert [piece.text for piece in ours.pieces] == ["a", "aaa"]
    assert [token.value for token in backend.model.tokenize("aaaa")] == ["a", "aaa"]


def test_unknown_neighbors_are_fused() -> None:
    ours = traced(Tracer(wrapped([("<unk>", 0.0), ("a", -2.0)])), "a☃éa☃")
    assert ours.fused == ((1, 3),)
    assert [(piece.id, piece.text, piece.start, piece.end) for piece in ours.pieces] == [
        (1, "a", 0, 1),
        (0, "<unk>", 1, 3),
        (1, "a", 3, 4),
        (0, "<unk>", 4, 5),
    ]


def test_a_runner_up_out_of_all_proportion_has_no_factor() -> None:
    ours = traced(Tracer(wrapped([("<unk>", 0.0), ("a", -1000.0), ("b", 0.0), ("ab", 0.0)])), "ab")
    assert [(way.behind, way.factor) for way in ours.segmentations] == [(0.0, 1.0), (1000.0, None)]


def test_of_a_long_word_the_beginning_is_kept() -> None:
    tracer = Tracer(UNIGRAM["unigram"]())
    word = "▁waiting▁for▁a▁course" * 100
    ours = traced(tracer, word)
    beginning = traced(tracer, word[: unigram.LONGEST_LATTICE])
    assert ours.characters == unigram.LONGEST_LATTICE == len(beginning.word)
    assert (ours.nodes, ours.best, ours.arrivals) == (beginning.nodes, beginning.best, beginning.arrivals)
    assert ours.segmentations == ()
    assert len(beginning.segmentations) == unigram.SEGMENTATIONS
