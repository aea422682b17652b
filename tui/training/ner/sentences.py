"""Sentences with their entities: people, organizations, locations and the rest, by the convention of CoNLL 2003.

The convention (Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task") has four types; what
spaCy found has the eighteen of OntoNotes, of which eleven are names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.training.texts.annotation import Paragraph

TYPES = ("PER", "ORG", "LOC", "MISC")
LABELS = ("O", *(f"{prefix}-{sort}" for sort in TYPES for prefix in "BI"))
_FROM_ONTONOTES = {
    "PERSON": "PER",
    "ORG": "ORG",
    "GPE": "LOC",
    "LOC": "LOC",
    "FAC": "LOC",
    "NORP": "MISC",
    "PRODUCT": "MISC",
    "EVENT": "MISC",
    "WORK_OF_ART": "MISC",
    "LANGUAGE": "MISC",
    "LAW": "MISC",
}
_BEFORE = ("the ", "The ", "a ", "A ", "an ", "An ", "'", '"', "“", "‘")
_AFTER = ("'s", "’s", "'", "’", '"', "”", ",", " ")
_FEWEST_WORDS = 4


@dataclass(frozen=True, order=True)
class Entity:
    """Characters `start`..`end` of a sentence; `type` is one of PER, ORG, LOC, MISC."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Sentence:
    """A sentence, the document it stands in and its entities in the order of the text."""

    document: str
    text: str
    entities: tuple[Entity, ...]


def sentences_of(paragraphs: Iterable[Paragraph]) -> list[Sentence]:
    """Return the sentences of four words or more, each once, with what spaCy took for a name."""
    found: dict[str, Sentence] = {}
    for paragraph in paragraphs:
        for sentence in paragraph.sentences:
            whole = paragraph.text[sentence.start : sentence.end]
            text = whole.strip()
            offset = sentence.start + len(whole) - len(whole.lstrip())
            if len(text.split()) >= _FEWEST_WORDS and text not in found:
                inside = [
                    (span.start - offset, span.end - offset, _FROM_ONTONOTES[span.label])
                    for span in paragraph.entities
                    if span.label in _FROM_ONTONOTES
                    and sentence.start <= span.start
                    and span.end <= sentence.end
                ]
                entities = (trimmed(text, *span) for span in inside)
                found[text] = Sentence(
                    paragraph.document, text, tuple(entity for entity in entities if entity is not None)
                )
    return list(found.values())


def trimmed(text: str, start: int, end: int, sort: str) -> Entity | None:
    """Return the entity without article, possessive and quotation marks; None when nothing is left.

    OntoNotes counts them in, CoNLL does not.

    >>> trimmed("The Sahara's sand", 0, 12, "LOC")
    Entity(start=4, end=10, type='LOC')
    """
    changed = True
    while changed and start < end:
        changed = False
        for beginning in _BEFORE:
            if text.startswith(beginning, start, end):
                start, changed = start + len(beginning), True
        for ending in _AFTER:
            if text.endswith(ending, start, end):
                end, changed = end - len(ending), True
    return Entity(start, end, sort) if start < end else None


def label_ids(entities: Sequence[Entity], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Return the label of each token by its characters; special tokens, which have none, get -100 (no loss).

    Every piece of a word is labeled: the first of an entity B, all others I.
    """
    labels: list[int] = []
    for start, end in offsets:
        if start == end:
            labels.append(-100)
            continue
        entity = next((entity for entity in entities if entity.start < end and start < entity.end), None)
        if entity is None:
            labels.append(0)
        else:
            labels.append(LABELS.index(f"{'B' if start <= entity.start else 'I'}-{entity.type}"))
    return labels
