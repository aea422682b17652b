"""The baseline: a word-by-word dictionary learned from the same pairs.

Each French word is replaced by the English word it leads to most often under IBM Model 1; a word never seen
is copied, which is right for most names.
"""

import re
from collections.abc import Iterable

import numpy as np

from tui.training.translation.alignment_model import NONE, align_words

_FRENCH_WORD = re.compile(r"\d+|[^\W\d_]+(?:-[^\W\d_]+)*'?|[^\w\s]|_")
_ENGLISH_WORD = re.compile(r"\d+|[^\W\d_]+(?:['-][^\W\d_]+)*|[^\w\s]|_")
_NO_SPACE_BEFORE = re.compile(r" (?=[.,;:!?)\]}%…])|(?<=[(\[{]) ")


class Dictionary:
    """A French-English dictionary learned from sentence pairs; `words` maps French to English, lower-cased."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Learn from (French, English) sentences; case is left aside."""
        french: dict[str, int] = {"": NONE}
        english: dict[str, int] = {"": NONE}
        numbered = [
            (
                [french.setdefault(word, len(french)) for word in french_words(sentence)],
                [english.setdefault(word, len(english)) for word in english_words(translation)],
            )
            for sentence, translation in pairs
        ]
        couples = align_words(numbered)
        # Sorted by French word, then the most frequent first.
        best = np.lexsort((couples.english, -couples.counts, couples.french))
        first = best[np.r_[True, np.diff(couples.french[best]) != 0]] if len(best) else best
        of_french, of_english = list(french), list(english)
        self.words = {
            of_french[couples.french[couple]]: of_english[couples.english[couple]]
            for couple in first
            if couples.french[couple] != NONE
        }

    def translate(self, french: str) -> str:
        """Return the translation word by word: same order, first letter as in the French text, English spacing."""
        english: list[str] = []
        for word in _FRENCH_WORD.findall(french):
            translated = self.words.get(word.lower(), word)
            if translated == word.lower():
                translated = word
            elif word[:1].isupper():
                translated = translated[:1].upper() + translated[1:]
            english.append(translated)
        return _NO_SPACE_BEFORE.sub("", " ".join(english))


def french_words(text: str) -> list[str]:
    """Return lower-cased words, numbers and signs; an apostrophe stays with the word before it.

    >>> french_words("L'éditeur est là !")
    ["l'", 'éditeur', 'est', 'là', '!']
    """
    return [word.lower() for word in _FRENCH_WORD.findall(text)]


def english_words(text: str) -> list[str]:
    """Return lower-cased words, numbers and signs.

    >>> english_words("It's an up-to-date editor.")
    ["it's", 'an', 'up-to-date', 'editor', '.']
    """
    return [word.lower() for word in _ENGLISH_WORD.findall(text)]
