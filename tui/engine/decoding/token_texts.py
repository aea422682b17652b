"""What every token of a vocabulary adds to a text, as bytes, for what judges a text before it is written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tui.engine.errors import EngineError
from tui.engine.tokenization import entries
from tui.engine.tokenization.token_bytes import entry_bytes

if TYPE_CHECKING:
    from tui.engine.tokenization.entries import AnyTokenizer

_ANCHOR = "a"
_TRIED = 40
"""How many random texts must decode as their tokens say."""


@dataclass(frozen=True)
class TokenTexts:
    """For each id, what it adds to a text; empty for a special token and for an id without an entry."""

    first: tuple[bytes, ...]
    """Where nothing stands before it: a space at its beginning may be lost there."""
    later: tuple[bytes, ...]

    def one(self, ids: Sequence[int], place: int) -> bytes:
        """What one of the ids adds to the text that they are together."""
        if ids[place] >= len(self.later):
            return b""
        table = self.first if self.beginning(ids) == place else self.later
        return table[ids[place]]

    def beginning(self, ids: Sequence[int]) -> int:
        """The place of the first token that is no special one; their number where all are."""
        known = len(self.later)
        return next(
            (place for place, index in enumerate(ids) if index < known and self.later[index]), len(ids)
        )


_KEPT: WeakKeyDictionary[AnyTokenizer, TokenTexts] = WeakKeyDictionary()


def token_texts(tokenizer: AnyTokenizer) -> TokenTexts:
    """The table of a tokenizer, kept as long as it is; a second's work for 250,000 entries.

    Raises EngineError for a tokenizer whose decoder makes of tokens together what they don't say one by one.
    """
    known = _KEPT.get(tokenizer)
    if known is None:
        known = _made(tokenizer)
        _check(tokenizer, known)
        _KEPT[tokenizer] = known
    return known


def _made(tokenizer: AnyTokenizer) -> TokenTexts:
    inside = entries.inside(tokenizer)
    if inside.spelling is None:
        raise _unclear("how its vocabulary spells bytes isn't known")
    by_spaces = tokenizer.join([_ANCHOR, _ANCHOR]) != _ANCHOR * 2
    words = {index: entry for entry, index in entries.vocabulary(tokenizer).items()}
    first, later = [], []
    for index in range(max(words, default=-1) + 1):
        entry = words.get(index)
        if entry is None or tokenizer.is_special(index):
            text = begins = b""
        elif by_spaces:
            text = tokenizer.join([_ANCHOR, entry])[len(_ANCHOR) :].encode()
            begins = tokenizer.join([entry]).encode()
        else:
            text = begins = entry_bytes(entry, inside.spelling, index in inside.added)
            if not inside.spelling.byte_level and b" " in text:
                begins = tokenizer.decode([index], clean_up=False).encode()
        first.append(begins)
        later.append(text)
    return TokenTexts(tuple(first), tuple(later))


def _check(tokenizer: AnyTokenizer, made: TokenTexts) -> None:
    """Hold the table against the tokenizer's own decoder, on ids drawn from the whole of it."""
    whole = [index for index, text in enumerate(made.later) if text and _decodable(text)]
    if not whole:
        raise _unclear("it has no entry that is text")
    draw = random.Random(0)
    for _ in range(_TRIED):
        ids = draw.choices(whole, k=6)
        decoded = tokenizer.decode(ids, clean_up=False)
        text = b"".join(made.one(ids, place) for place in range(len(ids)))
        if text.decode(errors="replace") != decoded:
            raise _unclear(f"its decoder makes {decoded!r} of {[tokenizer.entry(index) for index in ids]}")


def _decodable(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unclear(why: str) -> EngineError:
    return EngineError(
        "No constraint with this tokenizer",
        f"What each of its tokens adds to a text can't be told: {why}.",
        "Choose a checkpoint with a tokenizer.json of byte-level BPE, WordPiece or Unigram.",
    )
