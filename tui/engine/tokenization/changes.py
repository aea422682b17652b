"""What one stage changed: the text before and after it, character by character, met over the original text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tui.protocol.microscope.stages import Part


class Atom(NamedTuple):
    """One character as it stands after a stage, or an added token, with its span in the original text."""

    text: str
    start: int
    end: int
    id: int | None = None
    """The id of an added token; None for a character."""


class Cluster(NamedTuple):
    """Neighboring atoms before a stage and those that stand for the same characters after it."""

    before: Sequence[Atom]
    after: Sequence[Atom]
    changed: bool
    """Whether the stage made something else of them; if not, atom stands for atom."""


def characters(text: str) -> list[Atom]:
    """A text no stage has touched."""
    return [Atom(character, place, place + 1) for place, character in enumerate(text)]


def clusters(before: Sequence[Atom], after: Sequence[Atom]) -> Iterator[Cluster]:
    """The smallest groups of both lists that cover the same characters of the original, in order.

    Groups of characters that nothing happened to come as one. A changed group's ends that are the same are groups
    of their own, so that what is put in stands alone:

    >>> put_in = clusters(characters("ab"), [Atom("▁", 0, 1), Atom("a", 0, 1), Atom("b", 1, 2)])
    >>> [("".join(atom.text for atom in cluster.after), cluster.changed) for cluster in put_in]
    [('▁', True), ('a', False), ('b', False)]
    """
    i = j = 0
    while i < len(before) or j < len(after):
        first_i, first_j = i, j
        same = _same(before, i, after, j)
        if same:
            i, j = i + same, j + same
            yield Cluster(before[first_i:i], after[first_j:j], changed=False)
            continue
        start = end = min(atoms[k].start for atoms, k in ((before, i), (after, j)) if k < len(atoms))
        grown = True
        while grown:
            grown = False
            while i < len(before) and (before[i].start <= start or before[i].start < end):
                end, i, grown = max(end, before[i].end), i + 1, True
            while j < len(after) and (after[j].start <= start or after[j].start < end):
                end, j, grown = max(end, after[j].end), j + 1, True
        yield from _trimmed(before[first_i:i], after[first_j:j])


def _same(before: Sequence[Atom], i: int, after: Sequence[Atom], j: int) -> int:
    """How many characters from here on are the same and share their place with no other."""
    first = i
    while i < len(before) and j < len(after):
        atom = before[i]
        end = atom.end
        if atom != after[j] or atom.id is not None or atom.start == end:
            break
        i, j = i + 1, j + 1
        if (i < len(before) and before[i].start < end) or (j < len(after) and after[j].start < end):
            return i - 1 - first
    return i - first


def _trimmed(before: Sequence[Atom], after: Sequence[Atom]) -> Iterator[Cluster]:
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head].text == after[head].text:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail].text == after[-1 - tail].text:
        tail += 1
    for place in range(head):
        yield Cluster(before[place : place + 1], after[place : place + 1], changed=False)
    middle = before[head : len(before) - tail], after[head : len(after) - tail]
    if any(middle):
        yield Cluster(*middle, changed=True)
    for place in range(tail, 0, -1):
        one, other = len(before) - place, len(after) - place
        yield Cluster(before[one : one + 1], after[other : other + 1], changed=False)


def changed_parts(before: Sequence[Atom], after: Sequence[Atom], field: int) -> list[Part]:
    """The text after a stage in stretches: unchanged ones, changed ones, added tokens."""
    parts: list[Part] = []
    stretch: list[Cluster] = []
    sort: tuple[bool, bool] | None = None
    for cluster in clusters(before, after):
        token = bool(cluster.after) and cluster.after[0].id is not None
        if stretch and (token or sort != (cluster.changed, token)):
            parts.append(_part(stretch, field))
            stretch = []
        stretch.append(cluster)
        sort = (cluster.changed, token)
    if stretch:
        parts.append(_part(stretch, field))
    return parts


def _part(stretch: Sequence[Cluster], field: int) -> Part:
    after = [atom for cluster in stretch for atom in cluster.after]
    before = [atom for cluster in stretch for atom in cluster.before]
    start, end = _span(after or before)
    # cut out by this stage is not changed: the same characters, from now on a token
    changed = any(cluster.changed for cluster in stretch) and _joined(before) != _joined(after)
    index = after[0].id if after else None
    return Part(
        text=_joined(after),
        start=start,
        end=end,
        was=_joined(before) if changed else None,
        what="added token" if index is not None else "" if after else "removed",
        id=index,
        field=field,
    )


def pre_token_parts(
    before: Sequence[Atom], after: Sequence[Atom], splits: Sequence[Atom], text: str, field: int
) -> list[Part]:
    """The pre-tokens with what each is, and between them what the pre-tokenizer dropped.

    splits: the pre-tokens and added tokens whose characters `after` holds. text: the original.
    """
    owner = _owners(splits)
    stood: list[list[Atom]] = [[] for _ in splits]
    changed = [False] * len(splits)
    dropped: list[list[Atom]] = [[] for _ in range(len(splits) + 1)]  # before each pre-token, and at the end
    gone: list[Atom] = []
    place, last = 0, -1
    for cluster in clusters(before, after):
        if not cluster.after:
            gone.extend(cluster.before)
            continue
        owners = owner[place : place + len(cluster.after)]
        if gone and owners[0] == last:  # taken out of the middle of a pre-token
            stood[last].extend(gone)
            changed[last] = True
        else:
            dropped[owners[0]].extend(gone)
        gone = []
        if not cluster.changed:
            for number, atom in zip(owners, cluster.before, strict=True):
                stood[number].append(atom)
        else:
            stood[owners[0]].extend(cluster.before)
            if _joined(cluster.before) != _joined(cluster.after):
                for number in owners:
                    changed[number] = True
        place, last = place + len(owners), owners[-1]
    dropped[-1].extend(gone)
    parts: list[Part] = []
    for number, split in enumerate(splits):
        parts += _removed(dropped[number], field)
        what = "added token" if split.id is not None else what_it_is(text[split.start : split.end])
        was = _joined(stood[number]) if changed[number] else None
        parts.append(Part(split.text, split.start, split.end, was, what, split.id, field))
    return parts + _removed(dropped[-1], field)


def _removed(atoms: Sequence[Atom], field: int) -> list[Part]:
    return [Part("", *_span(atoms), _joined(atoms), "removed", None, field)] if atoms else []


def _owners(splits: Sequence[Atom]) -> list[int]:
    """For each atom the number of the pre-token that it belongs to; an added token is one atom."""
    return [
        number
        for number, split in enumerate(splits)
        for _ in range(1 if split.id is not None else len(split.text))
    ]


def _span(atoms: Sequence[Atom]) -> tuple[int, int]:
    return min(atom.start for atom in atoms), max(atom.end for atom in atoms)


def _joined(atoms: Sequence[Atom]) -> str:
    return "".join(atom.text for atom in atoms)


_WHAT = {
    "L": "letters",
    "M": "letters",
    "N": "numbers",
    "P": "punctuation",
    "S": "symbols",
    "Z": "spaces",
    "C": "control characters",
}


def what_it_is(text: str) -> str:
    """What a pre-token is, by the Unicode categories of its characters, spaces around them left out.

    >>> what_it_is(" café"), what_it_is("12"), what_it_is("\\n"), what_it_is("a1")
    ('letters', 'numbers', 'spaces', 'mixed')
    """
    found = {_WHAT[unicodedata.category(character)[0]] for character in text.strip()} or {"spaces"}
    return found.pop() if len(found) == 1 else "mixed"
