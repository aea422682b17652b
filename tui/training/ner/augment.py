"""More sentences with names: other names in real sentences, names in everyday sentences, fewer capitals."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from tui.training.ner.sentences import Entity, Sentence
from tui.training.texts.everyday import ENTITY_TYPES, fill, read_scenes
from tui.training.texts.names import Names

Pools = Mapping[str, Sequence[str]]
_FROM_LISTS = 0.6
_LOWER_CASE = 0.06
_UPPER_CASE = 0.02


def pools_of(sentences: Sequence[Sentence]) -> dict[str, tuple[str, ...]]:
    """Return all the entities of the sentences by type, as often as they stand there."""
    pools: defaultdict[str, list[str]] = defaultdict(list)
    for sentence in sentences:
        for entity in sentence.entities:
            pools[entity.type].append(sentence.text[entity.start : entity.end])
    return {sort: tuple(members) for sort, members in pools.items()}


def renamed(sentence: Sentence, pools: Pools, names: Names, numbers: random.Random) -> Sentence:
    """Return the sentence with about two thirds of its entities exchanged for others of their type.

    New names come from the lists or from other sentences; a name of one word stays one of one word mostly, since
    context ("Mr.", "in") tells how long it may be.
    """
    text, entities, at = "", list[Entity](), 0
    for entity in sentence.entities:
        text += sentence.text[at : entity.start]
        old = sentence.text[entity.start : entity.end]
        new = _another(old, entity.type, pools, names, numbers) if numbers.random() < 0.65 else old
        entities.append(Entity(len(text), len(text) + len(new), entity.type))
        text += new
        at = entity.end
    return Sentence(sentence.document, text + sentence.text[at:], tuple(entities))


def everyday_sentences(count: int, names: Names, seed: int) -> list[Sentence]:
    """Return sentences of the scenes with drawn names, as many of each scene."""
    numbers = random.Random(seed)
    scenes = read_scenes()
    made: list[Sentence] = []
    for number in range(count):
        filled = fill(scenes[number % len(scenes)], names, numbers)
        sorts = {blank: ENTITY_TYPES.get(blank.rstrip("2")) for blank in filled.spans}
        entities = [Entity(*filled.spans[blank], sort) for blank, sort in sorts.items() if sort is not None]
        made.append(Sentence("everyday", filled.text, tuple(sorted(entities))))
    return made


def recased(sentence: Sentence, numbers: random.Random) -> Sentence:
    """Return the sentence as it is, or seldom without capitals or all in capitals, as people write too."""
    chance = numbers.random()
    text = sentence.text
    if chance < _LOWER_CASE:
        text = text.lower()
    elif chance < _LOWER_CASE + _UPPER_CASE:
        text = text.upper()
    # A few letters, as the Turkish dotted I, change their length with their case and would move the entities.
    return (
        Sentence(sentence.document, text, sentence.entities) if len(text) == len(sentence.text) else sentence
    )


def _another(old: str, sort: str, pools: Pools, names: Names, numbers: random.Random) -> str:
    if sort != "MISC" and numbers.random() < _FROM_LISTS:
        if sort == "PER":
            return names.person(numbers, words=min(3, len(old.split())))
        return names.place(numbers) if sort == "LOC" else names.organization(numbers)
    candidates = [numbers.choice(pools[sort]) for _ in range(4)]
    return next((name for name in candidates if len(name.split()) == len(old.split())), candidates[0])
