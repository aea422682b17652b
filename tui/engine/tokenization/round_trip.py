"""A text against what its ids decode to: what did not come back, and of what sort the loss is."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tui.microscope.stages import Difference, Loss, RoundTrip


class _Bone(NamedTuple):
    """A letter without case, accent and form, and which character it is of."""

    letter: str
    place: int


class _Meeting(NamedTuple):
    """Spans of the two texts that stand for each other."""

    start: int
    end: int
    decoded_start: int
    decoded_end: int


_SKIPPED = ("Mn", "Me", "Cc", "Cf", "Zs", "Zl", "Zp")
_WIDEST_GAP = 200
"""So many letters are looked through for where the two texts meet again."""
_ENOUGH = 4
"""So many letters in a row must agree there."""


def compare(
    text: str,
    decoded: str,
    field: int = 0,
    kept: tuple[int, int] | None = None,
    unknown_token: str = "",
    unknown: Sequence[tuple[int, int]] = (),
) -> RoundTrip:
    """What of a text did not come back.

    kept: the characters [start, end) that were not cut away, None for all. unknown_token: what stands in the
    decoded text for a piece that is not in the vocabulary. unknown: the spans of such pieces in the text.
    """
    start, end = kept or (0, len(text))
    found = list(
        _differences(text[start:end], decoded, unknown_token, [(a - start, b - start) for a, b in unknown])
    )
    differences = [
        Difference(a + start, b + start, text[a + start : b + start], c, d, decoded[c:d], losses)
        for a, b, c, d, losses in _merged(found)
    ]
    if start > 0:
        differences.insert(0, Difference(0, start, text[:start], 0, 0, "", ("cut",)))
    if end < len(text):
        differences.append(Difference(end, len(text), text[end:], len(decoded), len(decoded), "", ("cut",)))
    return RoundTrip(field, decoded, text == decoded, tuple(differences))


_Found = tuple[int, int, int, int, tuple[Loss, ...]]


def _differences(
    text: str, decoded: str, unknown_token: str, unknown: Sequence[tuple[int, int]]
) -> Iterator[_Found]:
    if text == decoded:
        return
    here = there = 0
    end = _Meeting(len(text), len(text), len(decoded), len(decoded))
    for a, b, c, d in (*_grouped(_meetings(text, decoded, unknown_token, unknown)), end):
        for span in (_trimmed(text[here:a], here, decoded[there:c], there), (a, b, c, d)):
            one, other = text[span[0] : span[1]], decoded[span[2] : span[3]]
            if one == other:
                continue
            is_unknown = unknown_token and unknown_token in other and unknown_token not in one
            yield *span, ("unknown",) if is_unknown else losses(one, other)
        here, there = b, d


def _trimmed(text: str, start: int, decoded: str, decoded_start: int) -> tuple[int, int, int, int]:
    """The spans of what is between two meetings, without what is the same at the ends."""
    head = _alike(text, decoded)
    tail = _alike(text[: head - 1 if head else None : -1], decoded[: head - 1 if head else None : -1])
    return (
        start + head,
        start + len(text) - tail,
        decoded_start + head,
        decoded_start + len(decoded) - tail,
    )


def _alike(text: str, other: str) -> int:
    """How many characters are the same from the start."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(text), len(other)))


def _grouped(meetings: Iterator[_Meeting]) -> Iterator[_Meeting]:
    """Meetings that share a character as one: `ﬁ` meets `f` and `i`."""
    held: _Meeting | None = None
    for one in meetings:
        if held is None:
            held = one
        elif one.start < held.end or one.decoded_start < held.decoded_end:
            held = held._replace(
                end=max(held.end, one.end), decoded_end=max(held.decoded_end, one.decoded_end)
            )
        else:
            yield held
            held = one
    if held is not None:
        yield held


def _meetings(
    text: str, decoded: str, unknown_token: str, unknown: Sequence[tuple[int, int]]
) -> Iterator[_Meeting]:
    """Spans of both texts that stand for each other, in order: characters, and unknown pieces."""
    bones, others = list(_skeleton(text)), list(_skeleton(decoded))
    letters, other_letters = "".join(b.letter for b in bones), "".join(b.letter for b in others)
    unknown_at = {start: end for start, end in unknown if unknown_token and end > start}
    i = j = 0
    while i < len(bones) and j < len(others):
        place, other = bones[i].place, others[j].place
        if place in unknown_at and decoded.startswith(unknown_token, other):
            end, other_end = unknown_at[place], other + len(unknown_token)
            yield _Meeting(place, end, other, other_end)
            while i < len(bones) and bones[i].place < end:
                i += 1
            while j < len(others) and others[j].place < other_end:
                j += 1
        elif letters[i] == other_letters[j]:
            yield _Meeting(place, _after(text, place), other, _after(decoded, other))
            i, j = i + 1, j + 1
        else:
            met = _meet_again(letters, i, other_letters, j)
            if met is None:
                return
            i, j = met


def _skeleton(text: str) -> Iterator[_Bone]:
    for place, character in enumerate(text):
        if character.isascii():
            if character > " ":
                yield _Bone(character.lower(), place)
            continue
        for letter in unicodedata.normalize("NFKD", character).casefold():
            if unicodedata.category(letter) not in _SKIPPED:
                yield _Bone(letter, place)


def _after(text: str, place: int) -> int:
    """Where a character and the marks on it end."""
    place += 1
    while (
        place < len(text) and not text[place].isascii() and unicodedata.category(text[place]) in ("Mn", "Me")
    ):
        place += 1
    return place


def _meet_again(letters: str, i: int, others: str, j: int) -> tuple[int, int] | None:
    """The nearest places at which both go on alike; None where there are none near."""
    best: tuple[int, int] | None = None
    nearest = _WIDEST_GAP
    for skipped in range(_WIDEST_GAP):
        if skipped >= nearest or i + skipped >= len(letters):
            break
        wanted = letters[i + skipped : i + skipped + _ENOUGH]
        place = others.find(wanted, j, j + nearest - skipped + len(wanted))
        if place >= 0 and skipped + place - j < nearest:
            best, nearest = (i + skipped, place), skipped + place - j
    return best


def _merged(found: Sequence[_Found]) -> Iterator[_Found]:
    """Differences that touch in both texts and are of one sort as one."""
    held: _Found | None = None
    for one in found:
        if held is None:
            held = one
        elif (held[1], held[3], held[4]) == (one[0], one[2], one[4]) and one[4] != ("unknown",):
            held = (held[0], one[1], held[2], one[3], held[4])
        else:
            yield held
            held = one
    if held is not None:
        yield held


def _without_marks(text: str) -> str:
    return "".join(
        letter
        for letter in unicodedata.normalize("NFD", text)
        if unicodedata.category(letter) not in ("Mn", "Me")
    )


_FORGETTING: dict[Loss, Callable[[str], str]] = {
    "form": lambda text: unicodedata.normalize("NFKC", text),
    "accent": _without_marks,
    "case": str.casefold,
    "spaces": lambda text: "".join(text.split()),
}


def losses(text: str, decoded: str) -> tuple[Loss, ...]:
    """The fewest sorts of loss that explain a difference.

    >>> losses("É", "e"), losses("a b", "ab"), losses("ﬁ", "fi"), losses("x", "")
    (('accent', 'case'), ('spaces',), ('form',), ('other',))
    """
    for number in range(1, len(_FORGETTING) + 1):
        for sorts in itertools.combinations(_FORGETTING, number):
            one, other = text, decoded
            for sort in sorts:
                one, other = _FORGETTING[sort](one), _FORGETTING[sort](other)
            if one == other:
                return sorts
    return ("other",)
