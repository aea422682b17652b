import dataclasses
from pathlib import Path

import pytest
import torch
from datasets import Dataset  # type: ignore[import-untyped]
from torch import Tensor, nn

from tui.training import loop
from tui.training.loop import Batch, Plan, batch_order, fit


def silent(line: str) -> None:
    """Say nothing."""


class BagOfIds(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 4)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(4, 1)

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.output(self.dropout(self.embedding(ids)).mean(dim=1)).squeeze(-1)
        return logits


def dataset() -> Dataset:
    ids = [[number % 19 + 1] * (number % 5 + 1) for number in range(70)]
    return Dataset.from_dict({"input_ids": ids, "target": [float(row[0] > 9) for row in ids]})


def collate(rows: list[dict[str, object]]) -> Batch:
    ids = [torch.tensor(row["input_ids"]) for row in rows]
    padded = nn.utils.rnn.pad_sequence(ids, batch_first=True)
    return {"input_ids": padded, "target": torch.tensor([row["target"] for row in rows])}


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(model(batch["input_ids"]), batch["target"])


def new_model() -> nn.Module:
    torch.manual_seed(3)
    return BagOfIds()


PLAN = Plan(epochs=4, batch_size=8, learning_rate=0.05, averaging=0.5)


@pytest.mark.parametrize("plan", [PLAN, dataclasses.replace(PLAN, matrix_learning_rate=0.02)])
def test_a_stopped_and_resumed_fit_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    monkeypatch.setattr(loop, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    whole, stopped, resumed = new_model(), new_model(), new_model()
    fit(whole, dataset(), collate, loss_of, plan, tmp_path / "whole.pt", report=silent)

    calls = 0

    def loss_until_stopped(model: nn.Module, batch: Batch) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 22:  # in the middle of the third epoch of nine steps
            raise KeyboardInterrupt
        return loss_of(model, batch)

    with pytest.raises(KeyboardInterrupt):
        fit(
            stopped,
            dataset(),
            collate,
            loss_until_stopped,
            plan,
            tmp_path / "stopped.pt",
            report=silent,
        )
    calls = -1000
    fit(
        resumed,
        dataset(),
        collate,
        loss_until_stopped,
        plan,
        tmp_path / "stopped.pt",
        report=silent,
    )
    assert calls == -1000 + 36 - 21
    for name, weights in whole.state_dict().items():
        assert torch.equal(weights, resumed.state_dict()[name]), name


def test_a_finished_fit_only_loads_its_weights(tmp_path: Path) -> None:
    first, second = new_model(), new_model()
    fit(first, dataset(), collate, loss_of, PLAN, tmp_path / "fit.pt", report=silent)

    def never(model: nn.Module, batch: Batch) -> Tensor:
        raise AssertionError("a finished fit must not step")

    fit(second, dataset(), collate, never, PLAN, tmp_path / "fit.pt", report=silent)
    assert torch.equal(first.state_dict()["output.weight"], second.state_dict()["output.weight"])
    assert not second.training


def test_fit_learns_and_reports_what_is_left(tmp_path: Path) -> None:
    lines: list[str] = []
    model = new_model()
    plan = Plan(epochs=15, batch_size=8, learning_rate=0.1)
    fit(model, dataset(), collate, loss_of, plan, tmp_path / "fit.pt", report=lines.append)
    batch = collate(list(dataset()))
    assert ((model(batch["input_ids"]) > 0) == (batch["target"] > 0.5)).float().mean() > 0.95
    assert "min left" in lines[-1]
    assert "epoch 15.00/15" in lines[-1]


def test_muon_moves_each_direction_of_a_matrix_alike_and_adam_the_embeddings(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 8), nn.Linear(8, 20, bias=False))
    model[2].weight = model[0].weight
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    plan = Plan(epochs=1, batch_size=70, learning_rate=1e-3, matrix_learning_rate=0.1, weight_decay=0.0)

    def mean_squares(model: nn.Module, batch: Batch) -> Tensor:
        squares: Tensor = model(batch["input_ids"]).square().mean()
        return squares

    fit(model, dataset(), collate, mean_squares, plan, tmp_path / "fit.pt", report=silent)
    after = model.state_dict()
    rate = plan.learning_rate_at(0, 1, peak=plan.matrix_learning_rate)
    singular = torch.linalg.svdvals(after["1.weight"] - before["1.weight"]) / rate
    assert singular.min() > 0.5  # Muon's five steps only come near 1
    assert singular.max() < 1.5
    moved = (after["0.weight"] - before["0.weight"]).abs().max()
    assert 0 < moved.item() <= plan.learning_rate * 1.01


def test_every_epoch_shows_each_example_once_in_another_order() -> None:
    lengths = [number % 30 for number in range(1000)]
    first, second = batch_order(lengths, 16, seed=0), batch_order(lengths, 16, seed=2)
    assert sorted(index for batch in first for index in batch) == list(range(1000))
    assert first != second
    spread = [
        max(lengths[index] for index in batch) - min(lengths[index] for index in batch) for batch in first
    ]
    assert sum(spread) / len(spread) < 5


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    plan = Plan(epochs=1, batch_size=1, learning_rate=2.0)
    rates = [plan.learning_rate_at(step, 100) for step in range(100)]
    assert max(rates) == rates[10] == 2.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.01
