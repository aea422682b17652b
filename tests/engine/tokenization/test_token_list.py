"""Every token of a long text: parts give what the whole gives, and what is said of all is true."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from tests.checkpoints import CORPUS
from tests.engine.tokenization.test_long_texts import long_text
from tests.engine.tokenization.test_python_stages import _Shouting
from tests.engine.tokenization.traces.backends import ALL
from tui.engine.tokenization import token_list
from tui.engine.tokenization.comparison import compare
from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.stages import RustStages
from tui.engine.tokenization.taking_over import take_over
from tui.engine.tokenization.token_list import LongReading
from tui.protocol.microscope.portions import Tokens
from tui.protocol.microscope.token_list import MOST_CHARACTERS


def read_whole(reading: LongReading) -> int:
    """Read on until all is read; in how many calls."""
    calls = 0
    while not reading.is_whole:
        reading.read_on()
        calls += 1
    return calls


@pytest.mark.parametrize("name", sorted(ALL))
def test_parts_give_what_the_whole_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_list, "_PART", 300)
    monkeypatch.setattr(token_list, "_AT_ONCE", 2_000)
    backend = ALL[name]()
    text = long_text(random.Random(name), 0.1)
    tokenizer = RustTokenizer.around(Tokenizer.from_str(backend.to_str()), {}, None, ("input_ids",))
    reading = LongReading(tokenizer, name, text)
    read_whole(reading)
    rows = reading.rows(0, reading.total)
    whole = backend.encode(text, add_special_tokens=False)
    assert [row.entry.id for row in rows] == whole.ids
    assert [(row.start, row.end) for row in rows] == whole.offsets
    assert [row.place for row in rows] == list(range(len(whole.ids)))
    bare = np.ones(len(text), dtype=bool)
    for start, end in whole.offsets:
        bare[start:end] = False
    assert reading.uncovered == bare.sum()
    assert reading.uncovered_spaces == sum(text[place].isspace() for place in np.flatnonzero(bare))
    unknown = [
        index == tokenizer.unknown_id and text[start:end].strip() != tokenizer.entry(index)
        for index, (start, end) in zip(whole.ids, whole.offsets, strict=True)
    ]
    assert [row.unknown for row in rows] == unknown
    assert reading.unknown == sum(unknown)


@pytest.mark.parametrize(
    ("flags", "text", "unknown"),
    [
        ({"normalized": False}, "a ☃ [UNK] b [Unk]", "☃ [ Unk ]"),
        ({"normalized": True}, "a ☃ [UNK] b [Unk]", "☃"),
        ({"normalized": False, "lstrip": True, "rstrip": True}, "a ☃  [UNK]  b", "☃"),
        ({"normalized": False, "single_word": True}, "a b[UNK]c ☃ [UNK]", "b[UNK]c ☃"),
    ],
)
def test_an_unknown_token_that_the_text_spells_is_known_wherever_it_is_told_of(
    flags: dict[str, bool], text: str, unknown: str
) -> None:
    backend = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    whole_words = "single_word" in flags
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit() if whole_words else pre_tokenizers.Whitespace()
    backend.add_special_tokens([AddedToken("[UNK]", special=True, **flags)])
    reader = RustTokenizer.around(backend, {}, None, ("input_ids",))
    stages, wanted = RustStages(reader), unknown.split()
    (model,) = (stage for stage in stages.stages(text).stages if stage.kind == "model")
    assert [text[piece.start : piece.end] for piece in model.pieces if piece.origin == "unknown"] == wanted
    reading = LongReading(reader, "spelled out", text)
    read_whole(reading)
    rows = reading.rows(0, reading.total)
    assert [row.covers for row in rows if row.unknown] == wanted
    assert reading.unknown == len(wanted)
    opened = OpenTokenizer("", "spelled out", "folder", reader)
    compared = compare(text, [opened, opened]).tokenizers[0]
    assert [place for place, row in enumerate(rows) if row.unknown] == [*compared.unknown_places]
    assert compared.unknown == len(wanted)
    special = [not row.unknown and row.entry.id == 0 for row in rows]
    assert [token.special for token in compared.tokens] == special
    assert [token.special for token in reader.read(text).tokens] == special
    (portions,) = stages.told([text])
    (tokens,) = (portion for portion in portions if isinstance(portion, Tokens))
    assert [place in tokens.special for place in range(len(rows))] == special
    assert [place in tokens.unknown for place in range(len(rows))] == [row.unknown for row in rows]


def test_a_long_text_is_read_in_many_calls_and_its_rows_are_those_of_the_text() -> None:
    tokenizer = open_tokenizer("nano-sentiment").tokenizer
    text = " ".join(CORPUS) * 400
    reading = LongReading(tokenizer, "nano-sentiment", text)
    assert read_whole(reading) > 1
    for row in reading.rows(reading.total - 300, 200):
        assert row.covers == text[row.start : row.end] != ""
    assert len(reading.rows(reading.total - 100, 200)) == 100
    assert reading.rows(reading.total, 200) == reading.rows(5, 0) == ()


def test_no_text_has_no_tokens_and_more_than_the_most_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = open_tokenizer("nano-sentiment").tokenizer
    nothing = LongReading(tokenizer, "nano-sentiment", "")
    assert nothing.is_whole
    assert (nothing.total, nothing.uncovered, nothing.rows(0, 200)) == (0, 0, ())
    monkeypatch.setattr(token_list, "MOST_CHARACTERS", 30)
    assert LongReading(tokenizer, "nano-sentiment", "a" * 40).text == "a" * 30
    assert MOST_CHARACTERS >= 10_000_000


def test_a_tokenizer_that_tells_no_characters() -> None:
    reading = LongReading(take_over(_Shouting(), None), "in Python", "the cat")
    read_whole(reading)
    assert reading.uncovered is reading.uncovered_spaces is None
    assert [(row.entry.text, row.start, row.covers) for row in reading.rows(0, 3)] == [
        ("T", None, None),
        ("H", None, None),
        ("E", None, None),
    ]
    for text, unknown in (("the é", [4]), ("the ~", [])):
        reading = LongReading(take_over(_Shouting(), None), "in Python", text)
        read_whole(reading)
        assert [row.place for row in reading.rows(0, reading.total) if row.unknown] == unknown
        assert reading.unknown == len(unknown)
