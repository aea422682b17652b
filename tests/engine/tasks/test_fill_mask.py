"""Fill-mask equals `pipeline("fill-mask")`: any number of masks, top_k, targets; masks typed by hand."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from transformers import AutoModelForMaskedLM, AutoTokenizer, pipeline
from transformers.utils import logging as their_logging

from tests.asking import Told, ask
from tests.checkpoints import MAX_TOKENS, bare_byte_level, edit_json, make_checkpoint
from tests.engine.conftest import TinyFolder, load_here
from tui.engine.answers.masks import with_masks
from tui.engine.errors import EngineError
from tui.protocol.answers import Filled
from tui.protocol.rows import RowAddress
from tui.tasks.targets import targets_of

TASK = "fill-mask"
KINDS = ("bert", "distilbert", "albert", "electra", "roberta", "xlm-roberta", "deberta-v2")
TEXTS = (
    "The film was {}, the acting was worse.",
    "{}",
    "{} {}{} and {} it",
    "Crème brûlée 東京 😀👩‍👩‍👧{}é e\u0301 \u202e{}\u202c",
    "\x00\x07\x1b[31m {} </s> [SEP] <pad> [PAD] {}",
    "the {} film was dull " * 3,
)


def filler_of(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype=dtype)
    return pipeline("fill-mask", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))


def filled(told: Told) -> Filled:
    assert isinstance(told.view, Filled)
    return told.view


# ------------------------------------------------------------------------------------- against transformers


@pytest.mark.parametrize("model_type", KINDS)
def test_the_answer_is_the_pipelines(tiny: TinyFolder, model_type: str) -> None:
    folder = tiny(model_type, head="MaskedLM")
    loaded, fill = load_here(folder, task=TASK), filler_of(folder)
    mask = fill.tokenizer.mask_token
    for text in TEXTS:
        theirs = text.replace("{}", mask)
        for top_k in (1, 5, 100):
            told = ask(loaded, theirs, top_k=top_k)
            assert told.answer == fill(theirs, top_k=top_k), text
        by_hand = ask(loaded, text.replace("{}", "<mask>" if mask == "[MASK]" else "[MASK]"), top_k=100)
        assert by_hand.answer == told.answer
        encoded = fill.tokenizer(theirs, return_tensors="pt")
        with torch.inference_mode():
            rows = fill.model(**encoded).logits[0]
        assert torch.equal(getattr(told.outcome, "logits"), rows)  # noqa: B009
        assert len(filled(told).masks) == text.count("{}")
        answers = told.answer if len(filled(told).masks) > 1 else [told.answer]
        for each, row in zip(filled(told).masks, answers, strict=True):
            assert theirs[each.start : each.end] == mask
            assert [(fill.id, fill.text, fill.score, fill.sentence) for fill in each.fills] == [
                (guess["token"], guess["token_str"], guess["score"], guess["sequence"]) for guess in row
            ]


@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta"])
@pytest.mark.parametrize(
    "listed",
    [
        "film",
        "film, dull",
        "zzz,film,zz",
        " 東京 ,😀",
        "##s,Ġthe,▁the",
        "dull,dull",
        "[MASK],<s>",
        ",,film,",
        '" film", dull',
    ],
)
def test_targets(tiny: TinyFolder, model_type: str, listed: str) -> None:
    folder = tiny(model_type, head="MaskedLM")
    loaded, fill = load_here(folder, task=TASK), filler_of(folder)
    mask = fill.tokenizer.mask_token
    words = targets_of(listed)
    warnings = Heard()
    their_logger = their_logging.get_logger("transformers.pipelines.fill_mask")
    their_logger.addHandler(warnings)
    try:
        for text in (f"The {mask} was dull", f"The {mask} was {mask}"):
            warnings.said.clear()
            expected = fill(text, targets=words, top_k=3)
            told = ask(loaded, text, targets=listed, top_k=3)
            assert told.answer == expected
            assert filled(told).note == "\n".join(warnings.said)
    finally:
        their_logger.removeHandler(warnings)


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def test_decoding_that_cleans_up(tmp_path: Path) -> None:
    make_checkpoint(tmp_path, "bert", head="MaskedLM")
    edit_json(tmp_path / "tokenizer_config.json", clean_up_tokenization_spaces=True)
    fill, text = filler_of(tmp_path), "He said : it's [MASK], isn't it ? 'm not !"
    told = ask(load_here(tmp_path, task=TASK), text)
    assert told.answer == fill(text)
    assert "it's" in told.answer[0]["sequence"]


def test_half_precision(tiny: TinyFolder) -> None:
    folder = tiny("bert", head="MaskedLM")
    told = ask(load_here(folder, dtype="bfloat16", task=TASK), "The [MASK] was dull", top_k=9)
    assert told.answer == filler_of(folder, torch.bfloat16)("The [MASK] was dull", top_k=9)


def test_more_guesses_than_tokens(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", head="MaskedLM"), task=TASK), "[MASK]", top_k=1000)
    assert len(told.answer) == filled(told).total < 1000
    assert sum(guess["score"] for guess in told.answer) == pytest.approx(1, abs=1e-5)


# ------------------------------------------------------------------------------------------- the readout


def test_every_position_can_be_read(tiny: TinyFolder) -> None:
    told = ask(load_here(tiny("bert", head="MaskedLM"), task=TASK), "The [MASK] was ___ dull", top_k=3)
    first, second = filled(told).masks
    assert told.readout().address == RowAddress(0, first.position)
    for mask, answers in zip((first, second), told.answer, strict=True):
        readout = told.readout(RowAddress(0, mask.position), top=3)
        assert readout.name == f"mask at position {mask.position}"
        assert [row.index for row in readout.rows] == [guess["token"] for guess in answers]
        scores = [guess["score"] for guess in answers]
        assert [row.probability for row in readout.rows] == pytest.approx(scores, abs=1e-6)
    tokens = told.prepared.readings[0].tokens
    assert told.readout(RowAddress(0, 1)).name == f"position 1 “{tokens[1].text}”"


# ------------------------------------------------------------------------------------ masks typed by hand


@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta"])
def test_offsets_are_those_of_the_text_as_typed(tiny: TinyFolder, model_type: str) -> None:
    loaded = load_here(tiny(model_type, head="MaskedLM"), task=TASK)
    text = "東京 is _________ far [MASK]<mask> away ___."
    told = ask(loaded, text)
    assert [text[mask.start : mask.end] for mask in filled(told).masks] == [
        "_________",
        "[MASK]",
        "<mask>",
        "___",
    ]
    for token in told.prepared.readings[0].tokens:
        assert token.start is not None
        assert token.end is not None
        assert 0 <= token.start <= token.end <= len(text)
    spoken = [token for token in told.prepared.readings[0].tokens if token.start != token.end]
    assert spoken[0].start == 0
    assert spoken[-1].end == len(text)
    ends = [text[token.start : token.end].strip() for token in spoken[-3:]]
    assert "___" in ends
    assert ends[-1] == "."


@given(
    st.lists(st.sampled_from(["a", " ", "é", "__", "___", "_____", "[MASK]", "<mask>", "😀"]), max_size=12)
)
@settings(deadline=None, max_examples=60)
def test_characters_map_back(parts: list[str]) -> None:
    text = "".join(parts)
    typed = with_masks(text, "[MASK]")
    outside = "".join(
        character
        for index, character in enumerate(typed.given)
        if not any(place.given_start <= index < place.given_end for place in typed.places)
    )
    found = [
        text[typed.character(index)]
        for index in range(len(typed.given))
        if not any(place.given_start <= index < place.given_end for place in typed.places)
    ]
    assert "".join(found) == outside
    assert typed.character(len(typed.given), ending=True) == len(text)
    for place in typed.places:
        assert typed.given[place.given_start : place.given_end] == "[MASK]"
        assert typed.character(place.given_start) == place.start
        assert typed.character(place.given_end, ending=True) == place.end


@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta"])
def test_a_guess_typed_in_the_masks_place_becomes_that_token(tmp_path: Path, model_type: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(make_checkpoint(tmp_path, model_type, head="MaskedLM"))
    own = AddedToken(tokenizer.mask_token, lstrip=model_type != "bert", special=True)
    tokenizer.add_special_tokens({"mask_token": own})  # as RoBERTa and XLM-RoBERTa have it
    tokenizer.save_pretrained(tmp_path)
    loaded = load_here(tmp_path, task=TASK)
    text = "the film was ___ and dull ___"
    told = ask(loaded, text, top_k=40)
    tried = equal = 0
    for mask in filled(told).masks:
        for fill in mask.fills:
            if fill.typed and fill.start is not None:
                changed = text[: fill.start] + fill.typed + text[mask.end :]
                again = loaded.tokenizer.read(with_masks(changed, loaded.tokenizer.mask_token or "").given)
                expected = list(told.prepared.readings[0].ids)
                expected[mask.position] = fill.id
                tried += 1
                equal += again.ids == expected
    assert tried > 30
    assert equal / tried > 0.5, (equal, tried)  # pieces can join others when they are read again


# --------------------------------------------------------------------------------------------- failures


def refused(folder: Path, text: str, **options: Any) -> EngineError:
    with pytest.raises(EngineError) as raised:
        ask(load_here(folder, task=TASK), text, **options)
    return raised.value


@pytest.mark.parametrize("text", ["", "no mask here", "__", "[mask]", "mask", "\x1b[31m 東京 😀"])
def test_no_mask(tiny: TinyFolder, text: str) -> None:
    failure = refused(tiny("bert", head="MaskedLM"), text).failure
    assert failure.title == "No mask in the text"
    assert "[MASK]" in failure.hint
    assert "F6" in failure.hint


def test_a_mask_beyond_the_limit(tiny: TinyFolder) -> None:
    failure = refused(tiny("bert", head="MaskedLM"), "the film was dull " * 60 + "[MASK]").failure
    assert failure.title == "The mask is beyond what the model reads"
    assert f"first {MAX_TOKENS}" in failure.detail


def test_a_long_text_is_cut_as_the_pipeline_cuts_it(tiny: TinyFolder) -> None:
    folder, text = tiny("bert", head="MaskedLM"), "the [MASK] film " + "was dull " * 60 + "[MASK]"
    told = ask(load_here(folder, task=TASK), text)
    assert told.answer == filler_of(folder)(text, tokenizer_kwargs={"truncation": True})
    assert len(filled(told).masks) == 1


def test_a_tokenizer_without_a_mask_token(tmp_path: Path) -> None:
    make_checkpoint(tmp_path, "bert", head="MaskedLM")
    bare_byte_level().save_pretrained(tmp_path)
    assert refused(tmp_path, "the [MASK]").failure.title == "This tokenizer has no mask token"


def test_targets_that_are_nothing(tiny: TinyFolder) -> None:
    failure = refused(tiny("bert", head="MaskedLM"), "the [MASK]", targets="\x00,\u200b").failure
    assert failure.title == "No target is in the vocabulary"
