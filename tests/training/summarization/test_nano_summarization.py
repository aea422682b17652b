"""The shipped checkpoint: what the playground relies on, and that its card tells the truth."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

import tui
from tests.training.sentiment.test_nano_sentiment import ODD_TEXTS
from tui.training.examples import read_examples
from tui.training.summarization.card import EXAMPLE_TEXTS, SAMPLE_SIZE, answers, mean_rouge, summaries_of
from tui.training.summarization.pairs import Pair
from tui.training.workspace import folder_bytes

FOLDER = Path(tui.__file__).parent / "models" / "nano-summarization"
SAMPLE = Path(__file__).with_name("held_out.json")


def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def test_it_fits_in_five_and_a_half_megabytes() -> None:
    assert folder_bytes(FOLDER) <= 5_500_000


def test_it_loads_the_plain_way_as_a_t5() -> None:
    model = AutoModelForSeq2SeqLM.from_pretrained(str(FOLDER))
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    assert type(model).__name__ == "T5ForConditionalGeneration"
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    with safe_open(FOLDER / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    assert model.config.vocab_size == len(tokenizer)
    assert model.config.task_specific_params["summarization"]["prefix"] == "summarize: "
    assert model.generation_config.decoder_start_token_id == tokenizer.pad_token_id
    assert set(tokenizer("a text")) == {"input_ids", "attention_mask"}


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_the_file_and_the_loaded_tokenizer_give_the_same_ids(text: str) -> None:
    loaded = AutoTokenizer.from_pretrained(str(FOLDER))
    from_file = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    assert loaded(text)["input_ids"] == from_file.encode(text).ids


def test_truncation_cuts_to_what_the_card_says() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    assert len(tokenizer("good " * 2000, truncation=True)["input_ids"]) == 512


def test_the_card_shows_it_beats_the_baseline_and_names_no_local_path() -> None:
    rows = [line for line in card().splitlines() if re.match(r"\| (\*\*this|first sentence)", line)]
    (_, ours_low, _), *baselines = (tuple(map(float, re.findall(r"\d+\.\d", row))) for row in rows)
    assert len(baselines) == 3
    assert all(ours_low > high for _, _, high in baselines)
    assert re.search(r"/(tmp|home|work|root)/", card()) is None
    assert "not the published file" not in card()


def test_it_answers_its_examples_as_its_card_says() -> None:
    examples = read_examples(FOLDER)
    assert [example.inputs["text"] for example in examples] == list(EXAMPLE_TEXTS)
    assert answers(FOLDER) == examples
    for example in examples:
        assert f"| {example.inputs['text']} | {example.answer[0]['summary_text']} |" in card()


def test_the_rouge_on_the_committed_sample_is_that_of_the_card() -> None:
    pairs = [Pair(text, summary) for text, summary in json.loads(SAMPLE.read_text(encoding="utf-8"))]
    assert len(pairs) == SAMPLE_SIZE
    measured = mean_rouge(summaries_of(FOLDER, [pair.text for pair in pairs]), pairs)
    stated = re.search(r"the checkpoint's ROUGE-L is (\d+\.\d)\.", " ".join(card().split()))
    assert stated is not None
    # where two words are as likely, another processor may write the other one
    assert measured == pytest.approx(float(stated[1]), abs=0.051 + 50 / SAMPLE_SIZE)
