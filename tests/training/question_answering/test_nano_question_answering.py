"""The shipped checkpoint: what the playground relies on, and that its card tells the truth."""

import json
import os
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from tests.training.sentiment.test_nano_sentiment import ODD_TEXTS
from tui.training.examples import read_examples
from tui.training.question_answering.card import EXAMPLE_QUESTIONS, answers, score_of
from tui.training.question_answering.examples import Example
from tui.training.question_answering.reader import Reader
from tui.training.texts.documents import read_documents, split_documents
from tui.training.workspace import folder_bytes

FOLDER = Path(__file__).resolve().parents[3] / "tui" / "models" / "nano-question-answering"
SAMPLE = Path(__file__).with_name("held_out.json")
HAND_WRITTEN = (
    Path(__file__).resolve().parents[3] / "tui" / "training" / "question_answering" / "hand_written.json"
)


def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def read(path: Path) -> list[Example]:
    return [
        Example(entry["question"], entry["context"], entry["start"], entry["end"])
        for entry in json.loads(path.read_text(encoding="utf-8"))
    ]


def test_it_fits_in_five_megabytes_of_half_precision() -> None:
    assert folder_bytes(FOLDER) <= 5_100_000
    saved = load_file(FOLDER / "model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.float16}


def test_it_loads_the_plain_way() -> None:
    model = AutoModelForQuestionAnswering.from_pretrained(str(FOLDER))
    assert type(model).__name__ == "DistilBertForQuestionAnswering"
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    encoded = tokenizer("Who?", "Ada lives in Oslo.", return_tensors="pt")
    assert set(encoded) == {"input_ids", "attention_mask"}
    assert model(**encoded).start_logits.shape == encoded["input_ids"].shape


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_the_file_and_the_loaded_tokenizer_give_the_same_ids(text: str) -> None:
    loaded = AutoTokenizer.from_pretrained(str(FOLDER))
    from_file = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    assert loaded(text)["input_ids"] == from_file.encode(text).ids
    pair = ("Who?", text) if text else ("Who?",)  # transformers takes an empty second text for none
    assert loaded("Who?", text)["input_ids"] == from_file.encode(*pair).ids


def test_its_examples_are_what_it_really_answers() -> None:
    examples = read_examples(FOLDER)
    asked = [(example.inputs["question"], example.inputs["context"]) for example in examples]
    assert asked == list(EXAMPLE_QUESTIONS)
    for kept, anew in zip(examples, answers(FOLDER, EXAMPLE_QUESTIONS), strict=True):
        assert kept.answer.pop("score") == pytest.approx(anew.answer.pop("score"), abs=2e-4)
        assert kept.answer == anew.answer


def test_the_card_shows_it_beats_the_last_phrase_and_names_no_local_path() -> None:
    row = next(line for line in card().splitlines() if line.startswith("| **cloze questions** |"))
    figures = [float(figure) for figure in re.findall(r"\d+\.\d", row)]
    _, ours_low, _, _, _, _, phrase_high, *_ = figures
    assert ours_low > phrase_high + 5
    assert re.search(r"/(tmp|home|work|root)/", card()) is None
    assert "not the published file" not in card()


def test_the_figures_of_the_card_hold_on_the_samples() -> None:
    reader = Reader(FOLDER)
    sample = read(SAMPLE)
    stated = re.search(r"keep\s+a\s+copy\s+of,\s+its\s+F1\s+is\s+(\d+\.\d) %", card())
    assert stated is not None
    assert len(sample) == 100
    assert 100 * score_of(reader, sample).f1 == pytest.approx(float(stated[1]), abs=0.051 + 100 / len(sample))
    row = next(line for line in card().splitlines() if line.startswith("| **written by hand** |"))
    by_hand = read(HAND_WRITTEN)
    stated = re.search(r"\d+\.\d(?= %)", row)
    assert stated is not None
    assert 100 * score_of(reader, by_hand).f1 == pytest.approx(
        float(stated[0]), abs=0.051 + 100 / len(by_hand)
    )


@pytest.mark.skipif("LOGITSCOPE_DATA" not in os.environ, reason="LOGITSCOPE_DATA names no folder of sources")
def test_the_samples_are_of_the_held_out_documents() -> None:
    parts = split_documents(read_documents(Path(os.environ["LOGITSCOPE_DATA"])))
    texts = {
        part: " ".join(text for document in documents for text in document.paragraphs)
        for part, documents in parts.items()
    }
    for example in [*read(SAMPLE), *read(HAND_WRITTEN)]:
        assert example.context in texts["held_out"]
        assert example.context not in texts["train"]


def test_the_kept_sample_is_small() -> None:
    assert SAMPLE.stat().st_size <= 60_000
