"""A trace ends in the tokens that the tokenizer itself makes, whatever the text and the algorithm."""

from __future__ import annotations

import json
import re
from functools import cache

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models

from tests.engine.tokenization.traces import backends
from tests.engine.tokenization.traces.backends import ALL, texts, words_of
from tui.engine.errors import EngineError
from tui.engine.tokenization.traces import Tracer, trace
from tui.protocol.microscope.traces import AnyTrace


@cache
def prepared(name: str) -> tuple[Tokenizer, Tracer]:
    backend = ALL[name]()
    return backend, Tracer(backend)


def assert_same_tokens(backend: Tokenizer, traced: AnyTrace) -> None:
    """Ids, and the entries that they are."""
    theirs = backend.model.tokenize(traced.word)
    assert [piece.id for piece in traced.pieces] == [token.id for token in theirs]
    for piece, token in zip(traced.pieces, theirs, strict=True):
        assert piece.text == backend.id_to_token(token.id)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=15, deadline=None)
@given(text=texts)
def test_the_pieces_of_all_words_are_the_tokens_of_the_text(name: str, text: str) -> None:
    backend, tracer = prepared(name)
    assume(not any(token.content in text for token in backend.get_added_tokens_decoder().values()))
    traces = [tracer.trace(word) for word in words_of(backend, text)]
    for traced in traces:
        assert_same_tokens(backend, traced)
    encoding = backend.encode(text, add_special_tokens=False)
    assert [piece.id for traced in traces for piece in traced.pieces] == encoding.ids


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=15, deadline=None)
@given(word=texts)
def test_any_string_is_a_word_to_the_model_and_its_trace_survives_the_pipe(name: str, word: str) -> None:
    backend, tracer = prepared(name)
    traced = tracer.trace(word)
    assert_same_tokens(backend, traced)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(traced), type=AnyTrace) == traced


@pytest.mark.parametrize("name", ALL)
def test_a_long_word_is_cut_into_the_same_pieces_and_the_way_is_bounded(name: str) -> None:
    backend, tracer = prepared(name)
    traced = tracer.trace("waiting for a course " * 200 + "a" * 3000 + "é日" * 1500)
    assert_same_tokens(backend, traced)
    pieces_only = msgspec.structs.replace(traced, word="", pieces=())
    assert len(msgspec.msgpack.encode(pieces_only)) < 500_000


def test_one_word_can_be_traced_from_the_tokenizer_json() -> None:
    backend = backends.byte_level()
    model = json.loads(backend.to_str())["model"]
    assert trace(model, "Ġcourse", byte_level=True) == Tracer(backend).trace("Ġcourse")


def test_words_between_added_tokens_are_traced_as_any_others() -> None:
    backend = Tokenizer.from_str(backends.byte_level(add_prefix_space=True).to_str())
    backend.add_special_tokens(["<|end|>"])
    backend.add_tokens([AddedToken("New York")])
    tracer = Tracer(backend)
    text = "waiting<|end|>for a course in New York, not<|end|><|end|> now"
    ids: list[int] = []
    for part in re.split(r"(<\|end\|>|New York)", text):
        added = backend.token_to_id(part) if part in ("<|end|>", "New York") else None
        words = [] if added is not None else words_of(backend, part)
        ids += [piece.id for word in words for piece in tracer.trace(word).pieces]
        ids += [] if added is None else [added]
    assert ids == backend.encode(text, add_special_tokens=False).ids


def test_a_model_of_another_type_is_refused() -> None:
    with pytest.raises(EngineError, match="'Sorting'"):
        trace({"type": "Sorting", "vocab": {}}, "word")


@pytest.mark.parametrize(
    "model",
    [
        {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "<unk>"},
        {
            "type": "WordPiece",
            "vocab": {"a": 0},
            "unk_token": "<unk>",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 9,
        },
        {"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": None},
        {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "<unk>"},
    ],
    ids=lambda model: model["type"],
)
@settings(max_examples=30, deadline=None)
@given(word=st.text("aé", max_size=5))
def test_what_the_tokenizer_refuses_is_refused(model: dict[str, object], word: str) -> None:
    backend = Tokenizer.from_str(json.dumps({"model": model, "added_tokens": []}))
    tracer = Tracer(backend)
    try:
        theirs = [token.id for token in backend.model.tokenize(word)]
    except Exception:  # noqa: BLE001 - the library raises bare exceptions
        with pytest.raises(EngineError, match="No token for a part"):
            tracer.trace(word)
    else:
        assert [piece.id for piece in tracer.trace(word).pieces] == theirs


def test_ids_too_far_apart_are_refused_at_once() -> None:
    """The library would go through four billion ids to write such a model."""
    far = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 4_000_000_000}, unk_token="[UNK]"))
    with pytest.raises(EngineError, match="too far apart"):
        Tracer(far)
