"""Tokenizers written in Python show the stages they have and say which they lack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from transformers import AddedToken, ByT5Tokenizer
from transformers.tokenization_python import PythonBackend
from transformers.tokenization_utils_sentencepiece import SentencePieceBackend

from tests.engine.tokenization.staged import sentencepiece_model
from tui.engine.tokenization.entries import AnyTokenizer
from tui.engine.tokenization.python_tokenizer import PythonTokenizer
from tui.engine.tokenization.stages import stages_of
from tui.engine.tokenization.taking_over import take_over
from tui.protocol.microscope.portions import End, Tokens
from tui.protocol.microscope.stages import Stages

HOSTILE = (
    "",
    "  ",
    "👩‍👩‍👧",
    "e\u0301 ﬁ １２",
    "שלום \u202eabc",
    "\x00\x1b[31m",
    "</s> film<unk> <pad>",
    "Ｆilm  é",
)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


class _Plain(SentencePieceBackend):
    """SentencePiece with its end token, as T5 is in Python."""

    vocab_files_names = {"vocab_file": "spiece.model"}


class _Shouting(PythonBackend):
    """Characters in capitals, and a text that is prepared."""

    def __init__(self, **settings: Any) -> None:
        self._entries = {chr(code): code - 32 for code in range(32, 127)}
        super().__init__(unk_token="~", **settings)  # type: ignore[no-untyped-call]

    @property
    def vocab_size(self) -> int:
        return len(self._entries)

    def get_vocab(self) -> dict[str, int]:
        return dict(self._entries)

    def prepare_for_tokenization(self, text: str, is_split_into_words: bool = False, **kwargs: Any) -> Any:
        return text.upper(), kwargs

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return list(text)

    def _convert_token_to_id(self, token: str) -> int:
        return self._entries.get(token, self._entries["~"])

    def _convert_id_to_token(self, index: int) -> str:
        return chr(index + 32)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return "".join(tokens)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sentencepiece") / "spiece.model"
    file.write_bytes(sentencepiece_model())
    return file


def with_sentencepiece(file: Path, limit: int | None = None, **settings: Any) -> PythonTokenizer:
    tokenizer = _Plain(  # type: ignore[no-untyped-call]
        vocab_file=str(file),
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        special_tokens_pattern="eos",
        **settings,
    )
    reader = take_over(tokenizer, limit)
    assert isinstance(reader, PythonTokenizer)
    return reader


def special_as_told(reader: AnyTokenizer, text: str) -> list[int]:
    """The places of special tokens, as `tokenize` tells them."""
    (portions,) = stages_of(reader).told((text,))
    found, before = [], 0
    for portion in portions:
        if isinstance(portion, Tokens):
            found += [before + place for place in portion.special]
            before += len(portion.ids)
    return found


def special_as_read(reader: AnyTokenizer, text: str) -> list[int]:
    """The same as a model's task tells them."""
    return [place for place, token in enumerate(reader.read(text).tokens) if token.special]


def check(reader: PythonTokenizer, text: str, pair: str | None = None) -> Stages:
    stages = stages_of(reader).stages(text, pair)
    reading = reader.read(text, pair)
    assert [piece.id for piece in stages.pieces] == reading.ids
    assert [(p.text, p.type_id, p.mask) for p in stages.pieces] == [
        (t.text, t.type_id, t.mask) for t in reading.tokens
    ]
    assert {(piece.start, piece.end, piece.word) for piece in stages.pieces} <= {(None, None, None)}
    if pair is None:
        assert special_as_told(reader, text) == special_as_read(reader, text)
    texts = (text,) if pair is None else (text, pair)
    for field, (whole, trip) in enumerate(zip(texts, stages.round_trips, strict=True)):
        kept = [piece.id for piece in stages.pieces if piece.field == field]
        assert trip.decoded == reader.decode(kept)
        rebuilt = whole
        for gone in reversed(trip.differences):
            rebuilt = rebuilt[: gone.start] + gone.decoded + rebuilt[gone.end :]
        assert rebuilt == trip.decoded
        for stage in stages.stages:
            for part in stage.parts:
                assert 0 <= part.start <= part.end <= len(texts[part.field])
    return stages


@pytest.mark.parametrize("limit", [None, 7])
def test_any_text_ends_in_the_readers_ids(model_file: Path, limit: int | None) -> None:
    byt5 = take_over(ByT5Tokenizer(), limit)
    shouting = take_over(_Shouting(), limit)
    for reader in (byt5, shouting, with_sentencepiece(model_file, limit)):
        assert isinstance(reader, PythonTokenizer)
        for text in HOSTILE:
            check(reader, text)
            check(reader, text, "a film </s>")

        check_any(reader)


def check_any(reader: PythonTokenizer) -> None:
    @FEW
    @given(st.text(max_size=30), st.none() | st.text(max_size=20))
    def check_both(text: str, pair: str | None) -> None:
        check(reader, text, pair)

    check_both()


def test_sentencepiece_shows_its_normalizer_and_the_added_tokens(model_file: Path) -> None:
    text = "Ｆilm  ﬁne</s>"
    stages = check(with_sentencepiece(model_file), text)
    by_kind = {stage.kind: stage for stage in stages.stages}
    assert [(part.text, part.what) for part in by_kind["added tokens"].parts] == [
        ("Ｆilm  ﬁne", ""),
        ("</s>", "added token"),
    ]
    changed = [
        (part.text, part.was, text[part.start : part.end])
        for part in by_kind["normalizer"].parts
        if part.was is not None
    ]
    assert changed == [("▁F", "Ｆ", "Ｆ"), ("▁fi", "  ﬁ", "  ﬁ")]
    typed, added = [piece for piece in stages.pieces if piece.text == "</s>"]
    assert (typed.origin, added.origin) == ("added token", "special")


def test_byt5_spells_bytes() -> None:
    reader = take_over(ByT5Tokenizer(), None)
    assert isinstance(reader, PythonTokenizer)
    stages = check(reader, "é")
    assert [piece.spelled for piece in stages.pieces] == [b"\xc3", b"\xa9", b"</s>"]
    assert stages.round_trips[0].same
    said = " ".join(stages.absent)
    for missing in ("no offsets", "no pre-tokenizer", "no post-processor", "no normalizer"):
        assert missing in said


def test_a_prepared_text_is_a_stage() -> None:
    reader = take_over(_Shouting(), 3)
    assert isinstance(reader, PythonTokenizer)
    stages = check(reader, "abcde")
    (prepared,) = [stage for stage in stages.stages if stage.name == "prepare_for_tokenization"]
    assert [(part.text, part.was) for part in prepared.parts] == [("ABCDE", "abcde")]
    (truncation,) = [stage for stage in stages.stages if stage.kind == "truncation"]
    assert [piece.text for piece in truncation.pieces] == ["D", "E"]
    assert [(gone.text, gone.losses) for gone in stages.round_trips[0].differences] == [
        ("abc", ("case",)),
        ("de", ("cut",)),
    ]


def test_watching_leaves_the_tokenizer_as_it_was(model_file: Path) -> None:
    reader = with_sentencepiece(model_file)
    stages_of(reader).stages("a film")
    assert reader.ask(lambda tokenizer: "_tokenize" in vars(tokenizer)) is False


@pytest.mark.parametrize("brief", [True, False])
def test_texts_that_are_told_together_are_told_as_by_themselves(model_file: Path, brief: bool) -> None:
    stages = stages_of(with_sentencepiece(model_file))
    texts = ["a film", "", "  a naïve 東京 film"]
    for text, told in zip(texts, stages.told(texts, brief), strict=True):
        alone = [*iter(stages.passage(text, brief).next, None)]
        assert [*told[:-1]] == alone[:-1]
        assert isinstance(told[-1], End)
        assert replace(told[-1], seconds=0.0) == replace(alone[-1], seconds=0.0)


def test_a_byte_that_is_flagged_as_special_is_that_everywhere(tmp_path: Path) -> None:
    """Also where a character became it, and the library leaves it out of what it decodes."""
    file = tmp_path / "spiece.model"
    file.write_bytes(sentencepiece_model(vocab_size=400, model_type="bpe", byte_fallback=True))
    tokenizer = _Plain(
        vocab_file=str(file), eos_token="</s>", unk_token="<unk>", special_tokens_pattern="eos"
    )  # type: ignore[no-untyped-call]
    tokenizer.add_tokens([AddedToken("<0x90>", special=True), AddedToken("<0x8D>", special=False)])
    reader = take_over(tokenizer, None)
    for text in ("the 𐍈", "<0x90> the <0x8D>"):
        ids = reader.read(text).ids
        dropped = [
            place
            for place, index in enumerate(ids)
            if tokenizer.decode([index]) and not tokenizer.decode([index], skip_special_tokens=True)
        ]
        assert len(dropped) == 2  # the byte, and the end token
        assert special_as_read(reader, text) == special_as_told(reader, text) == dropped


def test_what_is_unknown_is_not_special_unless_it_is_written_out() -> None:
    reader = take_over(_Shouting(), None)
    assert special_as_read(reader, "aéb") == special_as_told(reader, "aéb") == []
    assert special_as_read(reader, "a~b") == special_as_told(reader, "a~b") == [1]
