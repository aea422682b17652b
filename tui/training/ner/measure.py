"""Precision, recall and F1 of entities, as CoNLL counts: right are those with the right span and the right type."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from transformers import pipeline

from tui.training.ner.sentences import TYPES, Entity, Sentence

_DRAWS = 1000


@dataclass(frozen=True)
class Agreement:
    """Entities that were found, that should have been, and that are in both."""

    right: int
    found: int
    expected: int

    @property
    def precision(self) -> float:
        """The share of the found ones that are right, 0..1."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """The share of the expected ones that were found, 0..1."""
        return self.right / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0..1.

        >>> round(Agreement(right=6, found=8, expected=10).f1, 3)
        0.667
        """
        return 2 * self.right / (self.found + self.expected) if self.found + self.expected else 0.0


@dataclass(frozen=True)
class Scored:
    """The agreement over all types and for each, and the 95 % interval of the F1 over all."""

    all_types: Agreement
    by_type: dict[str, Agreement]
    interval: tuple[float, float]


def score(found: Sequence[Sequence[Entity]], expected: Sequence[Sequence[Entity]], seed: int = 0) -> Scored:
    """Return how the entities found in some sentences agree with the expected ones.

    The interval is that of the bootstrap over sentences (Efron 1979), 1,000 draws.
    """

    def agreement(sort: str | None) -> Agreement:
        pairs = [
            (
                {entity for entity in ours if sort in (None, entity.type)},
                {entity for entity in theirs if sort in (None, entity.type)},
            )
            for ours, theirs in zip(found, expected, strict=True)
        ]
        return Agreement(
            sum(len(ours & theirs) for ours, theirs in pairs),
            sum(len(ours) for ours, _ in pairs),
            sum(len(theirs) for _, theirs in pairs),
        )

    counts = [
        (len(set(ours) & set(theirs)), len(set(ours)), len(set(theirs)))
        for ours, theirs in zip(found, expected, strict=True)
    ]
    numbers = random.Random(seed)
    draws = sorted(
        Agreement(*(sum(column) for column in zip(*numbers.choices(counts, k=len(counts)), strict=True))).f1
        for _ in range(_DRAWS)
    )
    return Scored(
        agreement(None),
        {sort: agreement(sort) for sort in TYPES},
        (draws[int(0.025 * _DRAWS)], draws[int(0.975 * _DRAWS)]),
    )


def entities_by_checkpoint(
    folder: str, sentences: Sequence[Sentence], strategy: str = "simple"
) -> list[tuple[Entity, ...]]:
    """Return what the transformers pipeline says of each sentence.

    `strategy` is its `aggregation_strategy`: "simple" joins tokens of the same type, so that a word may fall apart;
    "average" gives each word one label, by the mean over its pieces.
    """
    tagger = pipeline("token-classification", model=folder, aggregation_strategy=strategy, device="cpu")
    answers = tagger([sentence.text for sentence in sentences])
    return [
        tuple(Entity(int(group["start"]), int(group["end"]), str(group["entity_group"])) for group in groups)
        for groups in answers
    ]
