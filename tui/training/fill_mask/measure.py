"""How often the five first guesses hold the hidden word, on held-out text, against a unigram model.

One word of a passage is replaced by a single `<mask>`, as people type it. A word that is no single piece of the
vocabulary can't be guessed that way and counts as wrong.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from tui.training.measure import Accuracy
from tui.training.texts.english import KINDS, Document

GUESSES = 5
FREQUENT_WORDS = 100
SEED = 5
_WORDS_OF_CONTEXT = 50
_FEWEST_WORDS = 5
# Behind a space and whole: no part of a name with digits, of an address or of a word with an apostrophe.
_WORD = re.compile(r"(?<=[^\s] )[A-Za-z]+(?![\w'’@/-]|[.:]\S)")


@dataclass(frozen=True)
class Slot:
    """A word of a held-out passage and what stands before and behind it; `before` ends with a space."""

    kind: str
    before: str
    word: str
    behind: str


@dataclass(frozen=True)
class Unigrams:
    """The words of the training text by frequency, the most frequent first."""

    words: tuple[str, ...]

    @property
    def frequent(self) -> frozenset[str]:
        """The words that a frequency list alone nearly knows: "the", "and", "is" ..."""
        return frozenset(self.words[:FREQUENT_WORDS])

    def guesses(self, of_content: bool) -> frozenset[str]:
        """Return the five most frequent words: of all, or of those that are not `frequent`."""
        start = FREQUENT_WORDS if of_content else 0
        return frozenset(self.words[start : start + GUESSES])


@dataclass(frozen=True)
class Row:
    """Ours against the unigram model on the same slots; `possible` counts the words that are one piece."""

    name: str
    ours: Accuracy
    baseline: Accuracy
    possible: Accuracy

    @property
    def factor(self) -> float:
        """How many times the baseline's accuracy ours is; infinite when the baseline has none."""
        return self.ours.share / self.baseline.share if self.baseline.right else float("inf")


def count_words(documents: Iterable[Document]) -> Unigrams:
    """Return the words that stand in the same places as slots do, by frequency; ties in alphabetical order."""
    counts = Counter(match[0] for document in documents for match in _WORD.finditer(document.text))
    return Unigrams(tuple(sorted(counts, key=lambda word: (-counts[word], word))))


def draw_slots(documents: Sequence[Document], of_each_kind: int) -> list[Slot]:
    """Return slots at random, at most one of a document, `of_each_kind` for each kind as far as there are.

    A passage is one line of at least five words, cut to the fifty words on either side.
    """
    random_numbers = random.Random(SEED)
    slots: list[Slot] = []
    for kind in KINDS:
        members = [document.text for document in documents if document.kind == kind]
        random_numbers.shuffle(members)
        found: list[Slot] = []
        for text in members:
            lines = [line for line in text.split("\n") if len(line.split()) >= _FEWEST_WORDS]
            places = [(line, match) for line in lines for match in _WORD.finditer(line)]
            if places and len(found) < of_each_kind:
                line, match = random_numbers.choice(places)
                before = " ".join(line[: match.start()].split(" ")[-_WORDS_OF_CONTEXT - 1 :])
                behind = " ".join(line[match.end() :].split(" ")[: _WORDS_OF_CONTEXT + 1])
                found.append(Slot(kind, before, match[0], behind))
        slots += found
    return slots


@torch.inference_mode()
def guessed(folder: Path, slots: Sequence[Slot]) -> list[list[str]]:
    """Return the five first guesses for each slot, the best first, by the checkpoint as anyone would load it.

    A guess without the space before it is no word of its own and is given as "".
    """
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForMaskedLM.from_pretrained(str(folder))
    model.eval()
    found: list[list[str]] = []
    for slot in slots:
        text = f"{slot.before}{tokenizer.mask_token}{slot.behind}"
        encoded = tokenizer(text, truncation=True, return_tensors="pt")
        places = (encoded["input_ids"][0] == tokenizer.mask_token_id).nonzero()
        if not len(places):  # cut off, or the passage itself holds what looks like a special token
            found.append([""] * GUESSES)
            continue
        best = model(**encoded).logits[0, int(places[0])].topk(GUESSES).indices.tolist()
        pieces = [str(tokenizer.decode([index])) for index in best]
        found.append([piece[1:] if piece.startswith(" ") else "" for piece in pieces])
    return found


def compare(folder: Path, slots: Sequence[Slot], unigrams: Unigrams) -> list[Row]:
    """Return the rows of the table: all slots, content words, function words, each kind of text."""
    vocabulary = set(AutoTokenizer.from_pretrained(str(folder)).get_vocab())
    right = [slot.word in guesses for slot, guesses in zip(slots, guessed(folder, slots), strict=True)]
    places = range(len(slots))

    def row(name: str, chosen: Callable[[Slot], bool], of_content: bool = False) -> Row:
        mine = [index for index in places if chosen(slots[index])]
        words = [slots[index].word for index in mine]
        said = unigrams.guesses(of_content)
        return Row(
            name,
            ours=Accuracy(sum(right[index] for index in mine), len(mine)),
            baseline=Accuracy(sum(word in said for word in words), len(mine)),
            possible=Accuracy(sum(f"Ġ{word}" in vocabulary for word in words), len(mine)),
        )

    def is_content(slot: Slot) -> bool:
        return slot.word not in unigrams.frequent

    return [
        row("**all words**", lambda _: True),
        row(f"**without the {FREQUENT_WORDS} most frequent**", is_content, of_content=True),
        row(f"the {FREQUENT_WORDS} most frequent alone", lambda slot: not is_content(slot)),
        *(row(f"all words, {kind}", lambda slot, kind=kind: slot.kind == kind) for kind in KINDS),  # type: ignore[misc]
    ]
