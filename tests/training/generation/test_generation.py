import dataclasses
import lzma
import math
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2LMHeadModel

from tests.training.english import write_english
from tui.training import loop
from tui.training.__main__ import main
from tui.training.examples import read_examples
from tui.training.generation import train as generation
from tui.training.generation.measure import code, compare, xz_bits_per_byte
from tui.training.generation.train import Recipe, train
from tui.training.generation.windows import collate, packed_rows
from tui.training.loop import Plan
from tui.training.texts.english import Document, read_english
from tui.training.vocabulary.byte_level_bpe import train_gpt2_vocabulary

TINY = Recipe(
    vocabulary=500,
    width=32,
    layers=1,
    heads=2,
    positions=48,
    threads=1,
    plan=Plan(epochs=6, batch_size=8, learning_rate=1e-2, averaging=0.9),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = write_english(tmp_path_factory.mktemp("data"))
    train(data, data / "out", resume=False, report=lambda _: None, recipe=TINY)
    return data


def test_a_tiny_training_yields_a_standard_folder_with_a_card(trained: Path) -> None:
    out = trained / "out"
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "config.json",
        "examples.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: text-generation" in card
    assert str(trained) not in card
    assert not (trained / "nano-generation.unfinished").exists()
    examples = read_examples(out)
    assert examples[0].answer[0]["generated_text"].startswith("In this course, we will teach you how to")
    with safe_open(out / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    model = AutoModelForCausalLM.from_pretrained(str(out))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_it_learned_and_beats_chance_on_held_out_text(trained: Path) -> None:
    held_out = read_english(trained)["held_out"]
    rows = compare(trained / "out", held_out)
    assert [row.name for row in rows] == ["**all**", "descriptions", "dictionary", "reviews"]
    assert rows[0].ours < 3.0
    assert rows[0].interval[0] < rows[0].ours < rows[0].interval[1]
    assert rows[0].bytes == sum(row.bytes for row in rows[1:])


def test_the_bits_are_those_of_the_model_read_token_by_token(trained: Path) -> None:
    out = trained / "out"
    documents = [Document("reviews", text) for text in ("great film", "", "film is great, " * 30, "é≠")]
    tokenizer = AutoTokenizer.from_pretrained(str(out))
    model = cast("GPT2LMHeadModel", AutoModelForCausalLM.from_pretrained(str(out)))
    longest = TINY.positions + 1
    for document, coded in zip(documents, code(out, documents), strict=True):
        ids = [tokenizer.eos_token_id, *tokenizer(document.text)["input_ids"], tokenizer.eos_token_id]
        bits, at = 0.0, 1
        # The document is read in windows half as far apart as they are long.
        for start in range(0, len(ids), longest // 2):
            window = ids[start : start + longest]
            with torch.inference_mode():
                rows = model(torch.tensor([window[:-1]])).logits[0].log_softmax(-1)
            while at < start + len(window):
                bits -= rows[at - start - 1, ids[at]].item() / math.log(2)
                at += 1
            if at == len(ids):
                break
        assert coded.bits == pytest.approx(bits, rel=1e-4)
        assert coded.bytes == len(document.text.encode()) + 1


def test_xz_compresses_the_documents_as_one_file() -> None:
    documents = [Document("reviews", "abc"), Document("reviews", "é")]
    packed = lzma.compress("abc\né\n".encode(), preset=9 | lzma.PRESET_EXTREME)
    assert xz_bits_per_byte(documents) == pytest.approx(len(packed) * 8 / 7)


def test_rows_hold_every_token_in_order_behind_an_end_of_text() -> None:
    texts = ["one two three", "four", "five six"] * 9
    tokenizer = train_gpt2_vocabulary(texts, 280, 16)
    rows = packed_rows(tokenizer, texts, 8)
    flat = [index for row in rows["input_ids"] for index in row]
    expected = [index for text in texts for index in (tokenizer.eos_token_id, *tokenizer(text)["input_ids"])]
    assert flat == expected[: len(flat)]
    assert len(expected) - len(flat) < 8


def test_an_interrupted_training_resumes_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_english(tmp_path)
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    short = dataclasses.replace(TINY, plan=Plan(1, 16, 1e-2, averaging=0.9))
    monkeypatch.setattr(generation, "Recipe", lambda: short)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert main(["generation", "--data", str(tmp_path), "--out", str(whole)]) == 0

    calls = 0

    def interrupted(rows: list[dict[str, list[int]]]) -> loop.Batch:
        nonlocal calls
        calls += 1
        if calls == 10:
            raise KeyboardInterrupt
        return collate(rows)

    monkeypatch.setattr("tui.training.generation.train.collate", interrupted)
    assert main(["generation", "--data", str(tmp_path), "--out", str(resumed)]) == 130
    assert main(["generation", "--data", str(tmp_path), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())
