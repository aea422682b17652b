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
from tui.training.sequences import written
from tui.training.translation.card import EXAMPLE_TEXTS, SAMPLE_SIZE, answers
from tui.training.translation.measure import chrf
from tui.training.workspace import folder_bytes

FOLDER = Path(tui.__file__).parent / "models" / "nano-translation"
SAMPLE = Path(__file__).with_name("held_out.json")


def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def test_it_fits_in_seven_and_a_half_megabytes() -> None:
    assert folder_bytes(FOLDER) <= 7_500_000


def test_it_loads_the_plain_way_as_a_marian() -> None:
    model = AutoModelForSeq2SeqLM.from_pretrained(str(FOLDER))
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    assert type(model).__name__ == "MarianMTModel"
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    with safe_open(FOLDER / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    assert model.config.vocab_size == len(tokenizer)
    assert model.generation_config.decoder_start_token_id == tokenizer.pad_token_id
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.generation_config.bad_words_ids == [[tokenizer.pad_token_id]]
    encoded = tokenizer("Bonjour", return_tensors="pt")
    assert set(encoded) == {"input_ids", "attention_mask"}
    assert encoded["input_ids"][0, -1] == tokenizer.eos_token_id


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_the_file_and_the_loaded_tokenizer_give_the_same_ids(text: str) -> None:
    loaded = AutoTokenizer.from_pretrained(str(FOLDER))
    from_file = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    assert loaded(text)["input_ids"] == from_file.encode(text).ids


def test_truncation_cuts_to_what_the_model_can_take() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    model = AutoModelForSeq2SeqLM.from_pretrained(str(FOLDER))
    encoded = tokenizer("bon " * 2000, truncation=True, return_tensors="pt")
    assert encoded["input_ids"].shape == (1, 512)
    assert model.generate(**encoded, num_beams=1, max_length=4).shape[1] <= 4


def test_the_card_states_the_dictionary_beside_it_and_names_no_local_path() -> None:
    row = next(line for line in card().splitlines() if line.startswith("| **package descriptions** |"))
    ours, reach, dictionary, its_reach, bleu, its_bleu = map(float, re.findall(r"\d+\.\d", row))
    assert ours - reach > dictionary + its_reach
    assert bleu > its_bleu + 10
    lead = re.search(r"The lead is (-?\d+\.\d) points", " ".join(card().split()))
    assert lead
    assert float(lead[1]) == pytest.approx(ours - dictionary, abs=0.11)
    assert re.search(r"/(tmp|home|work|root)/", card()) is None
    assert "not the published file" not in card()


def test_it_answers_its_examples_as_its_card_says() -> None:
    examples = read_examples(FOLDER)
    assert [example.inputs["text"] for example in examples] == list(EXAMPLE_TEXTS)
    assert answers(FOLDER) == examples
    for example in examples:
        assert f"| {example.inputs['text']} | {example.answer[0]['translation_text']} |" in card()


def test_the_chrf_on_the_committed_sample_is_that_of_the_card() -> None:
    pairs = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert len(pairs) == SAMPLE_SIZE
    translations = written(FOLDER, [french for _, french, _ in pairs])
    measured = chrf(translations, [english for _, _, english in pairs])
    stated = re.search(
        r"sentences that are kept with the tests its chrF is (\d+\.\d)\.", " ".join(card().split())
    )
    assert stated is not None
    # where two words are as likely, another processor may write the other one
    assert measured == pytest.approx(float(stated[1]), abs=0.051 + 50 / SAMPLE_SIZE)
