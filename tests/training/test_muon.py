import pytest
import torch
from torch import nn

from tui.training.muon import Muon, orthogonalized


def test_every_direction_counts_alike() -> None:
    torch.manual_seed(0)
    for shape in ((4, 12, 30), (4, 30, 12), (2, 16, 16)):
        left, _, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
        spread = left * torch.logspace(0, -1.5, min(shape[1:])) @ right
        values = torch.linalg.svdvals(orthogonalized(spread))
        assert values.min() > 0.5
        assert values.max() < 1.3
        assert (
            torch.nn.functional.cosine_similarity(
                orthogonalized(spread).flatten(), (left @ right).flatten(), 0
            )
            > 0.95
        )


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="PyTorch has Muon from 2.9 on")
def test_a_step_is_that_of_pytorch_computed_in_float32() -> None:
    """PyTorch rounds to bfloat16 on the way: alike to its two to three digits."""
    torch.manual_seed(1)
    start = [torch.randn(24, 40), torch.randn(40, 24), torch.randn(24, 24)]
    ours, theirs = ([nn.Parameter(matrix.clone()) for matrix in start] for _ in range(2))
    optimizers = (
        Muon(ours, lr=0.02, weight_decay=0.1),
        torch.optim.Muon(theirs, lr=0.02, weight_decay=0.1),
    )
    for _ in range(4):
        gradients = [torch.randn_like(matrix) for matrix in start]
        for matrices, optimizer in zip((ours, theirs), optimizers, strict=True):
            for matrix, gradient in zip(matrices, gradients, strict=True):
                matrix.grad = gradient.clone()
            optimizer.step()
    for first, second, before in zip(ours, theirs, start, strict=True):
        moved, expected = first - before, second - before
        assert (moved - expected).norm() < 0.03 * expected.norm()
