"""Starts a small encoder with attention heads that already read the neighbors of a word.

A model of a million parameters with a few thousand sentences spends most of its training on finding out which
position is next to which. Sinusoids as positions (Vaswani et al., "Attention Is All You Need", 2017) make "one to
the left" a rotation; queries and keys of two heads that are this rotation attend to the left and the right neighbor
before any training (compare "Mimetic Initialization of Self-Attention Layers", Trockman and Kolter, ICML 2023).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

POSITION_DIMENSIONS = 24
_LONGEST_WAVE = 160.0
_SHARPNESS = 3.0
_PASSED_ON = 0.7


@dataclass(frozen=True)
class Attention:
    """The four linear maps of one attention layer."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    heads: int

    @classmethod
    def of(cls, block: nn.Module, names: tuple[str, str, str, str], heads: int) -> "Attention":
        """Return the maps of a block by their names in it."""
        query, key, value, output = (cast("nn.Linear", block.get_submodule(name)) for name in names)
        return cls(query, key, value, output, heads)


def sinusoids(positions: int, dimensions: int = POSITION_DIMENSIONS) -> Tensor:
    """Return float32 [positions, dimensions]: sine and cosine of each wave, side by side, from 4 tokens up."""
    angles = torch.arange(positions).float().unsqueeze(1) * _frequencies(dimensions)
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=2).flatten(1)


def shift(steps: int, dimensions: int = POSITION_DIMENSIONS) -> Tensor:
    """Return the matrix, float32 [dimensions, dimensions], that turns each position into the one `steps` later.

    >>> waves = sinusoids(9)
    >>> bool(torch.allclose(waves[2] @ shift(3).T, waves[5], atol=1e-5))
    True
    """
    turned = torch.zeros(dimensions, dimensions)
    for wave, frequency in enumerate(_frequencies(dimensions).tolist()):
        sine, cosine = math.sin(steps * frequency), math.cos(steps * frequency)
        at = slice(2 * wave, 2 * wave + 2)
        turned[at, at] = torch.tensor([[cosine, sine], [-sine, cosine]])
    return turned


@torch.no_grad()
def read_neighbors(
    layers: Iterable[Attention],
    position_directions: Tensor,
    first_head: int = 0,
    steps: Sequence[int] = (-1, 1),
) -> None:
    """Make heads from `first_head` on look at the tokens that many `steps` away: the one before, the one after.

    `position_directions`: float32 [width, POSITION_DIMENSIONS], where the layers find the sinusoids in their input.
    What a neighbor says passes through at random but hardly weakened.
    """
    width = position_directions.shape[0]
    for layer in layers:
        of_head = width // layer.heads
        for head, away in enumerate(steps, start=first_head):
            rows = slice(head * of_head, head * of_head + POSITION_DIMENSIONS)
            layer.query.weight[rows] = _SHARPNESS * shift(away) @ position_directions.T
            layer.key.weight[rows] = _SHARPNESS * position_directions.T
            of_this_head = slice(head * of_head, (head + 1) * of_head)
            layer.value.weight[of_this_head] = nn.init.orthogonal_(torch.empty(of_head, width))
            layer.output.weight[:, of_this_head] = _PASSED_ON * nn.init.orthogonal_(
                torch.empty(width, of_head)
            )


def _frequencies(dimensions: int) -> Tensor:
    """From a wave of 4 tokens, which tells neighbors apart, down to one of 160, which tells where in the text."""
    waves = dimensions // 2
    return math.pi / 2 * (4 / _LONGEST_WAVE) ** (torch.arange(waves) / (waves - 1))
