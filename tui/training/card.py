"""Writes the card of a trained checkpoint from measured values alone."""

import re
import textwrap
from collections.abc import Mapping, Sequence

from tui.training.measure import Accuracy
from tui.training.sources import Source

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


def source_table(sources: Sequence[Source], digests: Mapping[str, str]) -> str:
    """Return the table of sources; a file that is not the published one is marked.

    `digests` holds the SHA-256 (hexadecimal) of what was read, by `Source.file`.
    """
    return table(
        ["file", "what it gave", "license", "SHA-256"],
        [
            [
                f"`{source.file}`",
                source.holds,
                source.license,
                f"`{digests[source.file][:16]}…`"
                + (
                    " (**not the published file**)" if source.sha256 not in ("", digests[source.file]) else ""
                ),
            ]
            for source in sources
        ],
    )


def _filled(item: str) -> str:
    indent = re.match(r"- |\d+\. |", item)
    return textwrap.fill(
        item, 110, subsequent_indent=" " * (indent.end() if indent else 0), break_on_hyphens=False
    )
