"""All about one entry of a vocabulary, as rows of which some lead on to other entries."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from tui.app.render import numbers
from tui.app.render.glyphs import fit, pad, wrapped
from tui.app.render.microscope.entries import (
    MARKER,
    Styles,
    entry_row,
    flags,
    header,
    hexes,
    plain,
)
from tui.app.render.strips import row

if TYPE_CHECKING:
    from tui.protocol.microscope.questions import Explained
    from tui.protocol.microscope.vocabulary import AddedFlags, Entry, EntryDetail, MergeNode, NearestTokens

_LABEL = 11
_LONGEST = 240
"""Characters of a spelling or a decoded text that are shown here."""
_TREE_WIDEST = 40
_MOST_MERGES = 12
"""Merges that are listed; the tree shows those that happen."""
_MOST_NODES = 200
"""Nodes of the tree that are shown."""
_COSINE = "cosine "
_BITS_PER_NAT = 1 / math.log(2)


class Line(NamedTuple):
    """A row, drawn when it is looked at."""

    make: Callable[[bool], Strip]
    """Whether it is selected → the row."""
    leads_to: int | None = None
    """The entry it leads to."""


def lines(found: Explained, width: int, style: Styles) -> list[Line]:
    """The rows about an entry on `width` cells."""
    page = _Page(width, style)
    detail = found.detail
    _facts(page, detail, found.subject.size)
    if detail.kind == "BPE" and detail.entry.added is None and detail.entry.text is not None:
        _merges(page, detail)
    _neighbors(page, detail)
    _nearest(page, found.nearest, found.why)
    return page.lines


class _Page:
    """Rows, one below the other."""

    def __init__(self, width: int, style: Styles) -> None:
        self.width, self.style = width, style
        self.lines: list[Line] = []

    def say(self, text: str, name: str = "text", label: str = "") -> None:
        """A text in as many rows as it takes, its label before the first."""
        margin = _LABEL if label else 0
        for number, line in enumerate(wrapped(text, max(8, self.width - MARKER - margin))):
            before = pad(label if not number else "", margin)
            self.lines.append(Line(partial(self._said, before, line, name)))

    def _said(self, before: str, line: str, name: str, selected: bool) -> Strip:
        return row(
            (" " * MARKER, self.style("text")), (before, self.style("muted")), (line, self.style(name))
        )

    def heading(self, text: str) -> None:
        """Where a part begins."""
        self.lines.append(Line(partial(self._heading, text)))

    def _heading(self, text: str, selected: bool) -> Strip:
        shown = fit(f"── {text} ", self.width)
        return row(
            (shown, self.style("accent")), ("─" * max(0, self.width - len(shown)), self.style("muted"))
        )

    def columns(self, lead: str = "") -> None:
        """What the columns of the entries below are."""
        self.lines.append(Line(lambda _: header(self.width, self.style, lead)))

    def entry(self, entry: Entry, lead: str = "", *, leads: bool = True) -> None:
        """An entry; `leads` unless it is the one that all this is about."""
        self.lines.append(Line(partial(self._entry, entry, lead, not leads), entry.id if leads else None))

    def _entry(self, entry: Entry, lead: str, this: bool, selected: bool) -> Strip:
        return entry_row(entry, self.width, self.style, selected=selected, left=this, lead=lead)

    def node(self, node: MergeNode, branch: str, leads: bool) -> None:
        """A part of the entry, in the tree of its merges."""
        self.lines.append(Line(partial(self._node, node, branch), node.id if leads else None))

    def _node(self, node: MergeNode, branch: str, selected: bool) -> Strip:
        text = self.style("strong" if selected else "text")
        cells = min(_TREE_WIDEST, max(8, self.width - MARKER - 24))
        made = "symbol" if node.rank is None else f"rank {node.rank:,}"
        named = "no entry" if node.id is None else f"id {node.id}"
        return row(
            ("▸ " if selected else "  ", text),
            (pad(branch + plain(node.text), cells), text),
            (f" {named:>10}", self.style("accent" if node.id is not None else "muted")),
            (f"  {made}", self.style("muted")),
        )


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return plain(text)
    return f"{plain(text[:_LONGEST])}… the first {_LONGEST} of {len(text):,} characters"


def _facts(page: _Page, detail: EntryDetail, size: int) -> None:
    entry = detail.entry
    page.say(f"{entry.id}  of {size:,} entries", "strong", "id")
    if entry.text is None:
        page.say("no entry of the vocabulary has this id", "text", "spelled")
        return
    page.say(_cut(entry.text), "strong", "spelled")
    page.say(_cut(entry.decoded), "text", "decodes to")
    stands_for = entry.stands_for
    if stands_for is None:
        page.say(f"{numbers.UNKNOWN}  it can't be told which bytes it stands for", "text", "bytes")
    else:
        count = f"  ({len(stands_for):,})" if stands_for else ""
        page.say(hexes(stands_for, 3 * (page.width - MARKER - _LABEL)) + count, "text", "bytes")
    page.say(_kind(detail), "text", "is")
    if entry.added is not None:
        page.say(_looked_for(entry.added), "muted", "matching")
    if detail.score is not None:
        bits = numbers.logit(-detail.score * _BITS_PER_NAT, 2)
        page.say(
            f"log-probability {numbers.logit(detail.score)} nats, surprisal {bits} bits", "text", "score"
        )


def _kind(detail: EntryDetail) -> str:
    entry = detail.entry
    if entry.added is not None:
        return ", ".join(
            ("an added token", *(name for name in flags(entry.added, entry.special) if name != "added"))
        )
    special = ", special" if entry.special else ""
    return f"an entry of the model ({fit(detail.kind, 60)}){special}"


def _looked_for(added: AddedFlags) -> str:
    said = ["looked for in the " + ("normalized text" if added.normalized else "text as typed")]
    sides = [side for side, takes in (("left", added.lstrip), ("right", added.rstrip)) if takes]
    if sides:
        said.append(f"takes the spaces on its {' and '.join(sides)} with it")
    if added.single_word:
        said.append("left alone inside a word")
    said.append("decoding can skip it" if added.special else "decoding never skips it")
    return ", ".join(said)


def _merges(page: _Page, detail: EntryDetail) -> None:
    count = len(detail.merges)
    if not count:
        page.heading("no merge makes it")
        single = len(detail.tree) == 1
        page.say(
            "It is a single symbol, one of those that the merges begin with."
            if single
            else "No two entries have a merge that gives it.",
            "muted",
        )
    else:
        page.heading("made by one merge" if count == 1 else f"made by {count:,} merges")
    taken = detail.tree[0].rank if detail.reached and detail.tree else None
    for merge in detail.merges[:_MOST_MERGES]:
        mark = "  ← this one happens" if count > 1 and merge.rank == taken else ""
        page.say(f"rank {merge.rank:,}: {plain(merge.left)} + {plain(merge.right)}{mark}")
    if count > _MOST_MERGES:
        page.say(f"the first {_MOST_MERGES} of {count:,} by rank", "muted")
    if detail.reached is False and len(detail.tree) > 1:
        tops = sum(node.depth == 0 for node in detail.tree)
        page.say(
            f"By their ranks the merges of its characters end in {tops:,} parts and not in it: the model makes it "
            "only where it takes a word that is an entry as it is.",
            "error",
        )
    if len(detail.tree) > 1:
        tree = detail.tree[:_MOST_NODES]
        branches = _branches(tree, max(2, min(12, (page.width - MARKER - 32) // 2)))
        for node, branch in zip(tree, branches, strict=True):
            page.node(node, branch, leads=node.id is not None and node.id != detail.entry.id)
        if len(detail.tree) > _MOST_NODES:
            page.say(f"the first {_MOST_NODES} of the tree's {len(detail.tree):,} parts", "muted")


def _branches(tree: tuple[MergeNode, ...], most: int) -> list[str]:
    """What joins each node to the one above it; of nodes deeper than `most` the depth is written.

    >>> from tui.protocol.microscope.vocabulary import MergeNode as N
    >>> tree = (N("aba", 0, 1, 0), N("ab", 1, 0, 1), N("a", 2, None, 2), N("b", 3, None, 2), N("a", 2, None, 1))
    >>> [branch + node.text for node, branch in zip(tree, _branches(tree, 9))]
    ['aba', '├ ab', '│ ├ a', '│ └ b', '└ a']
    """
    goes_on: list[bool] = []
    later: set[int] = set()
    for node in reversed(tree):
        goes_on.append(node.depth in later)
        later = {depth for depth in later if depth <= node.depth} | {node.depth}
    goes_on.reverse()
    branches, above = [], [False]
    for node, more in zip(tree, goes_on, strict=True):
        depth = node.depth
        above = [*above[:depth], more]
        if depth > most:
            branches.append(f"({depth}) ")
        elif depth:
            branches.append("".join("│ " if on else "  " for on in above[1:depth]) + ("├ " if more else "└ "))
        else:
            branches.append("")
    return branches


def _neighbors(page: _Page, detail: EntryDetail) -> None:
    page.heading("neighbors by id")
    page.columns()
    for entry in detail.neighbors:
        page.entry(entry, leads=entry.id != detail.entry.id)


def _nearest(page: _Page, nearest: NearestTokens | None, why_not: str) -> None:
    page.heading("nearest in embedding space")
    if nearest is None:
        page.say(why_not, "muted")
        return
    if not 0 < nearest.norm < math.inf:
        page.say(
            f"Its input embedding has the length {nearest.norm:g}: without a direction nothing is near it.",
            "muted",
        )
        return
    left_out = f", {nearest.left_out:,} without a direction left out" if nearest.left_out else ""
    page.say(
        f"cosine of input embeddings; {nearest.compared:,} rows compared{left_out}; its own length "
        f"{numbers.logit(nearest.norm)}",
        "muted",
    )
    page.columns(_COSINE)
    for near in nearest.nearest:
        page.entry(near.entry, f"{near.cosine:>6.4f} ".rjust(len(_COSINE)))
