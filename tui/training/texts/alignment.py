"""Pairs the sentences of a text with those of its translation, strictly: when in doubt, a pair is left out.

Translators mostly keep paragraphs, items and sentences one to one. Where the counts agree, so does the order;
a pair is then kept when its lengths and its numbers fit ("A Program for Aligning Sentences in Bilingual
Corpora", Gale and Church 1993, uses lengths in the same way).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

LONGEST_WORDS = 50
_ITEM = re.compile(r"^\s*(?:[-*+•·o]|\d+[.)])\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])([\"'»”’)]*)\s+(?=[\"'«“‘(¿]*\s?[A-ZÀ-ÖØ-Þ])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|cf|vs|p\. ?ex|c\.-à-d|Dr|Mr|Mrs|St|No|[A-Z])\.)$")
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "\u00a0": " ", "\u202f": " "}
)


def aligned(
    english: Sequence[str], translated: Sequence[str], longest: int = LONGEST_WORDS
) -> Iterator[tuple[str, str]]:
    """Yield the (English, translated) sentences of paragraphs that correspond one to one, else nothing.

    Items of a list count as sentences of their own. Where two items hold different numbers of sentences they
    are one pair; pairs of more than `longest` words in either language are left out.
    """
    if len(english) != len(translated):
        return
    for paragraph, translation in zip(english, translated, strict=True):
        items, translated_items = list_items(paragraph), list_items(translation)
        if len(items) != len(translated_items):
            continue
        for item, translated_item in zip(items, translated_items, strict=True):
            pairs = [(sentences(item), sentences(translated_item))]
            if len(pairs[0][0]) != len(pairs[0][1]):
                pairs = [([item], [translated_item])]
            for ours, theirs in pairs:
                for sentence, other in zip(ours, theirs, strict=True):
                    pair = _straight(sentence), _straight(other)
                    if max(len(text.split()) for text in pair) <= longest and plausible(*pair):
                        yield pair


def list_items(paragraph: str) -> list[str]:
    r"""Return the running text and the items of a paragraph, without their bullets.

    A line that begins with no bullet goes on with what stands before it.

    >>> list_items("Modes:\n* C\n* Go, and\nmore")
    ['Modes:', 'C', 'Go, and more']
    """
    items: list[str] = []
    for line in paragraph.split("\n"):
        bullet = _ITEM.match(line)
        if items and not bullet:
            items[-1] += f" {line.strip()}"
        else:
            items.append(line[bullet.end() if bullet else 0 :].strip())
    return items


def sentences(text: str) -> list[str]:
    """Return the sentences of a running text; common abbreviations end none.

    >>> sentences("It reads text, e.g. HTML. It is fast! Try it.")
    ['It reads text, e.g. HTML.', 'It is fast!', 'Try it.']
    """
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        sentence = text[start : end.end(1)]
        if not _ABBREVIATION.search(sentence):
            found.append(sentence.strip())
            start = end.end()
    return [*found, text[start:].strip()]


def plausible(english: str, translated: str) -> bool:
    """Return whether two texts can be translations of each other: different, of like length, equal numbers.

    A short text may be up to three times as long as the other, a long one up to twice.

    >>> plausible("Version 2 of the editor.", "Version 2 de l'éditeur.")
    True
    >>> plausible("Help", "Ouvrir un fichier texte")
    False
    """
    if english.lower() == translated.lower():
        return False
    if not re.search(r"[^\W\d_]{2}", english) or not re.search(r"[^\W\d_]{2}", translated):
        return False
    shorter, longer = sorted((len(english), len(translated)))
    if longer > 2 * shorter + 10:
        return False
    return Counter(re.findall(r"\d+", english)) == Counter(re.findall(r"\d+", translated))


def _straight(text: str) -> str:
    """One form of each quotation mark and space: half of the texts have the other."""
    return " ".join(text.translate(_QUOTES).replace("…", "...").split())
