"""Ids as a person types them, and the text they stand for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tui.engine.errors import EngineError, plain
from tui.engine.tokenization.entries import AnyTokenizer, entry_of, inside, spelled, vocabulary
from tui.protocol.microscope.from_ids import FromIds

MOST_IDS = 1_000_000
MOST_CHARACTERS = 100_000
"""Most characters of a decoded text that are given back."""
_WORD = re.compile(r"[^\s,;\[\](){}]+")
"""What stands between spaces, commas and brackets: a list printed by Python can be pasted as it is."""
_NUMBER = re.compile(r"[0-9]+")
_RANGE = re.compile(r"([0-9]+)[-–]([0-9]+)")
_NEGATIVE = re.compile(r"[-−][0-9]+")
_FRACTION = re.compile(r"[-+−]?(?:[0-9]*\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_LONGEST_SHOWN = 24
_MOST_DIGITS = 10
"""Digits of the largest id there can be."""


def parse(tokenizer: AnyTokenizer, text: str) -> list[int]:
    """The ids in a text: numbers and ranges such as 5-9, between spaces, commas, line breaks or brackets.

    Raises EngineError for what is no id, for ids out of the vocabulary's range, and for too many of them.
    """
    end = inside(tokenizer).end
    words = _WORD.findall(text)
    plain = {word: int(word) for word in set(words) if _is_plain(word) and int(word) < end}
    if len(words) <= MOST_IDS and plain.keys() >= set(words):
        return [plain[word] for word in words]
    ids: list[int] = []
    for number, match in enumerate(_WORD.finditer(text), 1):
        first, last = _bounds(text, match, number)
        for wanted in (first, last):
            if wanted >= end and spelled(tokenizer, wanted) is None:
                end = 1 + max(vocabulary(tokenizer).values(), default=-1)  # ids can have gaps
                if wanted >= end:
                    gaps = ", with gaps" if inside(tokenizer).size < end else ""
                    raise _out_of_range(text, match, number, wanted, end, gaps)
        total = len(ids) + last - first + 1
        if total > MOST_IDS:
            where = _where(text, match, number)
            raise EngineError(
                "Too many ids",
                f"{total:,} ids up to {where}; at most {MOST_IDS:,} are read.",
                "Give fewer at once.",
            )
        ids.extend(range(first, last + 1))
    return ids


def from_ids(tokenizer: AnyTokenizer, text: str, start: int = 0, count: int = 200) -> FromIds:
    """What the ids in a text stand for, the entries from place `start` on, at most `count`.

    Raises EngineError as `parse` does, and where the tokenizer can't decode the ids.
    """
    ids = parse(tokenizer, text)
    known = set(ids)
    without_entry = {index for index in known if spelled(tokenizer, index) is None}
    try:
        decoded = tokenizer.decode(ids)
        without_special = tokenizer.decode(ids, skip_special=True)
    except BaseException as error:  # one in Python raises whatever its code does, one in Rust panics
        raise EngineError(
            "These ids can't be decoded",
            f"The tokenizer refuses them: {plain(error.__cause__ or error)}.",
            "Take the ids without an entry out; the browser of the vocabulary shows which there are.",
        ) from error
    start = max(0, start)
    counts = Counter(ids)
    return FromIds(
        total=len(ids),
        start=start,
        entries=tuple(entry_of(tokenizer, index) for index in ids[start : start + max(0, count)]),
        decoded=decoded[:MOST_CHARACTERS],
        decoded_characters=len(decoded),
        without_special=without_special[:MOST_CHARACTERS],
        without_special_characters=len(without_special),
        special=sum(counts[index] for index in known if tokenizer.is_special(index)),
        without_entry=sum(counts[index] for index in without_entry),
    )


def _is_plain(word: str) -> bool:
    return len(word) <= _MOST_DIGITS and word.isascii() and word.isdecimal()


def _bounds(text: str, match: re.Match[str], number: int) -> tuple[int, int]:
    """The first and the last id of a number or a range; numbers too long to be any id become the largest."""
    word = match[0]
    if _NUMBER.fullmatch(word):
        value = _value(word)
        return value, value
    if span := _RANGE.fullmatch(word):
        first, last = _value(span[1]), _value(span[2])
        if first > last:
            raise _refused(
                text, match, number, "runs backward", f"Write {_short(span[2])}-{_short(span[1])}."
            )
        return first, last
    if _NEGATIVE.fullmatch(word):
        raise _refused(
            text, match, number, "is negative", "Ids begin at 0; a range is written 5-9, unspaced."
        )
    if _FRACTION.fullmatch(word):
        raise _refused(text, match, number, "is not a whole number", "Write ids as digits, 7592 say.")
    raise _refused(
        text,
        match,
        number,
        "is not a number",
        "Give ids, such as 101 7592 102 or 5-9.",
    )


def _value(digits: str) -> int:
    bare = digits.lstrip("0")
    return int(bare or "0") if len(bare) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _refused(text: str, match: re.Match[str], number: int, what: str, hint: str) -> EngineError:
    return EngineError("Not an id", f"“{_short(match[0])}” {what}: {_where(text, match, number)}.", hint)


def _out_of_range(
    text: str, match: re.Match[str], number: int, wanted: int, end: int, gaps: str
) -> EngineError:
    named = next(part for part in _parts(match[0]) if _value(part) == wanted)
    within = f"of “{_short(match[0])}” " if named != match[0] else ""
    size = f"the ids of this vocabulary go from 0 to {end - 1:,}{gaps}" if end else "this vocabulary is empty"
    return EngineError(
        "No such id",
        f"{_short(named)} {within}is out of range ({_where(text, match, number)}); {size}.",
        "Give smaller ids, or load the tokenizer these ids come from.",
    )


def _parts(word: str) -> Iterator[str]:
    yield from re.split("[-–]", word)


def _where(text: str, match: re.Match[str], number: int) -> str:
    before = text[: match.start()]
    column = match.start() - (before.rfind("\n") + 1) + 1
    return f"number {number:,}, line {before.count(chr(10)) + 1:,}, column {column:,}"


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_SHOWN else f"{word[:_LONGEST_SHOWN]}… ({len(word):,} characters)"
