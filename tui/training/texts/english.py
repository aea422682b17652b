"""English documents to learn the language from: package descriptions, dictionary entries, reviews and news.

Each kind is split by its own rule (`split_descriptions`, `split_synsets`, `split_snippets`). On top of that no
paragraph of a description stands twice, and none that is looked at later nearly repeats one that was learned:
packages of one family share whole paragraphs, which would be graded as if they were understood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tui.training.sentiment.snippets import Snippet, read_snippets
from tui.training.sentiment.split import split_snippets
from tui.training.sources import (
    DEBIAN_ENGLISH,
    DEBIAN_PACKAGES,
    ENGLISH_SOURCES,
    VADER_ARCHIVE,
    WORDNET_PACKAGE,
    digest_of,
    find_source,
)
from tui.training.splits import near_duplicates, words_of
from tui.training.texts.descriptions import Description, read_descriptions, split_descriptions
from tui.training.texts.wordnet import Synset, read_synsets, split_synsets

KINDS = ("descriptions", "dictionary", "reviews")
_PARTS = ("train", "validation", "held_out")
_SYNONYMS_SHOWN = 3


@dataclass(frozen=True)
class Document:
    """A text of one of `KINDS`; line breaks stand where the source has them."""

    kind: str
    text: str


def read_english(data: Path) -> dict[str, list[Document]]:
    """Return the documents of the parts `train`, `validation` and `held_out`.

    Raises SourceError when a file is missing or none of those expected.
    """
    descriptions = read_descriptions(find_source(DEBIAN_ENGLISH, data), find_source(DEBIAN_PACKAGES, data))
    described = distinct_paragraphs(split_descriptions(descriptions))
    synsets = split_synsets(read_synsets(find_source(WORDNET_PACKAGE, data)))
    snippets = vars(split_snippets(read_snippets(find_source(VADER_ARCHIVE, data))))
    return {
        part: [
            *(Document("descriptions", "\n\n".join(texts)) for texts in described[part]),
            *(Document("dictionary", entry_text(synset)) for synset in synsets[part]),
            *(Document("reviews", text) for text in review_texts(snippets[part])),
        ]
        for part in _PARTS
    }


def english_digests(data: Path) -> dict[str, str]:
    """Return the SHA-256 (hexadecimal) of each file that `read_english` reads, by `Source.file`."""
    return {source.file: digest_of(find_source(source, data)) for source in ENGLISH_SOURCES}


def distinct_paragraphs(parts: Mapping[str, Sequence[Description]]) -> dict[str, list[tuple[str, ...]]]:
    """Return synopsis and paragraphs of each description, without those that stood before.

    A paragraph stays where it stands first. In `validation` and `held_out` those are left out that nearly repeat
    a paragraph of `train`, or in `validation` one of `held_out`. A description without a paragraph of its own is
    left out; one that never had any keeps its synopsis.
    """
    texts: list[str] = []
    homes: list[str] = []
    for part in _PARTS:
        seen: set[str] = set()
        for description in parts[part]:
            for paragraph in description.text.paragraphs:
                if (key := _key(paragraph)) not in seen:
                    seen.add(key)
                    texts.append(key)
                    homes.append(part)
    rank = {part: index for index, part in enumerate(("train", "held_out", "validation"))}
    repeated: dict[str, set[str]] = {part: set() for part in _PARTS}
    for pair in near_duplicates(texts, parts=homes):
        loser = max(pair, key=lambda index: rank[homes[index]])
        repeated[homes[loser]].add(texts[loser])
    return {part: list(_kept(parts[part], repeated[part])) for part in _PARTS}


def entry_text(synset: Synset) -> str:
    """Return a dictionary entry: the words, what they mean, and below it the sentences that use them."""
    words = ", ".join(synset.words[:_SYNONYMS_SHOWN])
    return "\n".join((f"{words}: {synset.meaning}", *synset.sentences))


def review_texts(snippets: Sequence[Snippet]) -> list[str]:
    """Return one text for each review or editorial: its sentences that belong to the part, in their order."""
    return [
        " ".join(snippet.text for snippet in of_document)
        for _, of_document in groupby(snippets, key=lambda snippet: snippet.document)
    ]


def _kept(descriptions: Iterable[Description], dropped: set[str]) -> Iterable[tuple[str, ...]]:
    seen = set(dropped)
    for description in descriptions:
        text = description.text
        own: list[str] = []
        for paragraph in text.paragraphs:
            if (key := _key(paragraph)) not in seen:
                seen.add(key)
                own.append(paragraph)
        if own or (not text.paragraphs and text.synopsis):
            yield (text.synopsis, *own)


def _key(paragraph: str) -> str:
    """Paragraphs that differ in case, spaces and punctuation alone are one; a line of signs stands for itself."""
    return " ".join(words_of(paragraph)) or paragraph
