"""Words, subwords and characters of one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import ByT5Tokenizer

from tests.engine.tokenization.trained import MAKERS, ROUGH, backend_of, opened
from tui.engine.tokenization.contrasts import contrast, known_words
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.taking_over import take_over
from tui.protocol.microscope.comparison import Contrasts, Split


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OpenTokenizer]:
    return {name: opened(name, tmp_path_factory.mktemp(name)) for name in MAKERS}


def splits(answer: Contrasts) -> dict[str, Split]:
    return {split.kind: split for split in answer.splits}


def test_the_course_s_sentence() -> None:
    found = splits(contrast("Let's do tokenization!", open_tokenizer("nano-sentiment")))
    assert list(found) == ["spaces", "words", "subwords", "characters"]
    assert [piece.text for piece in found["spaces"].pieces] == ["Let's", "do", "tokenization!"]
    assert [piece.text for piece in found["words"].pieces] == ["Let", "'", "s", "do", "tokenization", "!"]
    assert [piece.known for piece in found["words"].pieces] == [True, True, True, True, False, True]
    assert (found["words"].unknown, found["words"].unknown_rate) == (1, 1 / 6)
    assert (found["characters"].total, found["characters"].distinct) == (22, 14)
    assert found["words"].total < found["subwords"].total < found["characters"].total


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("text", ROUGH)
def test_what_is_counted_is_what_is_there(five: dict[str, OpenTokenizer], name: str, text: str) -> None:
    answer = contrast(text, five[name])
    found = splits(answer)
    assert answer.vocabulary_size == backend_of(name).get_vocab_size()
    assert [piece.text for piece in found["characters"].pieces] == list(text)
    assert [piece.text for piece in found["spaces"].pieces] == text.split()
    for kind in ("spaces", "words", "characters"):
        split = found[kind]
        assert all(text[piece.start : piece.end] == piece.text for piece in split.pieces)
        counted = [piece for piece in split.pieces if not piece.text.isspace()]
        assert all((piece.known is None) == piece.text.isspace() for piece in split.pieces)
        unknown = [piece.text for piece in counted if not piece.known]
        assert (split.total, split.distinct) == (
            len(split.pieces),
            len({piece.text for piece in split.pieces}),
        )
        assert (split.unknown, split.unknown_distinct) == (len(unknown), len(set(unknown)))
        assert split.unknown_rate == (len(unknown) / len(counted) if counted else None)
        assert split.characters_per_piece == (len(text) / split.total if split.total else None)
    read = backend_of(name).encode(text, add_special_tokens=False)
    subwords = found["subwords"]
    assert [(piece.start, piece.end) for piece in subwords.pieces] == read.offsets
    assert (subwords.total, subwords.distinct) == (len(read), len(set(read.ids)))
    assert subwords.unknown == sum(
        index == five[name].tokenizer.unknown_id
        and five[name].tokenizer.entry(index) not in text[slice(*span)]
        for index, span in zip(read.ids, read.offsets, strict=True)
    )


def test_words_hold_every_letter_once() -> None:
    tokenizer = open_tokenizer("nano-sentiment")
    text = "हिन्दी don't a_b; 東京!!"
    words = splits(contrast(text, tokenizer))["words"]
    assert "".join(piece.text for piece in words.pieces) == "".join(text.split())
    assert words.pieces[0].text == "हिन्दी"


def test_a_word_is_known_by_one_entry_for_all_of_it(five: dict[str, OpenTokenizer]) -> None:
    byte_level = five["byte-level-bpe"].tokenizer
    assert byte_level.id_of("Ġthe") is not None
    assert known_words(byte_level, ["the", "é", "nothere", "z"]) == {"the", "z"} | (
        {"é"} if len(byte_level.bare_ids("é")) == 1 else set()
    )
    # BPE without an unknown token drops what it doesn't know, which makes no entry for the rest
    dropping = RustTokenizer(Tokenizer(models.BPE({"a": 0}, [])), None, (), frozenset(), None)
    assert dropping.bare_ids("aé") == [0]
    assert known_words(dropping, ["aé", "éa", "a"]) == {"a"}


def test_a_tokenizer_in_python_is_asked_word_by_word() -> None:
    slow = OpenTokenizer("byt5", "byt5", "folder", take_over(ByT5Tokenizer(), None))
    found = splits(contrast("a é", slow))
    assert [piece.known for piece in found["characters"].pieces] == [True, None, False]
    assert found["subwords"].total == 4


def test_pieces_of_a_part_figures_of_the_whole(five: dict[str, OpenTokenizer]) -> None:
    text = "the cat sat " * 100
    part = contrast(text, five["wordpiece"], start=24, count=12)
    assert part.excerpt.text == "the cat sat "
    for split, whole in zip(part.splits, contrast(text, five["wordpiece"]).splits, strict=True):
        assert (split.total, split.unknown_rate) == (whole.total, whole.unknown_rate)
        assert all(24 <= piece.start < 36 for piece in split.pieces)
    assert [piece.text for piece in part.splits[1].pieces] == ["the", "cat", "sat"]


@given(text=st.text(alphabet="ab é🤗\n\ud800.", max_size=30))
def test_any_text_has_its_splits(five: dict[str, OpenTokenizer], text: str) -> None:
    answer = contrast(text, five["unigram"])
    assert answer.excerpt.replaced == text.count("\ud800")
    assert splits(answer)["characters"].total == len(text)
