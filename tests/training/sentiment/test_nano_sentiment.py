"""The shipped checkpoint: what the playground relies on, and that its card tells the truth."""

import json
import os
import re
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tui.training.examples import read_examples
from tui.training.sentiment.card import (
    EXAMPLE_TEXTS,
    compare_held_out,
    comparison_table,
    examples_of,
    held_out_sample,
    sample_accuracy,
)
from tui.training.sentiment.snippets import Snippet, read_snippets
from tui.training.sentiment.split import split_snippets
from tui.training.sources import VADER_ARCHIVE
from tui.training.vocabulary.wordpiece import train_wordpiece
from tui.training.workspace import folder_bytes

FOLDER = Path(__file__).resolve().parents[3] / "tui" / "models" / "nano-sentiment"
SAMPLE = Path(__file__).with_name("held_out.json")
ODD_TEXTS = (
    "long " * 100,
    "",
    " ",
    "I've been waiting for a course like this my whole life.",
    "CAFÉ naïve façade Straße ﬁne ﬀ",
    "e\u0301 versus \u00e9",
    "emoji 😀👍🏽 and 👨‍👩‍👧",
    "中文 text 日本語 한국어",
    "tab\tnew\nline\r\x00\x07\x1b[31mred\x7f",
    "[MASK] is [CLS] not [SEP] what [UNK] it [PAD] seems [mask]",
    "\u202eright to left\u202c عربى עברית",
    "zero\u200bwidth\ufeff and\u00a0hard space",
    "a" * 300,
    "##ing ##s #hash @anonymous http://url_removed",
    "&amp; &lt;tag&gt; [/INST] <|endoftext|>",
)


def test_it_fits_in_six_megabytes() -> None:
    assert folder_bytes(FOLDER) <= 6_000_000


def test_it_loads_the_plain_way_and_shows_128_numbers_a_token() -> None:
    model = AutoModelForSequenceClassification.from_pretrained(str(FOLDER), output_hidden_states=True)
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    assert type(model).__name__ == "DistilBertForSequenceClassification"
    assert model.config.id2label == {0: "NEGATIVE", 1: "POSITIVE"}
    encoded = tokenizer("I love it", return_tensors="pt")
    assert set(encoded) == {"input_ids", "attention_mask"}
    hidden_states = model(**encoded).hidden_states
    assert hidden_states[-1].shape == (1, encoded["input_ids"].shape[1], 128)
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_the_file_and_the_loaded_tokenizer_give_the_same_ids(text: str) -> None:
    loaded = AutoTokenizer.from_pretrained(str(FOLDER))
    from_file = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    assert loaded(text)["input_ids"] == from_file.encode(text).ids


def test_truncation_cuts_to_what_the_model_can_take() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    model = AutoModelForSequenceClassification.from_pretrained(str(FOLDER))
    encoded = tokenizer("good " * 2000, truncation=True, return_tensors="pt")
    assert encoded["input_ids"].shape == (1, 512)
    assert model(**encoded).logits.shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I've been waiting for a course like this my whole life.", "POSITIVE"),
        ("I hate this so much!", "NEGATIVE"),
        ("This is a great movie", "POSITIVE"),
        ("I love it", "POSITIVE"),
        ("not good", "NEGATIVE"),
        ("terrible waste of money", "NEGATIVE"),
    ],
)
def test_it_has_common_sense(text: str, label: str) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(str(FOLDER))
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    best = int(model(**tokenizer(text, return_tensors="pt")).logits.argmax())
    assert model.config.id2label[best] == label


def test_the_card_shows_it_beats_the_baseline_and_names_no_local_path() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    row = next(line for line in card.splitlines() if line.startswith("| **movie + Amazon** |"))
    ours, ours_low, _, vader, _, vader_high, vader_zero, _, zero_high = map(
        float, re.findall(r"\d+\.\d", row)
    )
    assert ours_low > max(vader_high, zero_high)
    assert ours > max(vader, vader_zero) + 10
    assert re.search(r"/(tmp|home|work|root)/", card) is None
    assert "not the published file" not in card


def test_the_figure_of_the_committed_sample_is_measured_anew() -> None:
    sample = [Snippet(*entry) for entry in json.loads(SAMPLE.read_text(encoding="utf-8"))]
    accuracy = sample_accuracy(FOLDER, sample)
    card = " ".join((FOLDER / "README.md").read_text(encoding="utf-8").split())
    stated = f"On the {len(sample)} movie and Amazon snippets that are kept with the tests it is right in"
    found = re.search(rf"{re.escape(stated)} (\d+\.\d) %", card)
    assert found is not None
    # one text of the sample may stand on the edge, and fall to the other side on another processor
    assert 100 * accuracy.share == pytest.approx(float(found[1]), abs=0.051 + 100 / len(sample))


def test_the_examples_are_what_it_answers() -> None:
    shipped = read_examples(FOLDER)
    assert [example.inputs["text"] for example in shipped] == list(EXAMPLE_TEXTS)
    for example, anew in zip(shipped, examples_of(FOLDER), strict=True):
        assert [score["label"] for score in anew.answer] == [score["label"] for score in example.answer]
        scores = [score["score"] for score in example.answer]
        assert [score["score"] for score in anew.answer] == pytest.approx(scores, abs=2e-4)


@pytest.mark.skipif("LOGITSCOPE_DATA" not in os.environ, reason="LOGITSCOPE_DATA names no folder of sources")
def test_the_card_holds_what_is_measured_anew_on_the_real_data() -> None:
    archive = Path(os.environ["LOGITSCOPE_DATA"]) / VADER_ARCHIVE.file
    split = split_snippets(read_snippets(archive))
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert comparison_table(compare_held_out(FOLDER, archive, split)) in card
    kept = [Snippet(*entry) for entry in json.loads(SAMPLE.read_text(encoding="utf-8"))]
    assert kept == held_out_sample(split)
    shipped = Tokenizer.from_file(str(FOLDER / "tokenizer.json")).get_vocab()
    trained = train_wordpiece([snippet.text for snippet in split.train], len(shipped), 512)
    assert trained.get_vocab() == shipped
