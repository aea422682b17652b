"""Exact match and F1 of answers, as the evaluation script of SQuAD counts them (Rajpurkar et al., EMNLP 2016)."""

import random
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_DRAWS = 1000
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True)
class Scored:
    """Mean token F1 and share of exact matches, 0..1, over some questions; `interval` is that of the F1, 95 %."""

    f1: float
    exact: float
    interval: tuple[float, float]
    questions: int


def normalized(text: str) -> str:
    """Return the text in lower case, without punctuation, articles and spare spaces.

    >>> normalized("The  Caspian Sea,")
    'caspian sea'
    """
    without_signs = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return " ".join(_ARTICLES.sub(" ", without_signs).split())


def token_f1(answer: str, expected: str) -> float:
    """Return the F1 of the words of an answer against those expected, 0..1.

    >>> round(token_f1("in Paris", "Paris"), 3)
    0.667
    """
    ours, theirs = normalized(answer).split(), normalized(expected).split()
    if not ours or not theirs:
        return float(ours == theirs)
    common = (Counter(ours) & Counter(theirs)).total()
    return 2 * common / (len(ours) + len(theirs))


def score(answers: Sequence[str], expected: Sequence[str], seed: int = 0) -> Scored:
    """Return the scores of some answers; the interval is that of the bootstrap over questions, 1,000 draws."""
    each = [token_f1(answer, right) for answer, right in zip(answers, expected, strict=True)]
    exact = [normalized(answer) == normalized(right) for answer, right in zip(answers, expected, strict=True)]
    numbers = random.Random(seed)
    draws = sorted(sum(numbers.choices(each, k=len(each))) / len(each) for _ in range(_DRAWS))
    return Scored(
        f1=sum(each) / len(each),
        exact=sum(exact) / len(exact),
        interval=(draws[int(0.025 * _DRAWS)], draws[int(0.975 * _DRAWS)]),
        questions=len(each),
    )
