"""Learns from sentence pairs which word leads to which: IBM Model 1.

Brown, Della Pietra, Della Pietra and Mercer, "The Mathematics of Statistical Machine Translation",
Computational Linguistics 19 (1993): each English word is said to come from one French word of the sentence,
or from none, any of them alike; expectation-maximization finds the t(English | French) under which the
English sentences are most probable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NONE = 0
_ROUNDS = 8


@dataclass(frozen=True)
class Couples:
    """What leads to what: `counts` (float64 [n]) tells how often `french` led to `english` (int64 [n] each).

    They are sorted by French, then English word; a French word `NONE` (0) stands for English words that no
    French word led to.
    """

    french: NDArray[np.int64]
    english: NDArray[np.int64]
    counts: NDArray[np.float64]


def align_words(pairs: Iterable[tuple[Sequence[int], Sequence[int]]], longest: int = 60) -> Couples:
    """Return the expected counts of all couples of words, numbered from 1, in (French, English) sentences.

    Pairs with a side of more than `longest` words are left out, for their memory grows with the product of
    both."""
    french_of_cell: list[NDArray[np.int64]] = []
    english_of_cell: list[NDArray[np.int64]] = []
    token_of_cell: list[NDArray[np.int64]] = []
    tokens = 0
    for french, english in pairs:
        if french and english and max(len(french), len(english)) <= longest:
            origins = np.array([NONE, *french])
            french_of_cell.append(np.tile(origins, len(english)))
            english_of_cell.append(np.repeat(np.array(english), len(origins)))
            token_of_cell.append(np.repeat(np.arange(tokens, tokens + len(english)), len(origins)))
            tokens += len(english)
    if not tokens:
        empty = np.zeros(0, dtype=np.int64)
        return Couples(empty, empty, np.zeros(0))
    cells, token = np.concatenate(french_of_cell), np.concatenate(token_of_cell)
    words = int(max(cells.max(), max(part.max() for part in english_of_cell))) + 1
    cells = cells * words + np.concatenate(english_of_cell)
    couples, couple_of_cell = np.unique(cells, return_inverse=True)
    french_words, english_words = np.divmod(couples, words)
    counts: NDArray[np.float64] = np.ones(len(couples))
    for _ in range(_ROUNDS):
        probabilities = counts / np.bincount(french_words, counts)[french_words]
        shares = probabilities[couple_of_cell]
        shares /= np.bincount(token, shares)[token]
        counts = np.bincount(couple_of_cell, shares).astype(np.float64)
    return Couples(french_words, english_words, counts)
