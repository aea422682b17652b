"""Turns labeled texts into pairs of premise and hypothesis, as natural language inference has them.

Yin, Hay and Roth, "Benchmarking Zero-shot Text Classification" (EMNLP 2019): a text belongs to a label when it
entails the sentence that says so. What the text does not tell is `neutral`; what does not fit is a contradiction.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from tui.training.texts.descriptions import Description
from tui.training.texts.wordnet import Synset
from tui.training.zero_shot.labels import HELD_OUT_SECTIONS, SECTIONS, is_held_out

CONTRADICTION, NEUTRAL, ENTAILMENT = 0, 1, 2
LABELS = {CONTRADICTION: "contradiction", NEUTRAL: "neutral", ENTAILMENT: "entailment"}
# The first is that of the transformers pipeline; half of the hypotheses use it.
TEMPLATES = (
    "This example is {}.",
    "This text is about {}.",
    "This example is about {}.",
    "This is {}.",
    "The topic is {}.",
    "{}",
)
# Similarities of a text to all labels in standard deviations from their mean.
_CLOSE, _LOOSE, _FAR = 3.0, (1.0, 2.0), 0.3
_CLOSEST = 3
_CONTRADICTIONS = 3


@dataclass(frozen=True)
class Pair:
    """A text, a sentence about it, and which of `LABELS` holds."""

    premise: str
    hypothesis: str
    label: int


def hypothesis(label: str, random_numbers: random.Random) -> str:
    """Return a sentence that names the label."""
    template = TEMPLATES[0] if random_numbers.random() < 0.5 else random_numbers.choice(TEMPLATES[1:])
    return template.format(label)


def premise_of(description: Description, random_numbers: random.Random | None = None) -> str:
    """Return synopsis and first paragraph; with random numbers, sometimes only one of them."""
    text = description.text
    parts = [text.synopsis, *text.paragraphs[:1]]
    if random_numbers is not None and len(parts) > 1 and random_numbers.random() < 0.4:
        parts = [random_numbers.choice(parts)]
    return ". ".join(part.replace("\n", " ") for part in parts)


def section_pairs(descriptions: Sequence[Description], random_numbers: random.Random) -> list[Pair]:
    """Return two pairs for each package of a section in `SECTIONS`: its own section, and another one.

    Packages of the held-out sections and labels with their words never appear. The other section is that of
    another package, so no label is right or wrong more often than the next, whatever the text.
    """
    topical = [
        description
        for description in descriptions
        if description.section in SECTIONS and description.section not in HELD_OUT_SECTIONS
    ]
    pairs: list[Pair] = []
    for description in topical:
        own, other = SECTIONS[description.section], SECTIONS[random_numbers.choice(topical).section]
        foreign = [label for label in other if label not in own]
        premise = premise_of(description, random_numbers)
        pairs.append(Pair(premise, hypothesis(random_numbers.choice(own), random_numbers), ENTAILMENT))
        if foreign:
            label = random_numbers.choice(foreign)
            pairs.append(Pair(premise, hypothesis(label, random_numbers), CONTRADICTION))
    return pairs


def dictionary_pairs(synsets: Sequence[Synset], random_numbers: random.Random) -> list[Pair]:
    """Return up to three pairs for each noun: what it is a kind of, what another noun is, what it doesn't tell.

    The meaning of a word entails what it is a kind of and the field it belongs to, and contradicts what another
    word is a kind of. Whether it is another word of its own general kind, it leaves open.
    """
    of_key = {synset.key: synset for synset in synsets}
    fellows: dict[str, list[str]] = {}
    for synset in synsets:
        for key in synset.kinds_of:
            fellows.setdefault(key, []).append(synset.key)
    nouns = [(synset, _above(synset, of_key)) for synset in synsets if synset.key.startswith("n")]
    entailed = [(synset, above, random_numbers.choice(above)) for synset, above in nouns if above]
    pairs: list[Pair] = []
    for synset, above, own in entailed:
        premise = random_numbers.choice([synset.meaning, f"{synset.words[0]}: {synset.meaning}"])
        chosen = [(own, ENTAILMENT)]
        foreign = random_numbers.choice(entailed)[2]
        if foreign not in above and not _above_any(foreign, above, of_key):
            chosen.append((foreign, CONTRADICTION))
        others = [key for key in fellows.get(above[0], []) if key != synset.key]
        if others:
            chosen.append((random_numbers.choice(others), NEUTRAL))
        for key, label in chosen:
            word = of_key[key].words[0]
            if not is_held_out(word):
                pairs.append(Pair(premise, hypothesis(word, random_numbers), label))
    return pairs


def similarity_pairs(
    premises: Sequence[str], labels: Sequence[str], similarities: Tensor, random_numbers: random.Random
) -> list[Pair]:
    """Return up to five pairs for each text, judged by a larger model's similarities, float32 [texts, labels].

    One of the closest labels is entailed, one that is merely related is neutral, some that are close to other
    texts and far from this one are contradicted.
    """
    scores = (similarities - similarities.mean(dim=1, keepdim=True)) / similarities.std(dim=1, keepdim=True)
    best = scores.topk(min(_CLOSEST, len(labels)), dim=1).indices.tolist()
    entailed: list[int | None] = []
    for row, closest in enumerate(best):
        close = [index for index in closest if scores[row, index] >= _CLOSE]
        entailed.append(random_numbers.choice(close) if close else None)
    known = [index for index in entailed if index is not None]
    pairs: list[Pair] = []
    for row, (premise, own) in enumerate(zip(premises, entailed, strict=True)):
        loose = ((scores[row] > _LOOSE[0]) & (scores[row] < _LOOSE[1])).nonzero().flatten().tolist()
        drawn = random_numbers.choices(known, k=_CONTRADICTIONS) if known else []
        far = [index for index in drawn if scores[row, index] < _FAR]
        chosen = [(index, CONTRADICTION) for index in dict.fromkeys(far)]
        chosen += [(own, ENTAILMENT)] if own is not None else []
        chosen += [(random_numbers.choice(loose), NEUTRAL)] if loose else []
        pairs += [Pair(premise, hypothesis(labels[index], random_numbers), label) for index, label in chosen]
    return pairs


def _above(synset: Synset, of_key: dict[str, Synset]) -> list[str]:
    """Return the keys of what it is a kind of, one and two steps up, and of its fields."""
    first = [key for key in synset.kinds_of if key in of_key]
    second = [key for parent in first for key in of_key[parent].kinds_of if key in of_key]
    return [*first, *second, *(key for key in synset.topics if key in of_key)]


def _above_any(key: str, below: Sequence[str], of_key: dict[str, Synset]) -> bool:
    """Say whether `key` is more general than one of `below`, at any distance."""
    waiting, seen = list(below), set(below)
    while waiting:
        current = waiting.pop()
        for parent in of_key[current].kinds_of:
            if parent == key:
                return True
            if parent in of_key and parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return False
