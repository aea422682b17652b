"""What a step of writing was: the token, what it was chosen from, and why writing ended."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tui.protocol.answers import Candidate

ChosenBy: TypeAlias = Literal["greedy", "sample", "given", "beam"]
StopKind: TypeAlias = Literal["count", "end", "stop string", "length", "positions", "constraint", "time"]


class Chosen(msgspec.Struct, frozen=True):
    """One token after the prompt.

    The numbers without “kept” are the model's own, float64 on the logits of its whole vocabulary. Those with it
    are of the distribution that the token was chosen from: after penalties, bans, temperature and filters.
    """

    place: int
    """Tokens after the prompt before it."""
    id: int
    text: str
    """As it decodes by itself; the vocabulary's spelling where that is nothing or half a character."""
    bytes_: bytes | None = msgspec.field(name="bytes", default=None)
    """What it stands for; None where that isn't known, or for a special token."""
    special: bool = False
    log_probability: float | None = None
    """Nats; None where the logits hold NaN, or for an id that the head has no row for."""
    rank: int | None = None
    """1 for the likeliest, ties by id."""
    entropy_bits: float | None = None
    kept_log_probability: float | None = None
    """Nats, −∞ for one that was dropped; None where nothing re-shapes the distribution."""
    kept: int | None = None
    """How many ids were left to choose from; None as above."""
    by: ChosenBy = "greedy"
    """`given`: it stood already, or was forced."""
    seconds: float = 0.0
    """From the token before it to this one."""
    top: tuple[Candidate, ...] = ()
    """The likeliest ids, as many as were asked for."""


def added_text(chosen: Chosen) -> str | None:
    """What a token adds to the text, spaces included; None for a part of a character.

    >>> added_text(Chosen(0, 5, "for", b" for")), added_text(Chosen(0, 7, "Ã", b"\\xc3"))
    (' for', None)
    """
    if chosen.special or chosen.bytes_ is None:
        return chosen.text
    try:
        return chosen.bytes_.decode()
    except UnicodeDecodeError:
        return None


class Stop(msgspec.Struct, frozen=True):
    """Why writing ended."""

    kind: StopKind
    """`count`: as many as were asked for."""
    about: str
    """In words, with the token, the string or the limit."""
