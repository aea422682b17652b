"""What a row of logits says of one token and of the likeliest, in one pass over the vocabulary. Imports torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

_LEAST = -1e4
"""e to it is 0 in float64, and times it is 0 too, which −∞ times 0 isn't."""
_LIKELY = 9
"""Ids that are looked up anyway: the rank of one among them needs no further pass."""


@dataclass(frozen=True)
class Numbers:
    """One token under a row, float64; None where the row holds NaN or has no place for the token."""

    id: int
    log_probability: float | None
    """Nats."""
    rank: int | None
    """1 for the likeliest, ties by id."""
    entropy_bits: float | None
    top: tuple[tuple[int, float], ...]
    """The likeliest ids with their probabilities, ties by id."""


class Meter:
    """Reads row after row in memory of its own: to get fresh memory would take longer than the arithmetic."""

    def __init__(self) -> None:
        self._double = self._exponentials = torch.empty(0, dtype=torch.float64)

    def numbers(self, row: torch.Tensor, index: int | None, count: int) -> Numbers:
        """What `row` says of an id, and the `count` likeliest ids. row: float32 [vocabulary].

        None is the id that `argmax` takes: the first of the likeliest.

        >>> Meter().numbers(torch.tensor([0.0, 1.0, 1.0]), 2, 2).rank
        2
        """
        size = len(row)
        count = min(count, size)
        if row.device.type == "mps":  # which has no float64
            row = row.cpu()
        values, order = torch.topk(row, min(size, max(_LIKELY, count + 1)))
        best = [*zip(values.tolist(), order.tolist(), strict=True)]
        maximum = best[0][0]
        if not math.isfinite(maximum):  # NaN counts as the largest
            return Numbers(int(row.argmax()) if index is None else index, None, None, None, ())
        if len(best) < size and count and best[-1][0] == best[count - 1][0]:
            best = _tied(row, count)
        best.sort(key=_by_value_then_id)
        if index is None:
            index = best[0][1] if count or best[-1][0] < maximum else int(row.argmax())
        log_total, nats = self._totals(row, maximum)
        normalizer = maximum + log_total
        top = tuple((each, math.exp(value - normalizer)) for value, each in best[:count])
        entropy_bits = nats / math.log(2.0)
        if not 0 <= index < size:
            return Numbers(index, None, None, entropy_bits, top)
        logit = float(row[index])
        if logit > best[-1][0]:
            rank = 1 + next(place for place, (_, each) in enumerate(best) if each == index)
        else:
            rank = 1 + int((row > logit).sum()) + int((row[:index] == logit).sum())
        return Numbers(index, logit - normalizer, rank, entropy_bits, top)

    def _totals(self, row: torch.Tensor, maximum: float) -> tuple[float, float]:
        """Logarithm of the sum of e^(z − max), and entropy in nats."""
        if (self._double.shape, self._double.device) != (row.shape, row.device):
            self._double = torch.empty(len(row), dtype=torch.float64, device=row.device)
            self._exponentials = torch.empty_like(self._double)
        shifted = self._double.copy_(row).sub_(maximum).clamp_(min=_LEAST)
        exponentials = torch.exp(shifted, out=self._exponentials)
        total = float(exponentials.sum())
        log_total = math.log(total)
        return log_total, max(0.0, log_total - float(torch.dot(exponentials, shifted)) / total)


def kept(scores: torch.Tensor, index: int) -> tuple[float | None, int | None]:
    """Log-probability (nats) of an id among what the processors left, and how many ids they left.

    scores: float32 [vocabulary], after the processors. None as in `Numbers`.
    """
    if scores.device.type == "mps":
        scores = scores.cpu()
    own = scores[index] if index < len(scores) else scores.new_tensor(math.nan)
    normalizer = torch.logsumexp(scores.double(), dim=-1)
    left = (scores != -math.inf).sum()
    log_probability, count, whole = torch.stack(
        (own.double() - normalizer, left.double(), normalizer)
    ).tolist()
    if math.isnan(whole):
        return None, None
    return (None if math.isnan(log_probability) else log_probability), int(count)


def _by_value_then_id(pair: tuple[float, int]) -> tuple[float, int]:
    return -pair[0], pair[1]


def _tied(row: torch.Tensor, count: int) -> list[tuple[float, int]]:
    """The best where more are equal to the last of them than there is room for, which `topk` leaves open."""
    least = torch.topk(row, count).values[-1]
    found = (row >= least).nonzero()[:, 0]
    return [*zip(row[found].double().tolist(), found.tolist(), strict=True)]
