"""The sentence pairs nano-translation learns from and is measured on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.training.sources import (
    DEBIAN_ENGLISH,
    DEBIAN_FRENCH,
    DEBIAN_PACKAGES,
    FRENCH_CATALOGUES,
    Source,
    find_source,
)
from tui.training.splits import near_duplicates
from tui.training.texts.alignment import aligned
from tui.training.texts.catalogues import plain_text, read_catalogues
from tui.training.texts.descriptions import read_descriptions, read_translations, split_descriptions

DESCRIPTIONS = "package descriptions"
# Whole packages are held out, chosen by name before any was read: a game's story and a program's messages.
HELD_OUT_CATALOGUES = {
    "wesnoth-1.16-sof": "a game's dialogues",
    "gnome-software-common": "a program's messages",
}


@dataclass(frozen=True)
class Pair:
    """A French sentence and its English counterpart; `kind` says what text it is from."""

    french: str
    english: str
    kind: str


@dataclass(frozen=True)
class Corpus:
    """The parts of the pairs: to learn from, to choose settings with, to report once."""

    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    held_out: tuple[Pair, ...]


def read_corpus(data: Path) -> Corpus:
    """Read all sources in the folder given as `--data`; raises SourceError when one is missing or another file."""
    parts = _description_pairs(data)
    for source in FRENCH_CATALOGUES:
        package = source.file.partition("_")[0]
        kind = HELD_OUT_CATALOGUES.get(package)
        parts["held_out" if kind else "train"] += _catalogue_pairs(find_source(source, data), kind or package)
    return without_leaks({part: list(dict.fromkeys(pairs)) for part, pairs in parts.items()})


def without_leaks(parts: Mapping[str, Sequence[Pair]]) -> Corpus:
    """Leave out of `validation` and `held_out` each pair that the other parts give away, and doubles in all.

    A pair is given away when its French or its English is nearly the same (see `near_duplicates`) in `train`;
    one of `held_out` also when it is in `validation`. Set phrases ("This package contains the
    documentation.") are thus learned but not counted.
    """
    train = _once(parts["train"])
    validation = _unseen(_once(parts["validation"]), train)
    held_out = _unseen(_once(parts["held_out"]), [*train, *validation])
    return Corpus(tuple(train), tuple(validation), tuple(held_out))


def source_files() -> tuple[Source, ...]:
    """Return all sources that `read_corpus` reads."""
    return (DEBIAN_ENGLISH, DEBIAN_FRENCH, DEBIAN_PACKAGES, *FRENCH_CATALOGUES)


def _description_pairs(data: Path) -> dict[str, list[Pair]]:
    descriptions = read_descriptions(find_source(DEBIAN_ENGLISH, data), find_source(DEBIAN_PACKAGES, data))
    translations = read_translations(find_source(DEBIAN_FRENCH, data), "fr")
    parts: dict[str, list[Pair]] = {}
    for part, members in split_descriptions(descriptions).items():
        pairs: list[Pair] = []
        for description in members:
            if translation := translations.get(description.md5):
                english, french = description.text, translation
                found = [
                    *aligned([english.synopsis], [french.synopsis]),
                    *aligned(english.paragraphs, french.paragraphs),
                ]
                pairs += [Pair(other, sentence, DESCRIPTIONS) for sentence, other in found]
        parts[part] = pairs
    return parts


def _catalogue_pairs(package: Path, kind: str) -> list[Pair]:
    pairs: list[Pair] = []
    for english, french in read_catalogues(package, "fr"):
        plain, other = plain_text(english), plain_text(french)
        if plain and other:
            pairs += [
                Pair(translated, sentence, kind)
                for sentence, translated in aligned(plain.split("\n\n"), other.split("\n\n"))
            ]
    return pairs


def _once(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs without doubles; which text one came from first decides its kind."""
    found = {(pair.french, pair.english): pair for pair in reversed(pairs)}
    return list(reversed(found.values()))


def _unseen(pairs: Sequence[Pair], known: Sequence[Pair]) -> list[Pair]:
    given_away: set[int] = set()
    for side in ("french", "english"):
        texts = [_without_numbers(getattr(pair, side)) for pair in (*pairs, *known)]
        parts = ["asked"] * len(pairs) + ["known"] * len(known)
        given_away.update(min(indices) for indices in near_duplicates(texts, parts=parts))
    return [pair for index, pair in enumerate(pairs) if index not in given_away]


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "0", text)
