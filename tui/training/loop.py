"""One training loop for every built-in checkpoint: exact to resume, averaged at the end.

A step depends on nothing but the plan, the step number and the weights before it: the order of the batches
follows from the seed and the epoch, and each step seeds its own random numbers. So a run that was stopped and
resumed ends with the same weights as one that was not.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from tui.training.muon import Muon

Batch = dict[str, Tensor]
Report = Callable[[str], None]

_SECONDS_BETWEEN_CHECKPOINTS = 30.0
_SECONDS_BETWEEN_REPORTS = 10.0
_BATCHES_SORTED_TOGETHER = 32


@dataclass(frozen=True)
class Plan:
    """The settings of one fit.

    `learning_rate` is the peak, reached after the share `warmup` of all steps and followed by a cosine down to
    0. `averaging` is the decay of the moving average of the weights that `fit` leaves in the model; 0 turns it
    off. `matrix_learning_rate` is the peak of Muon (see `tui.training.muon`), which then trains the matrices of
    the layers, while AdamW trains embeddings, biases and norms; at 0 AdamW trains everything.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int = 0
    warmup: float = 0.1
    weight_decay: float = 0.01
    averaging: float = 0.0
    matrix_learning_rate: float = 0.0

    def learning_rate_at(self, step: int, steps: int, peak: float | None = None) -> float:
        """Return the learning rate of a step counted from 0 out of `steps`; `peak` is AdamW's if not given."""
        peak = self.learning_rate if peak is None else peak
        rise = max(1.0, self.warmup * steps)
        if step < rise:
            return peak * (step + 1) / (rise + 1)
        return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / (steps - rise)))


def fit(
    model: nn.Module,
    dataset: Dataset,
    collate: Callable[[list[dict[str, Any]]], Any],
    loss_of: Callable[[nn.Module, Batch], Tensor],
    plan: Plan,
    checkpoint: Path,
    report: Report,
) -> float:
    """Train the model in place, leave it in evaluation mode, return the seconds of processor time spent.

    `dataset` needs a column `input_ids`, by whose lengths batches are formed. When the file `checkpoint` exists,
    training goes on from there, and a finished one only loads its weights; seconds of earlier runs are counted.
    """
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(plan.averaging))  # type: ignore[no-untyped-call]
    optimizers = _optimizers(model, plan)
    lengths = [len(ids) for ids in dataset["input_ids"]]
    steps_per_epoch = math.ceil(len(lengths) / plan.batch_size)
    steps = plan.epochs * steps_per_epoch
    done, earlier_seconds = _load(checkpoint, model, average, optimizers)
    started = saved = reported = time.monotonic()
    processor_started = time.process_time()
    losses: list[float] = []

    model.train()
    for step, batch in _batches(dataset, lengths, collate, plan, done):
        torch.manual_seed(plan.seed * 1_000_003 + step)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = plan.learning_rate_at(step, steps, peak=optimizer.defaults["lr"])
        loss = loss_of(model, batch)
        model.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        average.update_parameters(model)
        losses.append(loss.item())

        now = time.monotonic()
        last = step + 1 == steps
        if last or now - reported > _SECONDS_BETWEEN_REPORTS:
            left = (now - started) / (step + 1 - done) * (steps - step - 1)
            epoch = (step + 1) / steps_per_epoch
            mean_loss = sum(losses) / len(losses)
            report(f"  epoch {epoch:5.2f}/{plan.epochs}  loss {mean_loss:.4f}  {left / 60:5.1f} min left")
            reported, losses = now, []
        if last or now - saved > _SECONDS_BETWEEN_CHECKPOINTS:
            seconds = earlier_seconds + time.process_time() - processor_started
            _save(checkpoint, step + 1, seconds, model, average, optimizers)
            saved = now

    model.load_state_dict(average.module.state_dict())
    model.eval()
    return earlier_seconds + time.process_time() - processor_started


def batch_order(lengths: Sequence[int], batch_size: int, seed: int) -> list[list[int]]:
    """Return the indices of each batch of an epoch: shuffled, with texts of similar length together.

    Padding is what this saves. Only neighbors in the shuffled order are sorted by length, so batches still
    differ from epoch to epoch.
    """
    order = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(seed)).tolist()
    window = batch_size * _BATCHES_SORTED_TOGETHER
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        ordered = sorted(order[start : start + window], key=lambda index: lengths[index])
        batches += [ordered[at : at + batch_size] for at in range(0, len(ordered), batch_size)]
    shuffled = torch.randperm(len(batches), generator=torch.Generator().manual_seed(seed + 1)).tolist()
    return [batches[index] for index in shuffled]


def save_atomically(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values; an interrupt never leaves half a file under the final name."""
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)


def _batches(
    dataset: Dataset,
    lengths: Sequence[int],
    collate: Callable[[list[dict[str, Any]]], Any],
    plan: Plan,
    done: int,
) -> Iterator[tuple[int, Batch]]:
    """Yield (step, batch) from step `done` on."""
    steps_per_epoch = math.ceil(len(lengths) / plan.batch_size)
    for epoch in range(done // steps_per_epoch, plan.epochs):
        order = batch_order(lengths, plan.batch_size, seed=plan.seed * 1000 + 2 * epoch)
        skipped = max(0, done - epoch * steps_per_epoch)
        loader = DataLoader(dataset, batch_sampler=order[skipped:], collate_fn=collate)
        yield from enumerate(loader, start=epoch * steps_per_epoch + skipped)


def _optimizers(model: nn.Module, plan: Plan) -> list[torch.optim.Optimizer]:
    """Matrices decay; biases and norms, which only shift and scale, don't."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = _matrices_of_layers(model) if plan.matrix_learning_rate else []
    left = {id(parameter) for parameter in trained} - {id(matrix) for matrix in matrices}
    others = [parameter for parameter in trained if id(parameter) in left]
    groups = [
        {
            "params": [parameter for parameter in others if parameter.ndim > 1],
            "weight_decay": plan.weight_decay,
        },
        {"params": [parameter for parameter in others if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=plan.learning_rate)]
    if matrices:
        optimizers.append(Muon(matrices, lr=plan.matrix_learning_rate, weight_decay=plan.weight_decay))
    return optimizers


def _matrices_of_layers(model: nn.Module) -> list[nn.Parameter]:
    """Return the trained matrices that no embedding holds: a tied output layer is an embedding, too."""
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    return [
        parameter
        for parameter in model.parameters()
        if parameter.requires_grad and parameter.ndim == 2 and id(parameter) not in embeddings
    ]


def _save(
    path: Path,
    step: int,
    seconds: float,
    model: nn.Module,
    average: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
) -> None:
    save_atomically(
        {
            "step": step,
            "seconds": seconds,
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        },
        path,
    )


def _load(
    path: Path, model: nn.Module, average: nn.Module, optimizers: Sequence[torch.optim.Optimizer]
) -> tuple[int, float]:
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    average.load_state_dict(state["average"])
    for optimizer, its_state in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(its_state)
    return int(state["step"]), float(state["seconds"])
