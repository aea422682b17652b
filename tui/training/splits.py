"""Splits texts so that nothing of the held-out part was seen in training: whole groups, near-duplicates found."""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

SIMILARITY = 0.7


def part_of(group: str, seed: int, shares: Mapping[str, float], rest: str = "train") -> str:
    """Return the part a group belongs to: one of `shares` with that share (0..1) of all groups, else `rest`.

    It follows from a hash of the seed and the group's name: not from the order of the groups, and not from a
    random generator whose stream could change between versions.

    >>> [part_of(name, 2014, {"held_out": 0.1, "validation": 0.1}) for name in ("bash", "zsh", "fish")]
    ['train', 'train', 'train']
    """
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    for part, share in shares.items():
        if position < share:
            return part
        position -= share
    return rest


def near_duplicates(
    texts: Sequence[str], similarity: float = SIMILARITY, parts: Sequence[str] | None = None
) -> list[tuple[int, int]]:
    """Return the pairs of texts whose sets of words overlap by at least `similarity` (Jaccard index, 0..1).

    Case and punctuation don't count. With `parts`, which names the part of each text, only pairs across parts
    are looked for. Only texts that share one of their rarest words are compared: two sets that overlap by s must
    share a word among the |a| - ceil(s |a|) + 1 rarest of each (prefix filtering, Chaudhuri, Ganti and Kaushik,
    "A Primitive Operator for Similarity Joins in Data Cleaning", ICDE 2006).

    >>> near_duplicates(["I love it!", "i LOVE it", "I hate it"])
    [(0, 1)]
    """
    # A text of signs alone, as `:-)`, stands for itself: equal ones are still found.
    word_sets = [frozenset(words_of(text) or [text]) for text in texts]
    frequencies = Counter(word for words in word_sets for word in words)
    holders: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    pairs: list[tuple[int, int]] = []
    for index, words in enumerate(word_sets):
        by_rarity = sorted(words, key=lambda word: (frequencies[word], word))
        prefix = by_rarity[: len(words) - math.ceil(similarity * len(words)) + 1]
        part = parts[index] if parts else ""
        candidates = {
            holder
            for word in prefix
            for other_part, indices in holders[word].items()
            if parts is None or other_part != part
            for holder in indices
        }
        pairs += [
            (other, index)
            for other in sorted(candidates)
            if len(words & word_sets[other]) >= similarity * len(words | word_sets[other])
        ]
        for word in prefix:
            holders[word][part].append(index)
    return pairs


def words_of(text: str) -> list[str]:
    """Return the lower-cased words of a text: letters, digits and the apostrophes inside words.

    >>> words_of("It's GREAT -- really!")
    ["it's", 'great', 'really']
    """
    return re.findall(r"\w+(?:'\w+)*", text.lower())
