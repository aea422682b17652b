"""Random draws by their place in a text, the same in every branch. Imports torch."""

from __future__ import annotations

import torch


class Draws:
    """A generator that is where `generate` has its own after as many draws.

    `torch.multinomial` of one id takes a random number for every id of the vocabulary, whatever the probabilities.
    """

    def __init__(self) -> None:
        self._generator: torch.Generator | None = None
        self._seed, self._place, self._size = 0, 0, 0

    def choose(self, probabilities: torch.Tensor, seed: int, place: int) -> torch.Tensor:
        """The id drawn at a place, int64 []. probabilities: float32 [1, vocabulary]."""
        generator = self._at(probabilities, seed, place)
        chosen = torch.multinomial(probabilities, num_samples=1, generator=generator)[0, 0]
        self._place = place + 1
        return chosen

    def _at(self, like: torch.Tensor, seed: int, place: int) -> torch.Generator:
        generator = self._generator
        known = generator is not None and generator.device == like.device
        if not known or (self._seed, self._size) != (seed, like.numel()) or self._place > place:
            generator = torch.Generator(device=like.device)
            generator.manual_seed(seed)
            self._seed, self._size, self._place, self._generator = seed, like.numel(), 0, generator
        assert generator is not None
        for _ in range(place - self._place):
            torch.empty_like(like).exponential_(1.0, generator=generator)
        self._place = place
        return generator
