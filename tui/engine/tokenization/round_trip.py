"""A text against what its ids decode to: what did not come back, and of what sort the loss is."""

from __future__ import annotations

import itertools
import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from tui.protocol.microscope.stages import Difference, Loss, RoundTrip


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
_FIRST_STEP = 16
"""Characters that are compared at first; then ever more, as long as they are the same."""
_STRETCHES = re.compile("[!-\x7f]+|[^\x00-\x7f]+")
"""What is not skipped, in ASCII or not."""


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
    """Spans of both texts that stand for each other, in order: characters, what is the same, and unknown pieces."""
    letters, places = _skeleton(text)
    other_letters, others = _skeleton(decoded)
    unknown_at = {start: end for start, end in unknown if unknown_token and end > start}
    starts = [*sorted(unknown_at), len(text)]
    i = j = 0
    while i < len(places) and j < len(others):
        place, other = places[i], others[j]
        if place in unknown_at and decoded.startswith(unknown_token, other):
            end, other_end = unknown_at[place], other + len(unknown_token)
            yield _Meeting(place, end, other, other_end)
            i, j = bisect_left(places, end, i), bisect_left(others, other_end, j)
        elif letters[i] == other_letters[j]:
            count = 1
            if _is_first(places, i) and _is_first(others, j):
                # an unknown piece is looked at by itself
                same = _same(text, place, decoded, other, starts[bisect_right(starts, place)])
                count = max(1, bisect_left(places, place + same, i) - i)
            last, other_last = places[i + count - 1], others[j + count - 1]
            end, other_end = _after(text, last), _after(decoded, other_last)
            if text[place].isascii() and text[last].isascii() and end - last == other_end - other_last == 1:
                yield _Meeting(place, end, other, other_end)
            else:
                yield from _by_letter(text, places[i : i + count], decoded, others[j : j + count])
            i, j = i + count, j + count
        else:
            met = _meet_again(letters, i, other_letters, j)
            if met is None:
                return
            i, j = met


def _is_first(places: Sequence[int], number: int) -> bool:
    """Whether a letter is the first of its character."""
    return number == 0 or places[number - 1] != places[number]


def _by_letter(text: str, places: Sequence[int], decoded: str, others: Sequence[int]) -> Iterator[_Meeting]:
    """The meetings of letters in what is the same, those that surely meet no other but their own as one.

    Those at the ends may be parts of one character, or marks on it, with letters that are not the same.
    """
    count = len(places)

    def is_apart(k: int) -> bool:
        return places[k] != places[k - 1] and (text[places[k]].isascii() or not _is_mark(text[places[k]]))

    head = next((k for k in range(1, count) if is_apart(k)), count)
    tail = next((k for k in range(count - 1, head, -1) if is_apart(k)), head)
    for k in (*range(head), *range(tail, count)):
        if k == tail > head:
            yield _Meeting(places[head], places[tail], others[head], others[tail])
        yield _Meeting(places[k], _after(text, places[k]), others[k], _after(decoded, others[k]))


def _same(text: str, start: int, decoded: str, decoded_start: int, end: int) -> int:
    """How many characters are the same from two places on, before `end` of the text."""
    shift, least, step = decoded_start - start, start, _FIRST_STEP
    while (
        least < end
        and text[least : min(least + step, end)] == decoded[least + shift : min(least + step, end) + shift]
    ):
        least = min(least + step, end)
        step *= 2
    while step > 1 and least < end:
        step //= 2
        if (
            least + step <= end
            and text[least : least + step] == decoded[least + shift : least + step + shift]
        ):
            least += step
    return least - start


def _skeleton(text: str) -> tuple[str, Sequence[int]]:
    """The letters of a text without case, accent and form, and which character each is of."""
    letters, places = [], array("L")
    for stretch in _STRETCHES.finditer(text):
        start, some = stretch.start(), stretch.group()
        if some.isascii():
            letters.append(some.lower())
            places.extend(range(start, stretch.end()))
        else:
            for place, character in enumerate(some, start):
                found = _letters_of(character)
                letters.append(found)
                places.extend([place] * len(found))
    return "".join(letters), places


@lru_cache(maxsize=10_000)
def _letters_of(character: str) -> str:
    folded = unicodedata.normalize("NFKD", character).casefold()
    return "".join(letter for letter in folded if unicodedata.category(letter) not in _SKIPPED)


def _after(text: str, place: int) -> int:
    """Where a character and the marks on it end."""
    place += 1
    while place < len(text) and not text[place].isascii() and _is_mark(text[place]):
        place += 1
    return place


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


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


@lru_cache(maxsize=10_000)
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
