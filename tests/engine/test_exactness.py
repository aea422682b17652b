"""What the engine says equals what transformers computes: ids, logits, label and score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.asking import ask
from tests.checkpoints import ARCHITECTURES
from tests.engine.conftest import TinyFolder, load_here
from tui import catalogue
from tui.engine.tasks.text_classification import Classification
from tui.protocol.answers import Classified

BUILT_IN = "nano-sentiment"
TEXTS = (
    "I've been waiting for a course like this my whole life.",
    "dull",
    "",
    " \t\n ",
    "Crème brûlée 東京 😀👩‍👩‍👧 e\u0301 \u202egnihton\u202c \x00\x07\x1b[31m",
    "[CLS] <s> twice </s> [SEP] [MASK] <|endoftext|> [UNK]",
    "the film was dull " * 200,
)
HEADS: tuple[tuple[int, str | None], ...] = (
    (1, None),
    (2, None),
    (5, "single_label_classification"),
    (4, "multi_label_classification"),
    (1, "regression"),
    (3, "regression"),
)


def transformers_answers(folder: Path, texts: tuple[str, ...]) -> list[tuple[list[int], Any, Any]]:
    """(ids, logits, pipeline's answer) of each text, by transformers alone."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer)
    answers = []
    for text in texts:
        encoded = tokenizer(text, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**encoded).logits[0].numpy()
        answers.append((encoded["input_ids"][0].tolist(), logits, classify(text, truncation=True)))
    return answers


def assert_same(folder: Path, reference: Path | str, texts: tuple[str, ...] = TEXTS) -> None:
    loaded = load_here(reference)
    for text, (ids, logits, answer) in zip(texts, transformers_answers(folder, texts), strict=True):
        told = ask(loaded, text)
        (sequence,) = told.prepared.sequences()
        assert [token.id for token in sequence.tokens] == ids, text
        assert isinstance(told.outcome, Classification)
        assert told.outcome.row().tolist() == logits.astype(np.float64).tolist(), text
        assert told.answer == answer, text
        assert isinstance(told.view, Classified)
        (score,) = told.view.scores
        assert {"label": score.label, "score": score.score} == answer[0], text
        readout = told.readout()
        assert readout.rows[0].label == score.label
        top = readout.rows[0].probability
        shown = readout.rows[0].scaled if top is None else top
        assert shown == pytest.approx(score.score, abs=1e-6)


def texts_for(model_type: str) -> tuple[str, ...]:
    """GPT-2's and Llama's tokenizers make no token of an empty text, and transformers fails on it."""
    return tuple(text for text in TEXTS if text or ARCHITECTURES[model_type][0]().cls_token)


def test_the_built_in_checkpoint() -> None:
    folder = catalogue.built_in_folder(BUILT_IN)
    assert folder is not None
    assert_same(folder, BUILT_IN)


@pytest.mark.parametrize(("labels", "problem_type"), HEADS)
def test_every_kind_of_head(tiny: TinyFolder, labels: int, problem_type: str | None) -> None:
    folder = tiny("distilbert", labels, problem_type)
    assert_same(folder, folder)


@pytest.mark.parametrize("model_type", sorted(ARCHITECTURES.keys() - {"distilbert"}))
def test_every_architecture(tiny: TinyFolder, model_type: str) -> None:
    for labels, problem_type in HEADS[1:4]:
        folder = tiny(model_type, labels, problem_type)
        assert_same(folder, folder, texts_for(model_type))


def test_weights_stored_in_half_precision_run_in_float32_on_the_cpu(tiny: TinyFolder) -> None:
    folder = tiny("bert", 3, dtype=torch.bfloat16)
    assert load_here(folder).dtype == "float32"
    assert_same(folder, folder)


def test_pickled_weights(tiny: TinyFolder, tmp_path: Path) -> None:
    folder = tiny("bert", 2)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    assert_same(tmp_path, tmp_path)
