"""Writes the card of a trained checkpoint from measured values alone."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui.training.measure import Accuracy
from tui.training.sources import Source


@dataclass(frozen=True)
class Comparison:
    """One row of the table of results: ours against the baseline on the same held-out snippets."""

    name: str
    ours: Accuracy
    baseline: Accuracy
    baseline_zero_positive: Accuracy


@dataclass(frozen=True)
class Measured:
    """Everything the card of a classifier states that only the training run knows.

    `sentences` maps a plain sentence to the probability of POSITIVE (0..1); `stage_seconds` names a stage of the
    training and its processor time; `parts` counts the snippets of each part of the split.
    """

    comparisons: Sequence[Comparison]
    sentences: Mapping[str, float]
    stage_seconds: Mapping[str, float]
    parts: Mapping[str, int]
    width: int
    layers: int
    parameters: int
    weight_bytes: int
    vocabulary: int
    source_digests: Mapping[str, str]


_ITEM = re.compile(r"\n(?=- |\d+\. )")


def front_matter(values: Mapping[str, str | Sequence[str]]) -> str:
    """Return YAML front matter, as the Hub reads it, of texts and lists of texts."""
    lines = ["---"]
    for key, value in values.items():
        if isinstance(value, str):
            lines.append(f"{key}: {value}")
        else:
            lines += [f"{key}:", *(f"- {item}" for item in value)]
    return "\n".join([*lines, "---"])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; every row must have as many cells as the header.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "|---" * len(cells) + "|" if cells is lines[1] else f"| {' | '.join(cells)} |" for cells in lines
    )


def paragraphs(text: str) -> str:
    """Return Markdown prose with its lines broken anew at 110 columns, as values of any length are set into it.

    Blank lines part paragraphs; a list item begins with "- " or a number and is continued indented.

    >>> print(paragraphs("one\\n   two\\n\\n- three\\n  four\\n- five"))
    one two
    <BLANKLINE>
    - three four
    - five
    """
    blocks = [_ITEM.split(block.strip()) for block in text.strip().split("\n\n")]
    return "\n\n".join("\n".join(_filled(" ".join(item.split())) for item in block) for block in blocks)


def percent(share: float) -> str:
    """Return a share of 0..1 as a percentage with one decimal.

    >>> percent(0.8901)
    '89.0 %'
    """
    return f"{100 * share:.1f} %"


def accuracy_cell(accuracy: Accuracy) -> str:
    """Return an accuracy with its 95 % interval, for a cell of a table."""
    low, high = accuracy.interval
    return f"{percent(accuracy.share)} ({100 * low:.1f}–{100 * high:.1f})"


def comparison_table(rows: Sequence[Comparison]) -> str:
    """Return the table of held-out results; the numbers in brackets are 95 % intervals."""
    header = ["held-out snippets", "examples", "this checkpoint", "VADER", "VADER, 0 taken as positive"]
    return table(
        header,
        [
            [
                row.name,
                f"{row.ours.examples:,}",
                accuracy_cell(row.ours),
                accuracy_cell(row.baseline),
                accuracy_cell(row.baseline_zero_positive),
            ]
            for row in rows
        ],
    )


def source_table(sources: Sequence[Source], digests: Mapping[str, str]) -> str:
    """Return the table of sources; a file that is not the published one is marked."""
    return table(
        ["file", "what it gave", "license", "SHA-256"],
        [
            [
                f"`{source.file}`",
                source.holds,
                source.license,
                f"`{digests[source.file][:16]}…`"
                + ("" if digests[source.file] == source.sha256 else " (**not the published file**)"),
            ]
            for source in sources
        ],
    )


def _filled(item: str) -> str:
    indent = re.match(r"- |\d+\. |", item)
    return textwrap.fill(
        item, 110, subsequent_indent=" " * (indent.end() if indent else 0), break_on_hyphens=False
    )
