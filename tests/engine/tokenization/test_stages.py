"""The stages of a tokenizer end in what the library itself gives, and each of them in what its component gives."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tests.checkpoints import bare_byte_level, byte_level, unigram, wordpiece
from tests.engine.tokenization.staged import (
    DECODERS,
    NORMALIZERS,
    POST_PROCESSORS,
    PRE_TOKENIZERS,
    put_together,
    reader_of,
)
from tui import catalogue
from tui.catalogue import built_in_names
from tui.engine.checkpoint.loading import built_in_tokenizer
from tui.engine.errors import EngineError
from tui.engine.tokenization.reading import RustTokenizer
from tui.engine.tokenization.stages import RustStages
from tui.engine.tokenization.taking_over import take_over
from tui.protocol.microscope.stages import Part, Stages
from tui.tasks import TASKS

HOSTILE = (
    "",
    "   ",
    " \t\n\u2028 ",
    "👩‍👩‍👧 🇫🇷 👍🏽",
    "e\u0301 a\u0308\u0301 ﬁ １２ ① ẞ İ",
    "שלום \u202eabc\u202c مرحبا",
    "\x00\x1b[31m\x07\ufeff\u200b\x7f",
    "[CLS] a [MASK] [SEP]x[PAD] [UNK] [cls]",
    "The film was dull, the café 1,234 東京!",
    "Ġ ▁ ## </w> <0x0A> � \U0010fffe \U0010fffe\U0010fffe",
)
TEXTS = st.text(max_size=60) | st.text(alphabet="aAé ▁Ġ.1[CLS]\n😀\u0301\u200dﬁ東", max_size=40)
FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def parts_of(stages: Stages, kind: str, name: str | None = None) -> list[tuple[Part, ...]]:
    return [s.parts for s in stages.stages if s.kind == kind and name in (None, s.name)]


def check(
    reader: RustTokenizer, stager: RustStages, text: str, pair: str | None = None, **choices: Any
) -> Stages:
    """Everything that must hold for any tokenizer and any text."""
    stages = stager.stages(text, pair, **choices)
    texts = (text,) if pair is None else (text, pair)
    reading = reader.read(text, pair, **choices)
    pieces = stages.pieces
    assert [piece.id for piece in pieces] == [token.id for token in reading.tokens]
    assert [piece.text for piece in pieces] == [token.text for token in reading.tokens]
    assert [(p.start, p.end, p.word, p.field, p.type_id, p.mask) for p in pieces] == [
        (t.start, t.end, t.word, t.field, t.type_id, t.mask) for t in reading.tokens
    ]
    assert [piece.origin == "special" for piece in pieces] == list(reading.added)
    assert not [stage.differs for stage in stages.stages if stage.differs]
    for stage in stages.stages:
        for part in stage.parts:
            assert 0 <= part.start <= part.end <= len(texts[part.field]), (stage.name, part)
        for piece in stage.pieces:
            if piece.field is not None:
                assert 0 <= (piece.start or 0) <= (piece.end or 0) <= len(texts[piece.field]), piece
    check_what_it_was(stages, texts)
    for number, (whole, trip) in enumerate(zip(texts, stages.round_trips, strict=True)):
        kept = [piece.id for piece in pieces if piece.field == number]
        assert trip.decoded == reader.decode(kept)
        assert trip.same == (trip.decoded == whole) == (not trip.differences)
        rebuilt = whole
        for gone in reversed(trip.differences):
            assert whole[gone.start : gone.end] == gone.text
            rebuilt = rebuilt[: gone.start] + gone.decoded + rebuilt[gone.end :]
        assert rebuilt == trip.decoded
    last = [stage for stage in stages.stages if stage.kind == "decoder"]
    if last:
        assert ["".join(strings) for strings in last[-1].strings] == [t.decoded for t in stages.round_trips]
    return stages


def check_what_it_was(stages: Stages, texts: tuple[str, ...]) -> None:
    """The text before a stage is what its parts say they were."""
    kinds = ("text", "added tokens", "normalizer", "pre-tokenizer")
    for before, after in itertools.pairwise(stage for stage in stages.stages if stage.kind in kinds):
        for field in range(len(texts)):
            stood = "".join(part.text for part in before.parts if part.field == field)
            was = "".join(
                part.text if part.was is None else part.was for part in after.parts if part.field == field
            )
            assert was == stood, (before.name, after.name)


def always(reader: RustTokenizer, **choices: Any) -> None:
    stager = RustStages(reader)
    for text, pair in zip(HOSTILE, itertools.cycle([None, "a pair [SEP] é", ""]), strict=False):
        check(reader, stager, text, pair, **choices)

    @FEW
    @given(TEXTS, st.none() | TEXTS)
    def with_any_text(text: str, pair: str | None) -> None:
        check(reader, stager, text, pair, **choices)

    with_any_text()


# ----------------------------------------------------------------------------------------- any tokenizer


@pytest.mark.parametrize("name", sorted({name for task in TASKS for name in built_in_names(task)}))
def test_built_ins(name: str) -> None:
    folder = catalogue.built_in_folder(name)
    assert folder is not None
    always(built_in_tokenizer(folder))


@pytest.mark.parametrize("maker", [wordpiece, byte_level, bare_byte_level, unigram])
def test_tokenizers_of_tiny_checkpoints_cut_at_either_side(maker: Any) -> None:
    for side in ("right", "left"):
        tokenizer = maker()
        tokenizer.truncation_side = side
        reader = take_over(tokenizer, 9)
        assert isinstance(reader, RustTokenizer)
        always(reader)


@pytest.mark.parametrize("name", NORMALIZERS)
def test_every_normalizer_ends_in_what_normalize_str_gives(name: str) -> None:
    backend = put_together(name, "ByteLevel", "TemplateProcessing", "ByteLevel")
    reader = reader_of(backend)
    always(reader)
    stager = RustStages(reader)

    @FEW
    @given(TEXTS | st.sampled_from(HOSTILE))
    def check_parts(text: str) -> None:
        text = text.replace("[", "(")  # no added token in it: the normalizer sees all of it
        shown = parts_of(stager.stages(text), "normalizer")
        whole = NORMALIZERS[name]()
        if whole is None:
            assert not shown
        else:
            assert "".join(part.text for part in shown[-1]) == whole.normalize_str(text)

    check_parts()


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
def test_every_pre_tokenizer_gives_the_pre_tokens_of_pre_tokenize_str(name: str) -> None:
    reader = reader_of(put_together("none", name, "ByteLevel", "Metaspace", "unigram"))
    always(reader)
    stager = RustStages(reader)

    @FEW
    @given(TEXTS | st.sampled_from(HOSTILE))
    def check_parts(text: str) -> None:
        text = text.replace("[", "(")
        shown = parts_of(stager.stages(text), "pre-tokenizer")
        whole = PRE_TOKENIZERS[name]()
        if whole is None:
            assert not shown
        else:
            got = [(part.text, (part.start, part.end)) for part in shown[-1] if part.what != "removed"]
            assert got == whole.pre_tokenize_str(text)

    check_parts()


@pytest.mark.parametrize("limit", [None, 8])
@pytest.mark.parametrize("name", POST_PROCESSORS)
def test_every_post_processor(name: str, limit: int | None) -> None:
    reader = reader_of(put_together("NFKC", "ByteLevel", name, "ByteLevel"), limit)
    always(reader)
    always(reader, special=False)


@pytest.mark.parametrize(
    "model", ["byte-level", "bpe with word ends", "wordpiece", "unigram", "word", "bytes"]
)
@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_after_every_model(name: str, model: str) -> None:
    pre_tokenizer = {"byte-level": "ByteLevel", "unigram": "Metaspace"}.get(model, "BertPreTokenizer")
    reader = reader_of(put_together("none", pre_tokenizer, "none", name, model))
    stager = RustStages(reader)
    for text in HOSTILE:
        check(reader, stager, text)


# ------------------------------------------------------------------------------------------ added tokens


ADDED = (
    AddedToken("<left>", lstrip=True, special=True, normalized=False),
    AddedToken("<right>", rstrip=True, special=True, normalized=False),
    AddedToken("<word>", single_word=True, special=False, normalized=False),
    AddedToken("Café", special=False, normalized=True),
    AddedToken("the film", special=False, normalized=True, single_word=True),
)


@pytest.mark.parametrize("normalizer", ["none", "NFD, StripAccents, Lowercase", "Prepend, Replace"])
def test_added_tokens_of_every_sort_are_cut_out_as_the_library_cuts_them(normalizer: str) -> None:
    backend = put_together(normalizer, "WhitespaceSplit, Digits, Punctuation", model="wordpiece", added=ADDED)
    reader = reader_of(backend)
    stager = RustStages(reader)
    alphabet = [
        *(token.content for token in ADDED),
        "CAFÉ",
        "café",
        "the",
        "film",
        " ",
        "  ",
        "x",
        "é",
        "[CLS]",
        ".",
    ]

    @settings(FEW, max_examples=60)
    @given(st.lists(st.sampled_from(alphabet), max_size=12).map("".join))
    def check_any(text: str) -> None:
        check(reader, stager, text)

    check_any()


def test_no_component_touches_an_added_token() -> None:
    reader = reader_of(
        put_together("NFD, StripAccents, Lowercase", "Punctuation", model="wordpiece", added=ADDED)
    )
    text = "É  <left>CAFÉ [CLS]"
    stages = RustStages(reader).stages(text)
    before, *normalized, after = [
        [(part.text, part.what) for part in stage.parts]
        for stage in stages.stages
        if stage.kind in ("added tokens", "normalizer")
    ]
    assert before == [("É", ""), ("  <left>", "added token"), ("CAFÉ ", ""), ("[CLS]", "added token")]
    assert ("[CLS]", "added token") in normalized[-1]
    assert ("cafe", "added token") in after
    (found,) = [piece for piece in stages.pieces if piece.text == "cafe" or piece.spelled == "Café".encode()]
    assert (found.origin, text[found.start : found.end]) == ("added token", "CAFÉ")


def test_added_tokens_with_gaps_between_their_ids() -> None:
    source = put_together("none", "Whitespace", "TemplateProcessing", model="word", added=ADDED).to_str()
    backend = Tokenizer.from_str(source)
    model: Any = models.WordLevel(vocab={"[UNK]": 0, "film": 5000}, unk_token="[UNK]")
    backend.model = model
    backend.add_tokens(["later"])
    reader = reader_of(backend)
    stages = RustStages(reader).stages("film later <word> ?")
    assert [piece.id for piece in stages.pieces] == reader.read("film later <word> ?").ids


# ------------------------------------------------------------------------------------- what is written there


def test_each_step_of_a_sequence_says_what_it_changed() -> None:
    reader = reader_of(put_together("NFD, StripAccents, Lowercase", "Whitespace", model="wordpiece"))
    stages = RustStages(reader).stages("Né À")
    by_name = {
        stage.name: [(p.text, p.was, p.start, p.end) for p in stage.parts if p.was is not None]
        for stage in stages.stages
    }
    assert by_name["NFD"] == [("e\u0301", "é", 1, 2), ("A\u0300", "À", 3, 4)]
    assert by_name["StripAccents"] == [("", "\u0301", 1, 2), ("", "\u0300", 3, 4)]
    assert by_name["Lowercase"] == [("n", "N", 0, 1), ("a", "A", 3, 4)]
    assert by_name["Whitespace"] == [("", " ", 2, 3)]


def test_pre_tokens_say_what_they_are() -> None:
    reader = reader_of(put_together("none", "Split, ByteLevel", model="byte-level"))
    parts = parts_of(RustStages(reader).stages("film12,\n é😀 "), "pre-tokenizer", "ByteLevel")[-1]
    assert [(part.text, part.what, part.was) for part in parts] == [
        ("film", "letters", None),
        ("12", "numbers", None),
        (",", "punctuation", None),
        ("Ċ", "spaces", "\n"),
        ("ĠÃ©", "letters", " é"),
        ("ðŁĺĢ", "symbols", "😀"),
        ("Ġ", "spaces", " "),
    ]


def test_pieces_of_one_character_share_it_and_hold_its_bytes() -> None:
    reader = reader_of(put_together("none", "ByteLevel", "none", "ByteLevel"))
    pieces = [piece for piece in RustStages(reader).stages("a🦖").pieces if piece.start == 1]
    assert len(pieces) > 1
    assert {(piece.start, piece.end) for piece in pieces} == {(1, 2)}
    assert b"".join(piece.spelled or b"" for piece in pieces) == "🦖".encode()


@FEW
@given(TEXTS)
def test_bytes_of_byte_level_pieces_are_the_text(text: str) -> None:
    reader = reader_of(put_together("none", "ByteLevel", "none", "ByteLevel"))
    pieces = RustStages(reader).stages(text).pieces
    assert b"".join(piece.spelled or b"" for piece in pieces) == text.encode()


def test_a_template_names_who_put_each_token_there() -> None:
    reader = reader_of(put_together("none", "Whitespace", "TemplateProcessing", model="wordpiece"))
    stages = RustStages(reader).stages("film", "a film")
    items = [piece.item for piece in stages.pieces]
    assert (items[0], items[1], items[-1]) == ("[CLS]:0", "$A:0", "[SEP]:1")
    assert {piece.item for piece in stages.pieces if piece.field == 1} == {"$B:1"}


def test_the_strings_between_decoders() -> None:
    reader = reader_of(put_together("Prepend, Replace", "none", "none", "Llama", "bytes"))
    stages = RustStages(reader).stages("a é")
    strings = {stage.name: stage.strings for stage in stages.stages if stage.kind == "decoder"}
    assert strings == {
        "Replace": ((" ", "a", " ", "<0xC3>", "<0xA9>"),),
        "ByteFallback": ((" ", "a", " ", "é"),),
        "Fuse": ((" a é",),),
        "Strip": (("a é",),),
    }
    assert stages.round_trips[0].same


@pytest.mark.parametrize("replaced", ["▁", "Ġ"])
def test_decoders_lose_no_space_between_them(replaced: str) -> None:
    runs = {replaced * count: count for count in range(1, 5)}
    merges = [(replaced * count, replaced) for count in range(1, 4)]
    backend = Tokenizer(models.BPE({**runs, "a": 0, ":": 5, "\n": 6}, merges))
    backend.normalizer = normalizers.Replace(" ", replaced)
    backend.decoder = decoders.Sequence(
        [decoders.Replace(replaced, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    text = "a:\n    a   a a:  "
    stages = RustStages(RustTokenizer(backend, None, (), frozenset(), None)).stages(text).stages
    strings = [stage.strings[0] for stage in stages if stage.kind == "decoder"]
    entries = backend.encode(text).tokens
    assert strings == [tuple(entry.replace(replaced, " ") for entry in entries)] * 2 + [(text,)]
    assert "".join(strings[0]) == backend.decode(backend.encode(text).ids)


def test_what_the_library_has_not_made_is_said_to_be_that() -> None:
    backend = wordpiece().backend_tokenizer
    template = backend.post_processor
    backend.post_processor = processors.Sequence([template, template])
    with pytest.raises(EngineError) as caught:
        RustTokenizer(backend, None, (), frozenset(), None).read("the")
    assert "two templates one after the other" in caught.value.failure.detail


def test_truncation_is_a_stage_that_shows_what_was_cut() -> None:
    text = "film film film film"
    for side, cut, kept in (("right", (9, 19), "film film"), ("left", (0, 10), "film film")):
        reader = reader_of(
            put_together("none", "Whitespace", "TemplateProcessing", "WordPiece", "word"), 4, side
        )
        stages = RustStages(reader).stages(text)
        (stage,) = [stage for stage in stages.stages if stage.kind == "truncation"]
        assert [(part.start, part.end, part.text) for part in stage.parts] == [(*cut, text[slice(*cut)])]
        assert [text[piece.start : piece.end] for piece in stage.pieces] == ["film", "film"]
        (trip,) = stages.round_trips
        assert trip.decoded == kept
        assert [(gone.start, gone.end, gone.losses) for gone in trip.differences] == [(*cut, ("cut",))]


def test_what_a_tokenizer_lacks_is_said() -> None:
    stages = RustStages(
        reader_of(Tokenizer(models.WordLevel(vocab={"a": 0, "[UNK]": 1}, unk_token="[UNK]")))
    ).stages("a")
    for missing in ("added tokens", "normalizer", "pre-tokenizer", "post-processor", "decoder"):
        assert any(f"no {missing}" in sentence for sentence in stages.absent), missing


# ------------------------------------------------------------------------------------------------- limits


def test_dropout_shows_one_call_and_says_so() -> None:
    backend = put_together("none", "ByteLevel", "TemplateProcessing", "ByteLevel")
    model: Any = backend.model
    model.dropout = 0.5
    reader = reader_of(backend)
    stager = RustStages(reader)
    said = 0
    for _ in range(5):
        stages = stager.stages("The film was dull, the acting was worse")
        said += any("dropout" in stage.differs for stage in stages.stages)
        assert stages.round_trips[0].same
    assert said


class _Commas:
    """A pre-tokenizer written in Python: splits at commas, which stay with what stands before."""

    def pre_tokenize(self, text: Any) -> None:
        text.split(lambda _, stretch: stretch.split(",", "merged_with_previous"))


def test_a_component_written_in_python_is_shown_too() -> None:
    backend = put_together("none", "none", "none", "none", "wordpiece")
    backend.pre_tokenizer = pre_tokenizers.PreTokenizer.custom(_Commas())
    reader = reader_of(backend)
    stages = check(reader, RustStages(reader), "a,film,[CLS]b")
    (parts,) = parts_of(stages, "pre-tokenizer", "Custom")
    assert [part.text for part in parts] == ["a,", "film,", "[CLS]", "b"]


def test_half_a_character_is_refused_in_words() -> None:
    with pytest.raises(EngineError, match="half a character"):
        RustStages(reader_of(put_together())).stages("a\ud83d")


def test_a_large_text() -> None:
    folder = catalogue.built_in_folder("nano-sentiment")
    assert folder is not None
    reader = built_in_tokenizer(folder)
    check(reader, RustStages(reader), "Crème brûlée, 東京 and a dull film. " * 2800)  # 98 kB
