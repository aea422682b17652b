"""Which parts of a text have their keys and values kept, told without telling the ids again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

_BASE, _PRIME = 1_000_003, (1 << 61) - 1


def followed_by(digest: int, index: int) -> int:
    """The digest of some ids and one more: a polynomial of them modulo a prime of 61 bits."""
    return (digest * _BASE + index + 1) % _PRIME


def digest_of(ids: Iterable[int]) -> int:
    """The digest of ids after the prompt.

    >>> digest_of([3, 4]) == followed_by(followed_by(0, 3), 4), digest_of([0]) == digest_of([])
    (True, False)
    """
    digest = 0
    for index in ids:
        digest = followed_by(digest, index)
    return digest


class KeptPart(msgspec.Struct, frozen=True, array_like=True):
    """Keys and values of some tokens after the prompt, one behind the other."""

    digest: int
    """Of all ids after the prompt up to the last of them."""
    start: int
    """Tokens after the prompt before the first of them."""
    end: int
    """The same up to the last."""


class CacheUse(msgspec.Struct, frozen=True):
    """Keys and values kept, so that branches go on without reading their beginning again."""

    bytes_used: int
    bytes_allowed: int
    branches: int
    """How many sequences of ids have theirs kept."""
    dropped: int
    """How many were dropped for room since the checkpoint was loaded; visited again they are computed again."""
    reused: int = 0
    """Positions that this request took from what was kept."""
    computed: int = 0
    """Positions that it ran the model on."""
    token_bytes: int = 0
    """Of one position; 0 where a text takes as much as a token, as a state does."""
    prompt_bytes: int = 0
    """Of what all branches share: the positions of the prompt, what an encoder made of it, or a state."""
    parts: tuple[KeptPart, ...] = ()
    """What is kept of the branches of this prompt."""
