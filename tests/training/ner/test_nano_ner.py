"""The shipped checkpoint: what the playground relies on, and that its card tells the truth."""

import json
import os
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForTokenClassification, AutoTokenizer

from tests.training.sentiment.test_nano_sentiment import ODD_TEXTS
from tui.training.examples import read_examples
from tui.training.ner.card import EXAMPLE_TEXTS, answers, read_checked
from tui.training.ner.measure import entities_by_checkpoint, score
from tui.training.ner.sentences import LABELS
from tui.training.texts.documents import read_documents, split_documents
from tui.training.workspace import folder_bytes

FOLDER = Path(__file__).resolve().parents[3] / "tui" / "models" / "nano-ner"
SAMPLE = Path(__file__).with_name("held_out.json")


def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def test_it_fits_in_three_and_a_half_megabytes_of_half_precision() -> None:
    assert folder_bytes(FOLDER) <= 3_600_000
    saved = load_file(FOLDER / "model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.float16}


def test_it_loads_the_plain_way() -> None:
    model = AutoModelForTokenClassification.from_pretrained(str(FOLDER))
    assert type(model).__name__ == "ElectraForTokenClassification"
    assert tuple(model.config.id2label.values()) == LABELS
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    encoded = AutoTokenizer.from_pretrained(str(FOLDER))("Ada lives in Oslo.", return_tensors="pt")
    assert set(encoded) == {"input_ids", "attention_mask"}
    assert model(**encoded).logits.shape == (*encoded["input_ids"].shape, 9)


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_the_file_and_the_loaded_tokenizer_give_the_same_ids(text: str) -> None:
    loaded = AutoTokenizer.from_pretrained(str(FOLDER))
    from_file = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    assert loaded(text)["input_ids"] == from_file.encode(text).ids


def test_capitals_are_kept() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    assert tokenizer("Brown")["input_ids"] != tokenizer("brown")["input_ids"]


def test_truncation_cuts_to_what_the_model_can_take() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    model = AutoModelForTokenClassification.from_pretrained(str(FOLDER))
    encoded = tokenizer("good " * 2000, truncation=True, return_tensors="pt")
    assert encoded["input_ids"].shape == (1, 256)
    assert model(**encoded).logits.shape == (1, 256, 9)


def test_its_examples_are_what_it_really_answers() -> None:
    examples = read_examples(FOLDER)
    assert [example.inputs["text"] for example in examples] == list(EXAMPLE_TEXTS)
    for kept, anew in zip(examples, answers(FOLDER, EXAMPLE_TEXTS), strict=True):
        assert len(kept.answer) == len(anew.answer)
        for first, second in zip(kept.answer, anew.answer, strict=True):
            assert first.pop("score") == pytest.approx(second.pop("score"), abs=2e-4)
            assert first == second


def test_the_card_shows_it_beats_the_gazetteer_and_names_no_local_path() -> None:
    for labels in ("silver", "by hand"):
        row = next(line for line in card().splitlines() if line.startswith(f"| **{labels}, all** |"))
        ours, _, _, _, _, _, gazetteer, *_ = map(float, re.findall(r"\d+\.\d", row))
        assert ours > gazetteer
    assert re.search(r"/(tmp|home|work|root)/", card()) is None
    assert "not the published file" not in card()


def test_the_figures_of_the_card_hold_on_the_samples() -> None:
    sample = read_checked(SAMPLE)
    chosen = re.search(r'aggregation_strategy="(\w+)"', card())
    assert chosen is not None
    found = entities_by_checkpoint(str(FOLDER), sample, chosen[1])
    scored = score(found, [sentence.entities for sentence in sample])
    stated = re.search(r"keep\s+a\s+copy\s+of,\s+its\s+F1\s+is\s+(\d+\.\d) %", card())
    assert stated is not None
    assert len(sample) == 150
    assert 100 * scored.all_types.f1 == pytest.approx(float(stated[1]), abs=0.3)

    checked = read_checked()
    found = entities_by_checkpoint(str(FOLDER), checked, chosen[1])
    by_hand = score(found, [sentence.entities for sentence in checked])
    row = next(line for line in card().splitlines() if line.startswith("| **by hand, all** |"))
    by_card = re.search(r"\d+\.\d", row)
    assert by_card is not None
    assert 100 * by_hand.all_types.f1 == pytest.approx(float(by_card[0]), abs=0.3)


@pytest.mark.skipif("LOGITSCOPE_DATA" not in os.environ, reason="LOGITSCOPE_DATA names no folder of sources")
def test_the_samples_are_of_the_held_out_documents() -> None:
    parts = split_documents(read_documents(Path(os.environ["LOGITSCOPE_DATA"])))
    texts = {
        part: " ".join(text for document in documents for text in document.paragraphs)
        for part, documents in parts.items()
    }
    for sentence in [*read_checked(SAMPLE), *read_checked()]:
        assert sentence.text in texts["held_out"]
        assert sentence.text not in texts["train"]


def test_the_kept_sample_is_small() -> None:
    assert SAMPLE.stat().st_size <= 60_000
    assert len(json.loads(SAMPLE.read_text(encoding="utf-8"))) == 150
