import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from tests.training.french import write_french
from tui.training import loop, sequences
from tui.training.__main__ import main
from tui.training.examples import read_examples
from tui.training.loop import Plan
from tui.training.sequences import written
from tui.training.sources import FRENCH_CATALOGUES
from tui.training.translation import train as translation
from tui.training.translation.train import Recipe, train

TINY = Recipe(
    vocabulary=220,
    width=32,
    encoder_layers=1,
    decoder_layers=1,
    heads=2,
    inner_width=64,
    positions=128,
    longest_written=60,
    length_penalties=(1.0, 1.5),
    sentences_to_choose=5,
    threads=1,
    plan=Plan(epochs=10, batch_size=16, learning_rate=1e-2, averaging=0.9),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    data = write_french(tmp_path_factory.mktemp("data"))
    lines: list[str] = []
    train(data, data / "out", resume=False, report=lines.append, recipe=TINY)
    return data, lines


def test_a_tiny_training_yields_a_standard_folder_with_a_card(trained: tuple[Path, list[str]]) -> None:
    data, lines = trained
    out = data / "out"
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
    assert card.startswith("---\nlicense: other\nlanguage:\n- fr\n- en\n")
    assert "| a game's dialogues | 8 |" in card
    assert str(data) not in card
    assert all(f"`{source.file.partition('_')[0]}`" in card for source in FRENCH_CATALOGUES)
    assert not (data / "nano-translation.unfinished").exists()
    examples = read_examples(out)
    assert examples[0].inputs == {"text": "Ce cours est produit par Hugging Face."}
    assert [set(example.answer[0]) for example in examples] == [{"translation_text"}] * 5
    losses = [float(line.split()[3]) for line in lines if line.lstrip().startswith("epoch")]
    assert losses


def test_it_learned_to_translate(trained: tuple[Path, list[str]]) -> None:
    [answer] = written(trained[0] / "out", ["Le fichier rouge de Bobe et Daba est un jeu pour Cece."])
    assert answer.startswith("The red file of")
    assert " is a game for " in answer


def test_half_precision_on_disk_is_float32_when_loaded(trained: tuple[Path, list[str]]) -> None:
    out = trained[0] / "out"
    with safe_open(out / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    model = AutoModelForSeq2SeqLM.from_pretrained(str(out))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert model.generation_config.num_beams == 4
    assert model.generation_config.length_penalty in TINY.length_penalties


def test_a_batch_of_texts_is_translated_as_each_alone(trained: tuple[Path, list[str]]) -> None:
    out = trained[0] / "out"
    texts = ["Le jeu libre de Bobe et Daba est un outil pour Cece.", "livre de Bobe", "Le serveur utile."]
    assert written(out, texts) == [written(out, [text])[0] for text in texts]


def test_an_interrupted_training_resumes_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_french(tmp_path, descriptions=60, messages=4)
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    short = dataclasses.replace(TINY, plan=Plan(2, 16, 1e-2, averaging=0.9), length_penalties=(1.0,))
    monkeypatch.setattr(translation, "Recipe", lambda: short)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert main(["translation", "--data", str(tmp_path), "--out", str(whole)]) == 0

    smoothed, steps = sequences.smoothed_loss, 0

    def interrupted_loss(*settings: float, **more: float) -> object:
        loss_of = smoothed(*settings, **more)

        def stop_at_the_tenth(model: torch.nn.Module, batch: loop.Batch) -> torch.Tensor:
            nonlocal steps
            steps += 1
            if steps == 10:
                raise KeyboardInterrupt
            return loss_of(model, batch)

        return stop_at_the_tenth

    monkeypatch.setattr(translation, "smoothed_loss", interrupted_loss)
    assert main(["translation", "--data", str(tmp_path), "--out", str(resumed)]) == 130
    assert not resumed.exists()
    assert main(["translation", "--data", str(tmp_path), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())
    assert (whole / "tokenizer.json").read_bytes() == (resumed / "tokenizer.json").read_bytes()
    assert AutoTokenizer.from_pretrained(str(resumed))("livre")["input_ids"][-1] == 1
