import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM

from tests.training.english import write_debian
from tui.training import loop, sequences
from tui.training.__main__ import main
from tui.training.examples import read_examples
from tui.training.loop import Plan
from tui.training.summarization import train as summarization
from tui.training.summarization.card import summaries_of
from tui.training.summarization.train import Recipe, train

TINY = Recipe(
    vocabulary=250,
    width=32,
    encoder_layers=1,
    decoder_layers=1,
    heads=2,
    inner_width=32,
    longest=64,
    longest_written=16,
    length_penalties=(1.0, 1.5),
    texts_to_choose=5,
    threads=1,
    plan=Plan(epochs=12, batch_size=8, learning_rate=1e-2, averaging=0.9),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    data = tmp_path_factory.mktemp("data")
    write_debian(data)
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
    assert "pipeline_tag: summarization" in card
    assert "| first sentence, whole | " in card
    assert str(data) not in card
    assert lines[-1] == f"Written to {out}"
    assert not (data / "nano-summarization.unfinished").exists()
    examples = read_examples(out)
    assert str(examples[0].inputs["text"]).startswith("America has changed dramatically")
    assert [set(example.answer[0]) for example in examples] == [{"summary_text"}] * 5


def test_it_learned_what_a_text_is_about(trained: tuple[Path, list[str]]) -> None:
    texts = [
        "This program shows the music to every audio and keeps the song of the volume on disk, with it.",
        "This program shows the image to every pictures and keeps the colors of the pixels on disk, with it.",
    ]
    music, image = summaries_of(trained[0] / "out", texts)
    assert music.startswith("music tool")
    assert image.startswith("image tool")


def test_half_precision_on_disk_is_float32_when_loaded(trained: tuple[Path, list[str]]) -> None:
    out = trained[0] / "out"
    with safe_open(out / "model.safetensors", framework="pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    model = AutoModelForSeq2SeqLM.from_pretrained(str(out))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert model.config.task_specific_params["summarization"]["prefix"] == "summarize: "
    assert model.generation_config.num_beams == 4
    assert model.generation_config.length_penalty in TINY.length_penalties


def test_an_interrupted_training_resumes_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_debian(tmp_path, count=100)
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    short = dataclasses.replace(TINY, plan=Plan(2, 8, 1e-2, averaging=0.9), length_penalties=(1.0,))
    monkeypatch.setattr(summarization, "Recipe", lambda: short)
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert main(["summarization", "--data", str(tmp_path), "--out", str(whole)]) == 0

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

    monkeypatch.setattr(summarization, "smoothed_loss", interrupted_loss)
    assert main(["summarization", "--data", str(tmp_path), "--out", str(resumed)]) == 130
    assert not resumed.exists()
    assert main(["summarization", "--data", str(tmp_path), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())
    assert (whole / "tokenizer.json").read_bytes() == (resumed / "tokenizer.json").read_bytes()
