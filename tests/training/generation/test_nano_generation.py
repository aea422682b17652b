"""The shipped checkpoint: what the playground relies on, and that its card tells the truth."""

import json
import os
import re
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2LMHeadModel

from tests.training.shipped import MODELS, card_of, check_card, check_tokenizer, check_weights
from tui.training.examples import read_examples
from tui.training.generation.card import (
    EXAMPLE_TEXTS,
    NEW_TOKENS,
    answers,
    results_table,
    sample_json,
    sample_of,
)
from tui.training.generation.measure import compare
from tui.training.texts.english import Document, read_english
from tui.training.vocabulary.byte_level_bpe import END_OF_TEXT
from tui.training.workspace import folder_bytes

FOLDER = MODELS / "nano-generation"
SAMPLE = Path(__file__).with_name("held_out.json")


def test_it_is_a_gpt2_with_byte_level_bpe_in_six_and_a_half_megabytes() -> None:
    assert folder_bytes(FOLDER) <= 6_500_000
    model = AutoModelForCausalLM.from_pretrained(str(FOLDER))
    assert type(model).__name__ == "GPT2LMHeadModel"
    check_weights(FOLDER, model)
    check_tokenizer(FOLDER)
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    assert tokenizer.eos_token == tokenizer.bos_token == END_OF_TEXT
    assert tokenizer.pad_token is None
    assert tokenizer.decode(tokenizer("déjà vu ≠ 1")["input_ids"]) == "déjà vu ≠ 1"


def test_plain_generate_takes_the_likeliest_token_twenty_times() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(FOLDER))
    model = cast("GPT2LMHeadModel", AutoModelForCausalLM.from_pretrained(str(FOLDER)))
    encoded = tokenizer("This package contains", return_tensors="pt")
    ids = encoded["input_ids"]
    generated = cast("Tensor", model.generate(**encoded))
    for _ in range(NEW_TOKENS):
        best = model(ids).logits[:, -1].argmax(-1, keepdim=True)
        ids = torch.cat([ids, best], dim=1)
        if best.item() == tokenizer.eos_token_id:
            break
    assert torch.equal(generated, ids)


def test_the_card_is_clean_and_beats_xz_on_all_text_and_on_each_kind() -> None:
    check_card(FOLDER)
    rows = [
        line
        for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| (\*\*all|descriptions|dictionary|reviews)", line)
    ]
    assert len(rows) == 4
    for row in rows:
        ours, _, ours_high, xz = map(float, re.findall(r"\d\.\d{3}", row))
        assert ours <= ours_high < xz


def test_the_examples_are_what_it_answers() -> None:
    shipped = read_examples(FOLDER)
    assert [example.inputs["text"] for example in shipped] == list(EXAMPLE_TEXTS)
    assert answers(FOLDER, EXAMPLE_TEXTS) == shipped


def test_the_figure_of_the_committed_sample_is_measured_anew() -> None:
    documents = [Document(*entry) for entry in json.loads(SAMPLE.read_text(encoding="utf-8"))]
    row = compare(FOLDER, documents)[0]
    stated = re.search(
        r"On the (\d+) documents that are kept with the tests .* it needs (\d\.\d+) bits a byte, `xz -9` (\d\.\d+)",
        card_of(FOLDER),
    )
    assert stated is not None
    assert int(stated[1]) == len(documents)
    assert row.ours == pytest.approx(float(stated[2]), abs=6e-4)
    # Another release of liblzma may pack a byte more or less.
    assert row.xz == pytest.approx(float(stated[3]), abs=2e-3)


@pytest.mark.skipif("LOGITSCOPE_DATA" not in os.environ, reason="LOGITSCOPE_DATA names no folder of sources")
def test_the_card_holds_what_is_measured_anew_on_the_real_data() -> None:
    held_out = read_english(Path(os.environ["LOGITSCOPE_DATA"]))["held_out"]
    assert SAMPLE.read_text(encoding="utf-8") == sample_json(sample_of(held_out))
    assert " ".join(results_table(compare(FOLDER, held_out)).split()) in card_of(FOLDER)
