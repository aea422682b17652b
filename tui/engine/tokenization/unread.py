"""Where the part of a text begins that was cut away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tokenizers


def first_character(cuts: Sequence[tokenizers.Encoding], text: int) -> int | None:
    """The first character of a text of a pair that what was cut away holds; None where it holds none."""
    return min((start for cut in cuts for start in _starts(cut, text)), default=None)


def first_unread(whole: tokenizers.Encoding, held: tokenizers.Encoding, text: int, side: str) -> int | None:
    """The first character of a text of a pair that `whole` holds and `held`, which was cut at `side`, does not."""
    starts = _starts(whole, text)
    kept = len(_starts(held, text))
    if kept == len(starts):
        return None
    return starts[0] if side == "left" else starts[kept]


def _starts(encoding: tokenizers.Encoding, text: int) -> list[int]:
    """Where the tokens of a text of a pair begin."""
    return [
        start
        for (start, _), number in zip(encoding.offsets, encoding.sequence_ids, strict=True)
        if number == text
    ]
