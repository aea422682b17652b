"""From logits to probabilities: pure numpy, float64, over whole rows.

Every function takes finite or non-finite numbers alike: a NaN stays a NaN and never raises, so that a broken
checkpoint can be looked at.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def scale(logits: Floats, temperature: float) -> Floats:
    """Logits divided by the temperature: above 1 flattens the distribution, below 1 sharpens it.

    logits: float64 [n] → float64 [n]. Raises ValueError unless the temperature is finite and above 0.

    >>> scale(np.array([2.0, -1.0]), 0.5).tolist()
    [4.0, -2.0]
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"a temperature of {temperature} divides nothing; it must be finite and above 0")
    return logits / temperature


def shift(scaled: Floats) -> Floats:
    """Scaled logits minus their largest, so that no exponential overflows; softmax is the same without it.

    scaled: float64 [n] → float64 [n], all ≤ 0.

    >>> shift(np.array([1.0, 3.0])).tolist()
    [-2.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(scaled - scaled.max())


def softmax(scaled: Floats) -> Floats:
    """Probabilities that sum to one: e^z over the sum of all e^z.

    scaled: float64 [n] → float64 [n].

    >>> softmax(np.array([0.0, math.log(3.0)])).round(12).tolist()
    [0.25, 0.75]
    """
    exponentials = np.exp(shift(scaled))
    return np.asarray(exponentials / exponentials.sum())


def log_softmax(scaled: Floats) -> Floats:
    """Log-probabilities in nats, exact where the probability itself is too small to be told from zero.

    scaled: float64 [n] → float64 [n].

    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    shifted = shift(scaled)
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


def sigmoid(scaled: Floats) -> Floats:
    """Each label's own probability, 1 / (1 + e^−z); the labels need not sum to one.

    scaled: float64 [n] → float64 [n].

    >>> sigmoid(np.array([0.0, math.log(3.0)])).round(12).tolist()
    [0.5, 0.75]
    """
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-scaled))


def entropy_bits(log_probabilities: Floats) -> float:
    """Entropy of a distribution in bits: 0 when one row has it all, log2(n) when all are equal.

    log_probabilities: float64 [n], nats.

    >>> entropy_bits(np.log(np.array([0.5, 0.25, 0.25])))
    1.5
    >>> entropy_bits(np.array([0.0, -np.inf]))
    0.0
    """
    probabilities = np.exp(log_probabilities)
    with np.errstate(invalid="ignore"):
        terms = np.where(probabilities == 0.0, 0.0, probabilities * log_probabilities)
    return abs(float(terms.sum())) / math.log(2.0)


def ranking(scores: Floats) -> NDArray[np.intp]:
    """Indices of the rows, highest score first, ties by index, NaN last.

    scores: float64 [n] → int [n].

    >>> ranking(np.array([1.0, np.nan, 3.0, 1.0])).tolist()
    [2, 0, 3, 1]
    """
    return np.argsort(-scores, kind="stable")


def rank_of(scores: Floats, index: int) -> int:
    """The place of one row in `ranking`, without sorting.

    >>> [rank_of(np.array([1.0, np.nan, 3.0, 1.0]), index) for index in range(4)]
    [1, 3, 0, 2]
    """
    score, before = scores[index], scores[:index]
    if math.isnan(score):
        return int(len(scores) - np.isnan(scores).sum() + np.isnan(before).sum())
    return int((scores > score).sum() + (before == score).sum())


def ranked(scores: Floats, start: int, count: int) -> NDArray[np.intp]:
    """`ranking(scores)[start : start + count]`, without sorting the rows that are not asked for.

    >>> ranked(np.array([1.0, 0.5, 3.0, 1.0, 2.0]), 1, 3).tolist()
    [4, 0, 3]
    """
    start, end = max(0, start), min(len(scores), start + count)
    if start >= end:
        return np.empty(0, dtype=np.intp)
    if np.isnan(scores).any():
        return ranking(scores)[start:end]
    negated = -scores
    first, last = np.partition(negated, (start, end - 1))[[start, end - 1]]
    candidates = np.flatnonzero((negated >= first) & (negated <= last))
    skipped = start - int((negated < first).sum())
    order = candidates[np.argsort(negated[candidates], kind="stable")]
    return np.asarray(order[skipped : skipped + end - start])
