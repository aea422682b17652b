"""The words that the stages give are those that the model cuts."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.tokenization.staged import reader_of
from tests.engine.tokenization.trained import MAKERS, ROUGH, backend_of
from tui.engine.tokenization.opening import open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.stages import stages_of
from tui.engine.tokenization.traces import Tracer
from tui.protocol.microscope.stages import Part, Stage, Stages
from tui.protocol.microscope.words import words_of

BUILT_IN = ("nano-sentiment", "nano-generation", "nano-fill-mask")
BARE = tuple(f"{name}, no pre-tokenizer" for name in ("bpe", "unigram"))
texts = st.one_of(
    st.sampled_from(ROUGH), st.text(max_size=30), st.text("the [b]<s>\n Ġ▁[MASK]é日", max_size=40)
)


@cache
def known(name: str) -> tuple[RustTokenizer, Tracer]:
    if name in BUILT_IN:
        reader = open_tokenizer(name).tokenizer
        assert isinstance(reader, RustTokenizer)
    else:
        backend = backend_of(name.partition(",")[0])
        if "," in name:
            backend.pre_tokenizer = None
        reader = reader_of(backend)
    return reader, reader.ask(Tracer)


@pytest.mark.parametrize("name", [*MAKERS, *BUILT_IN, *BARE])
@settings(max_examples=30, deadline=None)
@given(text=texts)
def test_the_words_one_by_one_become_the_tokens_of_the_text(name: str, text: str) -> None:
    reader, tracer = known(name)
    stages = stages_of(reader).stages(text)
    model = next(stage for stage in stages.stages if stage.kind == "model")
    words = words_of(stages)
    ids: list[tuple[int, int]] = []
    for number, word in enumerate(words):
        pieces = [word.id] if word.id is not None else [piece.id for piece in tracer.trace(word.text).pieces]
        ids += [(number, index) for index in pieces]
    assert ids == [(piece.word, piece.id) for piece in model.pieces]


def stages_with(*stages: Stage) -> Stages:
    return Stages(stages=stages, round_trips=(), written="", absent=())


def test_without_a_pre_tokenizer_a_word_reaches_from_token_to_token() -> None:
    parts = (
        Part("▁", 0, 1, was=""),
        Part("a", 0, 1),
        Part("▁b", 1, 3, was=" b"),
        Part("<s>", 3, 6, what="added token", id=7),
        Part("c", 6, 7),
        Part("", 7, 8, was="\n", what="removed"),
        Part("d", 8, 9, field=1),
    )
    stages = stages_with(Stage("text", "", "", ""), Stage("normalizer", "", "", "", parts))
    assert words_of(stages) == (
        Part("▁a▁b", 0, 3, was="a b"),
        Part("<s>", 3, 6, what="added token", id=7),
        Part("c", 6, 7),
    )
    assert words_of(stages, field=1) == (Part("d", 8, 9, field=1),)


def test_words_of_a_pre_tokenizer_stay_apart_and_what_it_drops_is_none() -> None:
    parts = (Part("a", 0, 1), Part("", 1, 2, was=" ", what="removed"), Part("b", 2, 3))
    stages = stages_with(Stage("text", "", "", ""), Stage("pre-tokenizer", "", "", "", parts))
    assert words_of(stages) == (parts[0], parts[2])
