"""ROUGE-L: how much of two texts is a common sequence of words (Lin, "ROUGE", ACL workshop 2004)."""

import re
from collections.abc import Sequence

import numpy as np

_RESAMPLES = 1000


def rouge_l(written: str, reference: str) -> float:
    """Return the F-measure (0..1) of the longest common subsequence of words; words as rouge-score cuts them.

    >>> rouge_l("a fast editor", "A fast text-editor!")
    0.8571428571428571
    """
    ours, theirs = _words(written), _words(reference)
    common = _longest_common_subsequence(ours, theirs)
    if not common:
        return 0.0
    precision, recall = common / len(ours), common / len(theirs)
    return 2 * precision * recall / (precision + recall)


def mean_with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and the ends of its 95 % interval by bootstrap, fixed seed."""
    listed = np.array(values)
    draws = np.random.default_rng(0).integers(0, len(listed), (_RESAMPLES, len(listed)))
    low, high = np.percentile(listed[draws].mean(axis=1), [2.5, 97.5])
    return float(listed.mean()), float(low), float(high)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Return its length; row by row, as each cell needs only its upper and left neighbors."""
    row = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for index, other in enumerate(second, start=1):
            above = row[index]
            row[index] = diagonal + 1 if word == other else max(above, row[index - 1])
            diagonal = above
    return row[-1]
