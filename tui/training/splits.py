"""Splits rated snippets so that nothing of the held-out part was seen in training.

Two leaks are closed. Sentences of one review or editorial go to the same part, and so do near-duplicates: a
tweet sent again with other punctuation would otherwise be trained on and tested on.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tui.training.snippets import Snippet

SPLIT_SEED = 2014
SIMILARITY = 0.7
_HELD_OUT_SHARE = 0.1
_VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Split:
    """The three parts: `train` to learn from, `validation` to choose with, `held_out` to report once."""

    train: tuple[Snippet, ...]
    validation: tuple[Snippet, ...]
    held_out: tuple[Snippet, ...]


def split_snippets(snippets: Sequence[Snippet], seed: int = SPLIT_SEED) -> Split:
    """Split into about 80 % train, 10 % validation and 10 % held out, whole groups at a time.

    The part of a group follows from a hash of the seed and its name: not from the order of the snippets, and
    not from a random generator whose stream could change between versions.
    """
    parts: dict[str, list[Snippet]] = {"train": [], "validation": [], "held_out": []}
    for snippet, group in zip(snippets, group_snippets(snippets), strict=True):
        digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
        position = int.from_bytes(digest[:8], "big") / 2**64
        if position < _HELD_OUT_SHARE:
            parts["held_out"].append(snippet)
        elif position < _HELD_OUT_SHARE + _VALIDATION_SHARE:
            parts["validation"].append(snippet)
        else:
            parts["train"].append(snippet)
    return Split(**{name: tuple(members) for name, members in parts.items()})


def group_snippets(snippets: Sequence[Snippet]) -> list[str]:
    """Return the name of the group of each snippet: documents joined through near-duplicates.

    A group is named after the first of its documents in alphabetical order.
    """
    parents = {snippet.document: snippet.document for snippet in snippets}

    def root(document: str) -> str:
        while parents[document] != document:
            document = parents[document]
        return document

    for first, second in near_duplicates([snippet.text for snippet in snippets]):
        roots = sorted((root(snippets[first].document), root(snippets[second].document)))
        parents[roots[1]] = roots[0]
    return [root(snippet.document) for snippet in snippets]


def near_duplicates(texts: Sequence[str], similarity: float = SIMILARITY) -> list[tuple[int, int]]:
    """Return the pairs of texts whose sets of words overlap by at least `similarity` (Jaccard index, 0..1).

    Case and punctuation don't count. Only texts that share one of their rarest words are compared: two sets
    that overlap by s must share a word among the |a| - ceil(s |a|) + 1 rarest of each (prefix filtering,
    Chaudhuri, Ganti and Kaushik, "A Primitive Operator for Similarity Joins in Data Cleaning", ICDE 2006).

    >>> near_duplicates(["I love it!", "i LOVE it", "I hate it"])
    [(0, 1)]
    """
    # A text of signs alone, as `:-)`, stands for itself: equal ones are still found.
    word_sets = [frozenset(words_of(text) or [text]) for text in texts]
    frequencies = Counter(word for words in word_sets for word in words)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int]] = []
    for index, words in enumerate(word_sets):
        by_rarity = sorted(words, key=lambda word: (frequencies[word], word))
        prefix = by_rarity[: len(words) - math.ceil(similarity * len(words)) + 1]
        candidates = sorted({holder for word in prefix for holder in holders[word]})
        pairs += [
            (other, index)
            for other in candidates
            if len(words & word_sets[other]) >= similarity * len(words | word_sets[other])
        ]
        for word in prefix:
            holders[word].append(index)
    return pairs


def words_of(text: str) -> list[str]:
    """Return the lower-cased words of a text: letters, digits and the apostrophes inside words.

    >>> words_of("It's GREAT -- really!")
    ["it's", 'great', 'really']
    """
    return re.findall(r"\w+(?:'\w+)*", text.lower())
