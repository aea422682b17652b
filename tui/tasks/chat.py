"""A conversation typed as one text: lines that name who speaks begin a turn.

A backslash keeps a line from being read: `\\user: x` goes on with the turn as the line `user: x`, and a backslash
alone is an empty line, for those at the ends of a turn. Where such a line is to begin with a backslash it gets one
more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

ROLES = ("system", "user", "assistant")
_ROLE = rf"[ \t]*({'|'.join(ROLES)})[ \t]*:"
# Without ASCII, ignoring case would take the long s of old prints for an s.
_FLAGS = re.IGNORECASE | re.ASCII | re.DOTALL
_BEGINS = re.compile(rf"(?P<names>{_ROLE})[ \t]?(?P<content>.*)", _FLAGS)
_KEPT = re.compile(rf"\\+(\Z|{_ROLE})", _FLAGS)
_TO_KEEP = re.compile(rf"\\+\Z|\\*{_ROLE}", _FLAGS)


@dataclass(frozen=True)
class Turn:
    """What one side says."""

    role: str
    """One of `ROLES`."""
    content: str

    def message(self) -> dict[str, str]:
        """The turn as chat templates take it."""
        return {"role": self.role, "content": self.content}


def turns_of(text: str) -> tuple[Turn, ...]:
    """The turns of a text: a line that begins with a role and a colon begins one, other lines go on with it.

    Text before the first role is the user's; line breaks around a turn are not part of it. An empty text is an
    empty turn of the user.

    >>> turns_of("System: Be brief.\\nuser: Hi.\\nWho are you?")
    (Turn(role='system', content='Be brief.'), Turn(role='user', content='Hi.\\nWho are you?'))
    >>> turns_of("Hello")
    (Turn(role='user', content='Hello'),)
    >>> turns_of("user: It said\\n\\\\user: hi")
    (Turn(role='user', content='It said\\nuser: hi'),)
    """
    before: list[str] = []
    found: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        begins = _BEGINS.fullmatch(line)
        if begins is not None:
            found.append((begins[2].lower(), [begins["content"]]))
        else:
            (found[-1][1] if found else before).append(line)
    if any(line.strip() for line in before) or not found:
        found.insert(0, ("user", before))
    return tuple(Turn(role, _read(lines)) for role, lines in found)


def text_of(turns: Sequence[Turn]) -> str:
    """The text that `turns_of` reads as these turns; they are at least one.

    >>> text_of((Turn("user", "It said\\nuser: hi"), Turn("assistant", "")))
    'user: It said\\n\\\\user: hi\\nassistant:'
    """
    return "\n".join(
        f"{turn.role}: {_written(turn.content)}" if turn.content else f"{turn.role}:" for turn in turns
    )


def role_end(line: str) -> int:
    """How many characters of a line say who speaks; 0 where the line begins no turn.

    >>> role_end("user: hi"), role_end("the user: hi")
    (5, 0)
    """
    begins = _BEGINS.match(line)
    return 0 if begins is None else begins.end("names")


def _read(lines: list[str]) -> str:
    inner = "\n".join(lines).strip("\n").split("\n")
    return "\n".join(line[1:] if _KEPT.match(line) else line for line in inner)


def _written(content: str) -> str:
    lines = content.split("\n")
    first = len(content) - len(content.lstrip("\n"))
    last = len(lines) - 1 - (len(content) - len(content.rstrip("\n")))
    return "\n".join(
        f"\\{line}" if not first <= number <= last or _TO_KEEP.match(line) else line
        for number, line in enumerate(lines)
    )
