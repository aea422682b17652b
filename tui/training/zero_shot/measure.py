"""How often the right one of ten labels comes first, for sections that training never saw."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tui.training.measure import Accuracy
from tui.training.splits import words_of
from tui.training.texts.descriptions import Description
from tui.training.zero_shot.labels import HELD_OUT_SECTIONS
from tui.training.zero_shot.pairs import TEMPLATES, premise_of

CANDIDATES = tuple(HELD_OUT_SECTIONS.values())
_PAIRS_AT_ONCE = 80


@dataclass(frozen=True)
class Case:
    """A description and the label of its section, one of `CANDIDATES`."""

    text: str
    label: str


@dataclass(frozen=True)
class Ranking:
    """Ours on some cases: `top` counts the cases whose label comes first, `by_label` splits it by label."""

    name: str
    top: Accuracy
    by_label: dict[str, Accuracy]
    most_frequent: Accuracy
    matching_words: float

    @property
    def mean_of_labels(self) -> float:
        """The mean over the labels of the share of their cases that come first, 0..1."""
        shares = [accuracy.share for accuracy in self.by_label.values() if accuracy.examples]
        return sum(shares) / len(shares)


def held_out_cases(descriptions: Sequence[Description]) -> list[Case]:
    """Return a case for each package of a held-out section, one of a source package."""
    of_source: dict[str, Description] = {}
    for description in descriptions:
        if description.section in HELD_OUT_SECTIONS:
            of_source.setdefault(description.source, description)
    return [
        Case(premise_of(description), HELD_OUT_SECTIONS[description.section])
        for description in of_source.values()
    ]


def balanced(cases: Sequence[Case], of_each: int) -> list[Case]:
    """Return `of_each` cases of each label, drawn at random, as far as there are."""
    random_numbers = random.Random(0)
    chosen: list[Case] = []
    for label in CANDIDATES:
        members = [case for case in cases if case.label == label]
        chosen += random_numbers.sample(members, min(of_each, len(members)))
    return chosen


@torch.inference_mode()
def first_labels(folder: Path, texts: Sequence[str], template: str = TEMPLATES[0]) -> list[str]:
    """Return the one of `CANDIDATES` that the pipeline puts first for each text: the largest entailment logit."""
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForSequenceClassification.from_pretrained(str(folder))
    model.eval()
    entailment = model.config.label2id["entailment"]
    pairs = [(text, template.format(label)) for text in texts for label in CANDIDATES]
    logits: list[float] = []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        premises, hypotheses = zip(*pairs[start : start + _PAIRS_AT_ONCE], strict=True)
        encoded = tokenizer(
            list(premises), list(hypotheses), truncation="only_first", padding=True, return_tensors="pt"
        )
        logits += cast("list[float]", model(**encoded).logits[:, entailment].tolist())
    count = len(CANDIDATES)
    rows = [logits[start : start + count] for start in range(0, len(logits), count)]
    return [CANDIDATES[row.index(max(row))] for row in rows]


def rank(folder: Path, name: str, cases: Sequence[Case], template: str = TEMPLATES[0]) -> Ranking:
    """Return how the checkpoint, as anyone would load it, ranks the ten labels for the cases."""
    first = first_labels(folder, [case.text for case in cases], template)
    right = [case.label == label for case, label in zip(cases, first, strict=True)]
    counts = Counter(case.label for case in cases)
    return Ranking(
        name,
        top=Accuracy(sum(right), len(cases)),
        by_label={
            label: Accuracy(
                sum(hit for hit, case in zip(right, cases, strict=True) if case.label == label),
                counts[label],
            )
            for label in CANDIDATES
        },
        most_frequent=Accuracy(max(counts.values()), len(cases)),
        matching_words=sum(matching_share(case) for case in cases) / len(cases),
    )


def matching_share(case: Case) -> float:
    """Return how likely counting the words of the labels finds the right one; a tie is drawn by lot, 0..1.

    >>> matching_share(Case("A game of chess", "games"))
    1.0
    """
    # The stem without a plural's s, as "game" in "games", stands at the beginning of the words it counts.
    stems = [[word.removesuffix("s") for word in words_of(label)] for label in CANDIDATES]
    words = words_of(case.text)
    counts = [sum(word.startswith(stem) for word in words for stem in label_stems) for label_stems in stems]
    best = [label for label, count in zip(CANDIDATES, counts, strict=True) if count == max(counts)]
    return (case.label in best) / len(best)
