"""Splits rated snippets: sentences of one review or editorial stay together, and so do near-duplicates.

A tweet sent again with other punctuation would otherwise be trained on and tested on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tui.training.sentiment.snippets import Snippet
from tui.training.splits import near_duplicates, part_of

SPLIT_SEED = 2014
_SHARES = {"held_out": 0.1, "validation": 0.1}


@dataclass(frozen=True)
class Split:
    """The three parts: `train` to learn from, `validation` to choose with, `held_out` to report once."""

    train: tuple[Snippet, ...]
    validation: tuple[Snippet, ...]
    held_out: tuple[Snippet, ...]


def split_snippets(snippets: Sequence[Snippet], seed: int = SPLIT_SEED) -> Split:
    """Split into about 80 % train, 10 % validation and 10 % held out, whole groups at a time.

    A group's part depends on its name and the seed alone.
    """
    parts: dict[str, list[Snippet]] = {"train": [], "validation": [], "held_out": []}
    for snippet, group in zip(snippets, group_snippets(snippets), strict=True):
        parts[part_of(group, seed, _SHARES)].append(snippet)
    return Split(**{name: tuple(members) for name, members in parts.items()})


def group_snippets(snippets: Sequence[Snippet]) -> list[str]:
    """Return the name of the group of each snippet: documents joined through near-duplicates.

    A group is named after the first of its documents in alphabetical order.
    """
    parents = {snippet.document: snippet.document for snippet in snippets}

    def root(document: str) -> str:
        while parents[document] != document:
            document = parents[document]
        return document

    for first, second in near_duplicates([snippet.text for snippet in snippets]):
        roots = sorted((root(snippets[first].document), root(snippets[second].document)))
        parents[roots[1]] = roots[0]
    return [root(snippet.document) for snippet in snippets]
