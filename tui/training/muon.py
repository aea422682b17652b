"""Muon, the optimizer for the matrices of the layers, in float32.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). PyTorch has it too, but computes in
bfloat16: on processors without units for that format one of its steps takes twenty times as long as in float32.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Steps along the orthogonalized momentum of each matrix: all its directions count alike, not the loud ones.

    Takes matrices only. `weight_decay` is decoupled, as AdamW's.
    """

    def __init__(
        self, matrices: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Update every matrix that has a gradient; `closure` is not used."""
        for group in self.param_groups:
            by_shape: defaultdict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape[matrix.shape].append(matrix)
            for alike in by_shape.values():
                self._step_of(alike, group)

    def _step_of(self, alike: list[nn.Parameter], group: dict[str, Any]) -> None:
        """Update matrices of one shape, which are orthogonalized in one go."""
        directions = []
        for matrix in alike:
            assert matrix.grad is not None
            state = self.state[matrix]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(matrix)
            state["momentum"].lerp_(matrix.grad, 1 - group["momentum"])
            directions.append(matrix.grad.lerp(state["momentum"], group["momentum"]))
        rows, columns = alike[0].shape
        rate = group["lr"] * math.sqrt(max(1.0, rows / columns))
        for matrix, direction in zip(alike, orthogonalized(torch.stack(directions)), strict=True):
            matrix.mul_(1 - group["lr"] * group["weight_decay"])
            matrix.add_(direction, alpha=-rate)


def orthogonalized(matrices: Tensor) -> Tensor:
    """Return matrices of the same row and column spaces whose singular values all lie near 1.

    matrices: float32 [count, rows, columns]. Five Newton-Schulz iterations with the coefficients of the paper,
    which are steep at 0 and leave the values between about 0.7 and 1.2.

    >>> values = torch.linalg.svdvals(orthogonalized(torch.diag(torch.tensor([5.0, 1.0, 0.2])).unsqueeze(0)))
    >>> bool((values > 0.6).all() and (values < 1.3).all())
    True
    """
    tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if tall else matrices
    wide = wide / wide.flatten(1).norm(dim=1).clamp(min=1e-7)[:, None, None]
    for _ in range(_ITERATIONS):
        gram = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), wide, beta=_A)
    return wide.mT if tall else wide
