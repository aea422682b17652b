"""Tokens as the screen shows them: where each comes from, what is special, what was cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer, ByT5Tokenizer, PreTrainedTokenizerBase

from tests.checkpoints import MAX_TOKENS, bare_byte_level, byte_level, unigram, wordpiece
from tui import catalogue
from tui.catalogue import built_in_names
from tui.engine.checkpoint.loading import built_in_tokenizer
from tui.engine.tokenization.reading import PythonTokenizer, Reading, RustTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.protocol.tokens import Token
from tui.tasks import TASKS

MAKERS = {
    "wordpiece": wordpiece,
    "byte-level": byte_level,
    "byte-level without special tokens": bare_byte_level,
    "unigram": unigram,
}


def spans(reading: Reading, text: str) -> list[tuple[str, str | None]]:
    return [
        (token.text, None if token.start is None else text[token.start : token.end])
        for token in reading.tokens
    ]


# ------------------------------------------------------------------------------------------ built-ins


@pytest.mark.parametrize("name", sorted({name for task in TASKS for name in built_in_names(task)}))
def test_a_built_ins_bare_tokenizer_is_the_one_transformers_makes(name: str) -> None:
    folder = catalogue.built_in_folder(name)
    assert folder is not None
    theirs = AutoTokenizer.from_pretrained(folder)
    ours = built_in_tokenizer(folder)
    taken = take_over(theirs, ours.limit)
    assert isinstance(taken, RustTokenizer)
    for attribute in (
        "_input_names",
        "_special_ids",
        "unknown_id",
        "class_id",
        "mask_token",
        "pad_id",
        "_cleans_up",
        "_side",
        "padding_side",
    ):
        assert getattr(ours, attribute) == getattr(taken, attribute), attribute
    assert ours._backend.to_str() == taken._backend.to_str()
    for text in ("Hello [MASK] naïve 東京", "", "x" * 300, "dull film " * 400):
        assert ours.read(text) == taken.read(text)


# ------------------------------------------------------------------------------- any tokenizer, any text


@pytest.mark.parametrize("kind", MAKERS)
def test_ids_and_columns_are_those_of_transformers(kind: str) -> None:
    reader, theirs = take_over(MAKERS[kind](), MAX_TOKENS), MAKERS[kind]()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.text(max_size=120) | st.text(alphabet="abc [MASK]</s>é東😀\u202e\x00\n", max_size=80))
    def check(text: str) -> None:
        reading = reader.read(text)
        encoded = theirs(
            text, truncation=True, return_offsets_mapping=True, return_token_type_ids=True, verbose=False
        )
        ids = encoded["input_ids"]
        assert [token.id for token in reading.tokens] == ids
        assert [token.text for token in reading.tokens] == theirs.convert_ids_to_tokens(ids)
        assert [(token.start, token.end) for token in reading.tokens] == encoded["offset_mapping"]
        assert [token.type_id for token in reading.tokens] == encoded["token_type_ids"]
        assert [token.word for token in reading.tokens] == encoded.word_ids()
        assert reading.total == len(theirs(text, verbose=False)["input_ids"])
        assert set(reading.inputs) == set(theirs.model_input_names)
        assert reading.inputs["input_ids"] == ids

    check()


# ---------------------------------------------------------------------------------------- special tokens


def named(reading: Reading, name: str) -> list[Token]:
    return [token for token in reading.tokens if token.text == name]


def test_special_tokens_around_the_text_come_from_no_character() -> None:
    reading = take_over(wordpiece(), MAX_TOKENS).read("a dull film")
    first, *middle, last = reading.tokens
    assert (first.text, last.text) == ("[CLS]", "[SEP]")
    for token in (first, last):
        assert token.special
        assert token.start == token.end
        assert token.word is None
    assert not any(token.special for token in middle)
    assert [token.mask for token in reading.tokens] == [1] * len(reading.tokens)


def test_special_tokens_typed_by_the_user_are_special_where_they_stand() -> None:
    text = "a [MASK] film</s>"
    (mask,) = named(take_over(wordpiece(), MAX_TOKENS).read(text), "[MASK]")
    assert (mask.special, mask.start, mask.end) == (True, 2, 8)
    typed, added = named(take_over(byte_level(), MAX_TOKENS).read(text), "</s>")
    assert (typed.special, text[typed.start : typed.end]) == (True, "</s>")
    assert (added.special, added.start) == (True, added.end)


def test_an_unknown_character_is_not_a_special_token() -> None:
    reader = take_over(wordpiece(), MAX_TOKENS)
    text = "film ☃ [UNK]"
    unknown, typed = named(reader.read(text), "[UNK]")
    assert (unknown.special, text[unknown.start : unknown.end]) == (False, "☃")
    assert (typed.special, text[typed.start : typed.end]) == (True, "[UNK]")


# ---------------------------------------------------------------------------------------------- offsets


def test_offsets_count_characters_of_the_original_text() -> None:
    text = "NAÏVE café 東京!"
    reading = take_over(wordpiece(), MAX_TOKENS).read(text)
    assert "".join(piece or "" for _, piece in spans(reading, text)) == text.replace(" ", "")


def test_the_bytes_of_one_character_share_it() -> None:
    text = "ok 🦖"
    reading = take_over(byte_level(), MAX_TOKENS).read(text)
    shared = [token for token in reading.tokens if text[token.start or 0 : token.end] in ("🦖", " 🦖")]
    assert len(shared) >= 3


# --------------------------------------------------------------------------------------------- the limit


def test_a_long_text_is_cut_and_counted() -> None:
    text = "a dull film " * 60
    reader = take_over(wordpiece(), 10)
    reading = reader.read(text)
    assert len(reading.tokens) == reader.limit == 10
    assert reading.total == len(wordpiece()(text, verbose=False)["input_ids"])
    read = reading.tokens[-2].end
    assert read is not None
    (unread_from,) = reading.unread_from
    assert unread_from is not None
    assert unread_from >= read
    assert text[read:unread_from].strip() == ""
    assert reading.tokens[-1].text == "[SEP]"


def test_a_text_that_just_fits_is_not_cut() -> None:
    reader = take_over(wordpiece(), 5)
    assert reader.read("a a a").unread_from == (None,)
    assert (reader.read("a a a").total, len(reader.read("a a a").tokens)) == (5, 5)
    assert (reader.read("a a a a").total, reader.read("a a a a").unread_from) == (6, (6,))


def test_a_tokenizer_that_cuts_on_the_left_leaves_the_beginning_unread() -> None:
    theirs = wordpiece()
    theirs.truncation_side = "left"
    reading = take_over(theirs, 5).read("dull a a film")
    expected = wordpiece()
    expected.truncation_side = "left"
    assert (
        reading.inputs["input_ids"] == expected("dull a a film", truncation=True, max_length=5)["input_ids"]
    )
    assert (reading.unread_from, len(reading.tokens)) == ((0,), 5)


def test_without_a_limit_nothing_is_cut() -> None:
    reader = take_over(wordpiece(), None)
    reading = reader.read("a " * 2_000)
    assert (len(reading.tokens), reader.limit, reading.unread_from) == (2_002, None, (None,))


def test_counting_what_was_cut_costs_no_second_pass() -> None:
    folder = catalogue.built_in_folder("nano-sentiment")
    assert folder is not None
    reader, bare = built_in_tokenizer(folder), Tokenizer.from_file(str(folder / "tokenizer.json"))
    bare.no_truncation()
    bare.no_padding()
    text = "I've been waiting for a course like this. " * 12_000
    ratios = []
    for _ in range(3):
        began = time.process_time()
        expected = len(bare.encode_batch([text])[0])
        middle = time.process_time()
        assert reader.read(text).total == expected
        ratios.append((time.process_time() - middle) / (middle - began))
    assert min(ratios) < 1.6


# ----------------------------------------------------------------------------- tokenizers without offsets


@pytest.fixture
def in_python() -> PreTrainedTokenizerBase:
    return ByT5Tokenizer(extra_ids=0)


def test_a_tokenizer_in_python_knows_ids_and_no_places(
    in_python: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    in_python.save_pretrained(tmp_path)
    reader = take_over(in_python, 8)
    assert isinstance(reader, PythonTokenizer)
    reading = reader.read("film</s>")
    theirs = ByT5Tokenizer(extra_ids=0)
    assert reading.inputs["input_ids"] == theirs("film</s>", truncation=True, max_length=8)["input_ids"]
    assert all(token.start is None and token.end is None and token.word is None for token in reading.tokens)
    assert [token.special for token in reading.tokens] == [False] * 4 + [True]
    assert reader.read("a film").tokens[-1].special
    assert (reader.read("a dull film").total, len(reader.read("a dull film").tokens)) == (12, 8)
    assert reader.read("a dull film").unread_from == (None,)
