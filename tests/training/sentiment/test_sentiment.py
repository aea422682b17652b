import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tui.training import loop
from tui.training.__main__ import main
from tui.training.loop import Plan
from tui.training.sentiment import train as sentiment
from tui.training.sentiment.train import Recipe, train
from tui.training.workspace import WorkspaceError


def silent(line: str) -> None:
    """Say nothing."""


TINY = Recipe(
    vocabulary=200,
    width=16,
    layers=1,
    heads=2,
    inner_width=16,
    positions=64,
    threads=1,
    cut_texts=20,
    exchanges=0,
    everyday_repeats=0,
    everyday_exchanges=0,
    rating_weight=1.0,
    teacher=Plan(epochs=1, batch_size=32, learning_rate=1e-3),
    student=Plan(epochs=12, batch_size=16, learning_rate=5e-3, averaging=0.9),
)


def test_a_tiny_training_yields_a_standard_folder_with_a_card(data: Path) -> None:
    lines: list[str] = []
    out = data / "out"
    train(data, out, resume=False, report=lines.append, recipe=TINY)
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "config.json",
        "examples.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    tokenizer = AutoTokenizer.from_pretrained(str(out))
    model = AutoModelForSequenceClassification.from_pretrained(str(out))
    assert model.config.id2label == {0: "NEGATIVE", 1: "POSITIVE"}
    probabilities = [
        model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0, 1].item()
        for text in ("camera is superb, lovely.", "camera is dreadful, broken.")
    ]
    assert probabilities[0] > 0.6
    assert probabilities[1] < 0.4
    card = (out / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: ")
    assert "pipeline_tag: text-classification" in card
    assert card.count("(**not the published file**)") == 2
    assert str(data) not in card
    assert not (data / "nano-sentiment.unfinished").exists()


def test_an_interrupted_training_resumes_to_the_same_weights(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(sentiment, "Recipe", lambda: dataclasses.replace(TINY, student=Plan(2, 32, 1e-2)))
    whole, resumed = data / "whole", data / "resumed"
    assert main(["sentiment", "--data", str(data), "--out", str(whole)]) == 0

    hidden = sentiment._loss_with_hidden_words
    steps = 0

    def interrupted_loss(*settings: object) -> object:
        loss_of = hidden(*settings)  # type: ignore[arg-type]

        def stop_at_the_tenth(model: torch.nn.Module, batch: loop.Batch) -> torch.Tensor:
            nonlocal steps
            steps += 1
            if steps == 10:
                raise KeyboardInterrupt
            return loss_of(model, batch)

        return stop_at_the_tenth

    monkeypatch.setattr(sentiment, "_loss_with_hidden_words", interrupted_loss)
    assert main(["sentiment", "--data", str(data), "--out", str(resumed)]) == 130
    assert not resumed.exists()
    assert main(["sentiment", "--data", str(data), "--out", str(resumed), "--resume"]) == 0
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert all(torch.equal(weights, second[name]) for name, weights in first.items())


def test_only_a_training_with_the_same_settings_can_be_resumed(data: Path) -> None:
    with pytest.raises(WorkspaceError, match="no training to resume"):
        train(data, data / "out", resume=True, report=silent, recipe=TINY)

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, data / "out", resume=False, report=interrupt, recipe=TINY)
    other = dataclasses.replace(TINY, seed=1)
    with pytest.raises(WorkspaceError, match="other settings"):
        train(data, data / "out", resume=True, report=silent, recipe=other)
