"""Masks as people type them, put into the tokenizer's own spelling, and the way back of its offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from tui.engine.tokenization.reading import Reading
from tui.protocol.tokens import Token

_SPELLINGS = (r"\[MASK\]", "<mask>", "_{3,}")


@dataclass(frozen=True)
class MaskPlace:
    """A mask in the text as typed and in the text given to the tokenizer."""

    start: int
    """First character in the text as typed."""
    end: int
    """One past the last."""
    given_start: int
    given_end: int


@dataclass(frozen=True)
class Typed:
    """A text with every mask in the tokenizer's own spelling."""

    given: str
    """What the tokenizer gets."""
    places: tuple[MaskPlace, ...]

    def character(self, given: int, ending: bool = False) -> int:
        """The character of the text as typed that stands at a character of the given text.

        Inside a mask it is the mask's first, or one past its last for the end of a token.
        """
        shift = 0
        for place in self.places:
            if given <= place.given_start:
                break
            if given < place.given_end:
                return place.end if ending else place.start
            shift = place.end - place.given_end
        return given + shift

    def token(self, token: Token) -> Token:
        """A token with its characters in the text as typed."""
        if token.start is None or token.end is None:
            return token
        start = self.character(token.start)
        end = start if token.start == token.end else self.character(token.end, ending=True)
        return msgspec.structs.replace(token, start=start, end=end)

    def reading_as_typed(self, reading: Reading) -> Reading:
        """The tokens of the given text with their characters in the text as typed."""
        if all(place.given_end - place.given_start == place.end - place.start for place in self.places):
            return reading
        return Reading(
            tokens=tuple(self.token(token) for token in reading.tokens),
            total=reading.total,
            unread_from=tuple(
                None if first is None else self.character(first) for first in reading.unread_from
            ),
            inputs=reading.inputs,
            added=reading.added,
        )

    def mask_at(self, token: Token) -> tuple[int | None, int | None]:
        """The typed characters of the mask that became a token; its offsets may hold the blanks around it."""
        if token.start is None or token.end is None:
            return None, None
        for place in self.places:
            if token.start <= place.start and place.end <= token.end:
                return place.start, place.end
        return token.start, token.end


def with_masks(text: str, mask_token: str) -> Typed:
    """The text with `[MASK]`, `<mask>` and three or more underscores as the tokenizer spells its mask.

    >>> with_masks("Paris is ___ of <mask>.", "[MASK]").given
    'Paris is [MASK] of [MASK].'
    """
    pattern = re.compile("|".join((re.escape(mask_token), *_SPELLINGS)))
    parts, places, last, length = [], [], 0, 0
    for match in pattern.finditer(text):
        length += match.start() - last
        places.append(MaskPlace(match.start(), match.end(), length, length + len(mask_token)))
        parts += [text[last : match.start()], mask_token]
        length += len(mask_token)
        last = match.end()
    return Typed("".join((*parts, text[last:])), tuple(places))
