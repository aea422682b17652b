"""What sort tokens are of, and how the vocabulary spells those that a text had not had before."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tui.protocol.microscope.portions import Tokens

if TYPE_CHECKING:
    from tui.engine.tokenization.pieces import PieceMaker
    from tui.engine.tokenization.reading import RustTokenizer

Span = tuple[int, int]


class TokenSorts:
    """Completes the columns of one text's tokens, or of several's; no entry is told twice."""

    def __init__(self, reader: RustTokenizer, make: PieceMaker) -> None:
        self._reader = reader
        self._make = make
        self._known: set[int] = set()
        """Ids whose entries were told."""
        number = reader.unknown_id
        self.unknown_entry = "" if number is None else reader.entry(number)
        """What stands for what is not in the vocabulary; empty where nothing does."""

    def named(self, tokens: Tokens, added_words: AbstractSet[int], text: str) -> Tokens:
        """With what sort each token is of, and the entries that none of the tokens before had.

        added_words: which words of the text are added tokens.
        """
        around, held, unknown_id = tokens.around, {*tokens.ids}, self._reader.unknown_id
        new = held - self._known
        sorts = held & self._reader.special_ids
        if not (around or new or sorts or added_words or unknown_id in held):
            return tokens  # as most are; what is not there is not looked for, either
        self._known |= new
        special = [place for place, index in enumerate(tokens.ids) if index in sorts] if sorts else []
        unknown = self.unknown(tokens, added_words)
        return replace(
            tokens,
            special=sorted({*around, *(place for place in special if self._is_there(tokens, place, text))}),
            unknown=unknown,
            added=[place for place, word in enumerate(tokens.words) if word in added_words]
            if added_words
            else [],
            entries=[self._make.entry(index) for index in sorted(new)],
        )

    def unknown(self, tokens: Tokens, added_words: AbstractSet[int]) -> list[int]:
        """The places of tokens that stand for what is not in the vocabulary."""
        wanted = self._reader.unknown_id
        if wanted not in tokens.ids:
            return []
        around = {*tokens.around}
        return [
            place
            for place, (index, word) in enumerate(zip(tokens.ids, tokens.words, strict=True))
            if index == wanted and word not in added_words and place not in around
        ]

    def unknown_spans(self, tokens: Tokens, added_words: AbstractSet[int]) -> list[Span]:
        """Where in the text these stand."""
        places = self.unknown(tokens, added_words)
        return [(tokens.starts[place] or 0, tokens.ends[place] or 0) for place in places]

    def _is_there(self, tokens: Tokens, place: int, text: str) -> bool:
        """Whether the text holds the special token itself, and not something unknown that became it."""
        span = text[tokens.starts[place] or 0 : tokens.ends[place] or 0]
        return not self._reader.is_unknown(tokens.ids[place], span)
