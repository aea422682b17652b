"""Tokenizers side by side: every character in one segment, boundaries and ids those of the tokenizers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import ByT5Tokenizer

from tests.engine.tokenization.trained import MAKERS, ROUGH, backend_of, opened
from tui.engine.errors import EngineError
from tui.engine.tokenization.comparison import align, compare
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.protocol.microscope.comparison import MOST_CHARACTERS, Segment


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OpenTokenizer]:
    return {name: opened(name, tmp_path_factory.mktemp(name)) for name in MAKERS}


@pytest.fixture(scope="module")
def in_python() -> OpenTokenizer:
    tokenizer = take_over(ByT5Tokenizer(), None)
    return OpenTokenizer("byt5", "byt5", "folder", tokenizer)


def test_ids_spans_and_figures_are_the_tokenizers(five: dict[str, OpenTokenizer]) -> None:
    for text in ROUGH:
        for names in (list(MAKERS)[:4], list(MAKERS)[-2:]):
            answer = compare(text, [five[name] for name in names])
            assert answer.excerpt.text == text
            for name, each in zip(names, answer.tokenizers, strict=True):
                read = backend_of(name).encode(text, add_special_tokens=False)
                assert [token.id for token in each.tokens] == read.ids
                assert [(token.start, token.end) for token in each.tokens] == read.offsets
                assert (each.total, each.first, each.aligned) == (len(read), 0, True)
                assert each.vocabulary_size == backend_of(name).get_vocab_size()
                assert each.characters_per_token == (len(text) / len(read) if len(read) else None)
                assert each.bytes_per_token == (len(text.encode()) / len(read) if len(read) else None)
                unknown = [span for index, span in zip(read.ids, read.offsets, strict=True)
                           if index == five[name].tokenizer.unknown_id
                           and five[name].tokenizer.entry(index) not in text[slice(*span)]]  # fmt: skip
                assert each.unknown == len(unknown)
                assert each.unknown_rate == (len(unknown) / len(read) if len(read) else None)
                assert each.unknown_characters == len({at for span in unknown for at in range(*span)})
                covered = {at for span in read.offsets for at in range(*span)}
                bare = [at for at, letter in enumerate(text) if at not in covered and not letter.isspace()]
                assert each.dropped == len(bare)
                assert each.seconds_per_1000_characters is None or each.seconds_per_1000_characters > 0
                assert (each.seconds_per_1000_characters is None) == (text == "")


def test_unigram_and_bpe_know_their_unknown_tokens(five: dict[str, OpenTokenizer]) -> None:
    answer = compare("the ð", [five["unigram"], five["bpe"], five["wordpiece"], five["byte-level-bpe"]])
    assert [each.unknown for each in answer.tokenizers] == [1, 1, 1, 0]
    assert [each.kind for each in answer.tokenizers] == ["Unigram", "BPE", "WordPiece", "BPE"]


def test_an_unknown_token_that_is_written_out_is_special_and_not_unknown(
    five: dict[str, OpenTokenizer],
) -> None:
    text = "the ð [UNK] cat"
    for each in compare(text, [five["wordpiece"], five["byte-level-bpe"]]).tokenizers[:1]:
        read = five["wordpiece"].tokenizer.read(text, special=False)
        assert [token.special for token in each.tokens] == [token.special for token in read.tokens]
        assert [token.special for token in each.tokens] == [False, False, True, False]
        assert each.unknown == 1


def segments_by_hand(start: int, end: int, spans: list[list[tuple[int, int]]]) -> list[Segment]:
    """Character by character: the tokens over each, and a cut wherever any token begins or ends."""
    cuts = {place for each in spans for span in each if span[0] < span[1] for place in span}
    cuts = {start, end} | {place for place in cuts if start < place < end}
    return [
        Segment(
            first,
            last,
            tuple(
                tuple(number for number, span in enumerate(each) if span[0] <= first < span[1])
                for each in spans
            ),
        )
        for first, last in pairwise(sorted(cuts))
    ]


SPAN = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda ends: (min(ends), max(ends)))


@given(st.integers(0, 6), st.integers(0, 6), st.lists(st.lists(SPAN, max_size=8), min_size=2, max_size=4))
def test_segments_are_those_of_every_character(
    start: int, length: int, spans: list[list[tuple[int, int]]]
) -> None:
    found = align(start, start + length, spans)
    assert list(found) == (segments_by_hand(start, start + length, spans) if length else [])


@given(text=st.one_of(st.text(max_size=40), st.text(alphabet="the cat é🤗\u0301 東\ud800", max_size=40)))
def test_every_character_is_in_one_segment(five: dict[str, OpenTokenizer], text: str) -> None:
    answer = compare(text, [five["byte-level-bpe"], five["wordpiece"], five["unigram"]], special=True)
    assert "".join(answer.excerpt.text[segment.start : segment.end] for segment in answer.segments) == (
        answer.excerpt.text
    )
    assert len(answer.excerpt.text) == len(text)
    for number, each in enumerate(answer.tokenizers):
        for place, token in enumerate(each.tokens):
            covered = [segment for segment in answer.segments if place in segment.tokens[number]]
            if token.start == token.end:
                assert not covered
            else:
                assert (covered[0].start, covered[-1].end) == (token.start, token.end)


def test_tokens_that_share_a_character_are_all_named(five: dict[str, OpenTokenizer]) -> None:
    answer = compare("a 🤗", [five["byte-level-bpe"], five["wordpiece"]])
    last = answer.segments[-1]
    assert (last.start, last.end) == (2, 3)
    assert len(last.tokens[0]) == 4  # the bytes of the one character
    assert last.tokens[1] == (1,)


def test_special_tokens_go_around_when_asked_for(five: dict[str, OpenTokenizer]) -> None:
    without, around = (
        compare("the cat", [five["wordpiece"], five["bpe"]], special=special).tokenizers[0]
        for special in (False, True)
    )
    assert [token.text for token in around.tokens] == [
        "[CLS]",
        *(token.text for token in without.tokens),
        "[SEP]",
    ]
    assert [token.special for token in around.tokens] == [True, *(False for _ in without.tokens), True]
    assert around.characters_per_token == without.characters_per_token
    assert around.total == without.total + 2


def test_a_part_of_a_long_text_has_the_tokens_of_the_whole(five: dict[str, OpenTokenizer]) -> None:
    text = "the other cat sat 🤗 on the mat " * 30
    names = ["wordpiece", "byte-level-bpe"]
    answer = compare(text, [five[name] for name in names], start=100, count=50, special=True)
    assert answer.excerpt.text == text[100:150]
    assert (answer.segments[0].start, answer.segments[-1].end) == (100, 150)
    for name, each in zip(names, answer.tokenizers, strict=True):
        read = backend_of(name).encode(text)
        assert each.total == len(read)
        assert [token.id for token in each.tokens] == read.ids[each.first : each.first + len(each.tokens)]
        within = [place for place, (start, end) in enumerate(read.offsets) if start < 150 and end > 100]
        assert (each.first, each.first + len(each.tokens) - 1) == (within[0], within[-1])
    end = compare(text, [five["wordpiece"], five["bpe"]], start=len(text) - 5, special=True).tokenizers[0]
    assert end.tokens[-1].text == "[SEP]"
    beyond = compare(text, [five["wordpiece"], five["bpe"]], start=10**9)
    assert (beyond.excerpt.text, beyond.segments) == ("", ())


def test_ten_megabytes_on_a_line_are_cut_and_said_so(five: dict[str, OpenTokenizer]) -> None:
    answer = compare("x" * 10_000_000, [five["word-level"], five["wordpiece"]])
    assert (answer.excerpt.characters, answer.excerpt.left_out) == (
        MOST_CHARACTERS,
        10_000_000 - MOST_CHARACTERS,
    )
    assert len(answer.excerpt.text) == 5_000
    assert [each.unknown for each in answer.tokenizers] == [1, 1]
    assert [(segment.start, segment.end) for segment in answer.segments] == [(0, 5_000)]


def test_halves_of_characters_are_replaced_and_counted(five: dict[str, OpenTokenizer]) -> None:
    answer = compare("a\ud83eb\udd17", [five["byte-level-bpe"], five["wordpiece"]])
    assert (answer.excerpt.text, answer.excerpt.replaced) == ("a\ufffdb\ufffd", 2)


def test_a_tokenizer_in_python_has_figures_but_no_places(
    five: dict[str, OpenTokenizer], in_python: OpenTokenizer
) -> None:
    answer = compare("the é", [in_python, five["wordpiece"]])
    slow = answer.tokenizers[0]
    assert [token.id for token in slow.tokens] == ByT5Tokenizer()("the é", add_special_tokens=False)[
        "input_ids"
    ]
    assert (slow.aligned, slow.total, slow.dropped, slow.bytes_per_token) == (False, 6, None, 1.0)
    assert {segment.tokens[0] for segment in answer.segments} == {()}
    assert compare("the", [in_python, in_python], special=True).tokenizers[0].tokens[-1].text == "</s>"


def test_two_to_four_can_be_compared(five: dict[str, OpenTokenizer]) -> None:
    for count in (0, 1, 5):
        with pytest.raises(EngineError, match="Two to four"):
            compare("text", list(five.values())[:count])


def test_it_can_be_given_up_between_tokenizers(five: dict[str, OpenTokenizer]) -> None:
    def check() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        compare("text", list(five.values())[:2], check=check)


def test_one_that_gives_up_is_named(five: dict[str, OpenTokenizer]) -> None:
    backend = Tokenizer(models.WordPiece({"a": 0}, unk_token="[UNK]"))
    broken = OpenTokenizer("x", "broken one", "folder", RustTokenizer(backend, None, (), frozenset(), None))
    with pytest.raises(EngineError, match=r"broken one: .*\[UNK\]"):
        compare("b", [five["bpe"], broken])


def test_the_built_in_ones() -> None:
    both = [open_tokenizer("nano-sentiment"), open_tokenizer("nano-generation")]
    answer = compare("I've been waiting for a HuggingFace course my whole life.", both)
    sentiment, generation = answer.tokenizers
    assert sentiment.unknown == generation.unknown == 0
    assert sentiment.tokens[0].text == "i"
    assert all(segment.tokens[1] for segment in answer.segments)
