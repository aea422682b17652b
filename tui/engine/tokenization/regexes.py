"""Which regular expressions match any text in time about proportional to it, told by how they are written.

Exponential search needs something that can be cut in many ways, repeated without bounds or many times over. Where
no group is repeated and few choices stand in a row, what is left is a power of the length of a run of characters,
which two repetitions in a row keep small.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 4_000
_MOST_IN_A_ROW = 2
_MOST_CHOICES = 8
_FEW = 16
"""Repetitions up to so many count as a bounded number."""
_QUANTIFIER = re.compile(r"(?:([*+])|(\?)|\{(\d*)(,?)(\d*)\})[?+]?")
_ESCAPE = re.compile(r"\\(?:[pP]\{\^?[\w ]+\}|x\{[0-9A-Fa-f ]+\}|x[0-9A-Fa-f]{1,2}|[^1-9kgKXR])", re.DOTALL)
"""Of a character or a class of them, and not of a group found before."""
_GROUP = re.compile(r"\((?:\?(?:[im]*:|[im]+\)|=|!|<=|<!|>|<[A-Za-z]\w*>))?")
_FLAGS = re.compile(r"\(\?[im]+\)")


@dataclass
class _Group:
    repeats: int = 0
    """Repetitions without bounds in the alternative that is read."""
    choices: int = 0
    """What may be there or not in it, a few times or more, or in one of several forms."""
    most_repeats: int = 0
    most_choices: int = 0
    """In the alternatives before it."""

    def end_alternative(self) -> None:
        """Another one begins, or the group ends."""
        self.most_repeats = max(self.most_repeats, self.repeats)
        self.most_choices = max(self.most_choices, self.choices)
        self.repeats = self.choices = 0


def is_linear(pattern: str) -> bool:
    """Whether the search for a pattern of Oniguruma ends soon on any text; False where this can't tell.

    >>> is_linear(r"'s|'t| ?\\p{L}+|\\s+(?!\\S)|\\s+"), is_linear(r"(a+)+$"), is_linear(r"(a|aa)+$")
    (True, False, False)
    """
    if len(pattern) > _LONGEST:
        return False
    groups, at = [_Group()], 0
    while at < len(pattern):
        match pattern[at]:
            case "(":
                opened = _GROUP.match(pattern, at)
                if opened is None or (opened[0] == "(" and pattern.startswith("(?", at)):
                    return False
                at = opened.end()
                if not _FLAGS.fullmatch(opened[0]):
                    groups.append(_Group())
                continue
            case ")":
                if len(groups) == 1:
                    return False
                closed = groups.pop()
                closed.end_alternative()
                times, varies, at = _times(pattern, at + 1)
                if times > _FEW or (times > 1 and closed.most_repeats):
                    return False
                groups[-1].repeats += closed.most_repeats
                groups[-1].choices += int(times) * (1 + closed.most_choices)
            case "|":
                groups[-1].end_alternative()
                at += 1
                continue
            case _:
                end = _atom(pattern, at)
                if end is None:
                    return False
                times, varies, at = _times(pattern, end)
                groups[-1].repeats += times > _FEW
                groups[-1].choices += varies and times <= _FEW
        if groups[-1].repeats > _MOST_IN_A_ROW or groups[-1].choices > _MOST_CHOICES:
            return False
    return len(groups) == 1


def _times(pattern: str, at: int) -> tuple[float, bool, int]:
    """How often what stands before place `at` is repeated at most, whether that varies, and where that ends."""
    most, varies = 1.0, False
    while (quantifier := _QUANTIFIER.match(pattern, at)) is not None:
        endless, maybe, least, comma, last = quantifier.groups()
        if endless or (comma and not last):
            most = float("inf")
        elif not maybe:
            most *= float(last or least or 1)
        varies = varies or bool(endless or maybe or comma)
        at = quantifier.end()
    return most, varies, at


def _atom(pattern: str, at: int) -> int | None:
    """Where a character, an escape or a class of characters ends; None for what is something else."""
    if pattern[at] == "\\":
        escape = _ESCAPE.match(pattern, at)
        return None if escape is None else escape.end()
    if pattern[at] != "[":
        return at + 1
    depth, at = 1, at + 1
    while depth and at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "[":
            depth += 1
        elif pattern[at] == "]":
            depth -= 1
        at += 1
    return None if depth else at
