"""The pairs nano-summarization learns from: the text of a package description and its synopsis of one line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.training.sources import DEBIAN_ENGLISH, DEBIAN_PACKAGES, find_source
from tui.training.texts.descriptions import Description, read_descriptions, split_descriptions

LARGEST_FAMILY = 2
FEWEST_WORDS = 10
COMMON_SYNOPSIS = 3


@dataclass(frozen=True)
class Pair:
    """A text and the line that its author put above it."""

    text: str
    summary: str


def read_pairs(data: Path) -> dict[str, list[Pair]]:
    """Return the parts `train`, `validation` and `held_out`, split by source package without near-duplicates."""
    descriptions = read_descriptions(find_source(DEBIAN_ENGLISH, data), find_source(DEBIAN_PACKAGES, data))
    return {
        part: chosen_pairs(members, Counter(description.text.synopsis for description in descriptions))
        for part, members in split_descriptions(descriptions).items()
    }


def chosen_pairs(descriptions: Sequence[Description], synopses: Mapping[str, int]) -> list[Pair]:
    """Return the pairs that have something to summarize, in the order given.

    Of a source package at most `LARGEST_FAMILY` count, as descriptions of sibling packages (`-dev`, `-doc`)
    repeat each other. Texts of fewer than `FEWEST_WORDS` words are left out, and a synopsis that
    `COMMON_SYNOPSIS` packages share ("transitional dummy package"): `synopses` counts them.
    """
    taken: Counter[str] = Counter()
    pairs: list[Pair] = []
    for description in descriptions:
        text = " ".join(" ".join(description.text.paragraphs).split())
        if len(text.split()) < FEWEST_WORDS or synopses[description.text.synopsis] >= COMMON_SYNOPSIS:
            continue
        taken[description.source] += 1
        if taken[description.source] <= LARGEST_FAMILY:
            pairs.append(Pair(text, description.text.synopsis))
    return pairs
