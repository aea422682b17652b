"""Similar words, by the word embeddings of the teacher, and texts in which some words are exchanged for them."""

import random
import re

import torch
from torch import Tensor
from torch.nn.functional import normalize

Neighbors = dict[str, tuple[str, ...]]

_WORD = re.compile(r"[A-Za-z]+")


def similar_words(
    embeddings: Tensor, vocabulary: dict[str, int], words: set[str], count: int = 12
) -> Neighbors:
    """Return for each of `words` that has an own entry the `count` entries nearest to it by cosine.

    `embeddings`: float32 [vocabulary, width]. Only whole words of three or more letters take part. Nearest is
    not the same in meaning: the neighbors of "good" hold "great" and "bad", so a text must be rated anew.
    """
    entries = sorted(word for word in vocabulary if re.fullmatch("[a-z]{3,}", word))
    rows = embeddings[torch.tensor([vocabulary[word] for word in entries], dtype=torch.long)]
    directions = normalize(rows - rows.mean(dim=0), dim=1)
    asked = [index for index, word in enumerate(entries) if word in words]
    neighbors: Neighbors = {}
    for start in range(0, len(asked), 1024):  # all pairs at once would take gigabytes
        indices = asked[start : start + 1024]
        nearest = (directions[indices] @ directions.T).topk(min(count + 1, len(entries)), dim=1).indices
        for index, row in zip(indices, nearest.tolist(), strict=True):
            neighbors[entries[index]] = tuple(entries[other] for other in row if other != index)
    return neighbors


def exchanged(text: str, neighbors: Neighbors, random_numbers: random.Random, share: float = 0.25) -> str:
    """Return the text with about `share` of the words that have neighbors exchanged for one of them.

    >>> exchanged("A good film.", {"good": ("fine",)}, random.Random(0), share=1.0)
    'A fine film.'
    """

    def exchange(match: re.Match[str]) -> str:
        choices = neighbors.get(match[0].lower())
        return random_numbers.choice(choices) if choices and random_numbers.random() < share else match[0]

    return _WORD.sub(exchange, text)
