"""More texts than people rated: cut and varied from the training texts, or built from the words of a lexicon.

A few thousand whole sentences teach a small model their words but not what a single clause or a "not" does.
Cut and varied texts carry no rating by people: the teacher rates them, the small model learns from its scores
("Distilling Task-Specific Knowledge from BERT into Simple Neural Networks", Tang et al. 2019, did the same).
"""

import random
import re
from collections.abc import Mapping, Sequence

_CLAUSE_END = re.compile(
    r"[,;:.!?()\"]+(?=\s|$)|\s--?\s|\.\.\.|\b(?:but|although|though|while)\b", re.IGNORECASE
)
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|am|will|would|could|should|does|did|do|has been|have been)\b(?! not|n't)",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"\b(I|we|you|they)( really)? (love|like|recommend|enjoy|hate|want|need|trust|regret)\b"
)

# Hutto and Gilbert measured that a negation turns a rating r into about -0.74 r (the constant N_SCALAR of VADER).
NEGATION_FACTOR = -0.74
_FRAMES = (
    ("it is {word}", "it is not {word}"),
    ("I am {word}", "I am not {word}"),
    ("this was so {word}", "this wasn't {word} at all"),
    ("they are {word}", "they aren't {word}"),
    ("I {word} it", "I don't {word} it"),
    ("I would {word} it", "I would not {word} it"),
    ("it {word} me", "it didn't {word} me"),
    ("always {word}", "never {word}"),
    ("much {word}", "no {word}"),
    ("really {word}", "not {word}"),
)


def framed_words(lexicon: Mapping[str, float], seed: int) -> list[tuple[str, float]]:
    """Return (text, rating) pairs: each word alone, in a short frame, and in the negation of that frame.

    The frames know no parts of speech, so many of the texts are no English. They tell what a word is worth and
    what a "not" before it does, which whole sentences show too seldom.
    """
    random_numbers = random.Random(seed)
    rated: list[tuple[str, float]] = []
    for word, rating in lexicon.items():
        plain, negation = random_numbers.choice(_FRAMES)
        rated.append((word, rating))
        rated.append((plain.format(word=word), rating))
        rated.append((negation.format(word=word), NEGATION_FACTOR * rating))
    return rated


def clauses(text: str) -> list[str]:
    """Return the clauses of a text that has more than one; those of a single word are left out.

    >>> clauses("Slow at first, but the ending is great.")
    ['Slow at first', 'the ending is great']
    """
    parts = [part.strip() for part in _CLAUSE_END.split(text)]
    longer = [part for part in parts if " " in part]
    return longer if len(parts) > 1 else []


def negated(text: str) -> str | None:
    """Return the text with its first statement negated, or None when there is none to negate.

    >>> negated("The ending is great."), negated("I love it"), negated("Great!")
    ('The ending is not great.', "I don't love it", None)
    """
    if _STATEMENT.search(text):
        return _STATEMENT.sub(r"\1 don't\2 \3", text, count=1)
    if _AUXILIARY.search(text):
        return _AUXILIARY.sub(r"\1 not", text, count=1)
    return None


def span(text: str, random_numbers: random.Random, longest: int = 10) -> str:
    """Return a run of 2 to `longest` words from anywhere in the text; a shorter text comes back whole."""
    words = text.split()
    length = random_numbers.randint(2, longest)
    start = random_numbers.randint(0, max(0, len(words) - length))
    return " ".join(words[start : start + length])


def unrated_texts(texts: Sequence[str], seed: int) -> list[str]:
    """Return distinct new texts: clauses, negations and spans of `texts`.

    None of them equals one of `texts`; the order and the choice follow from the seed.
    """
    random_numbers = random.Random(seed)
    found: dict[str, None] = {}
    for text in texts:
        parts = clauses(text)
        variants = [*parts, negated(text), *(negated(part) for part in parts), span(text, random_numbers)]
        found.update((variant, None) for variant in variants if variant)
    for text in texts:
        found.pop(text, None)
    return list(found)
