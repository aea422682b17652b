"""What an id is called, what it stands for and whether it is special, looked up once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.engine.rows.vocabulary import token_text
from tui.engine.tokenization.entries import entry_of
from tui.protocol.answers import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.engine.tokenization.entries import AnyTokenizer


@dataclass(frozen=True)
class Described:
    """What is told of an id besides its numbers."""

    text: str
    bytes: bytes | None
    special: bool


class Vocabulary:
    """The ids of a tokenizer, described as they are asked for."""

    def __init__(self, tokenizer: AnyTokenizer) -> None:
        self._tokenizer = tokenizer
        self._texts: dict[int, str] = {}
        self._known: dict[int, Described] = {}

    def text(self, index: int) -> str:
        """As an id decodes by itself; the vocabulary's spelling where that is nothing or half a character."""
        found = self._texts.get(index)
        if found is None:
            found = self._texts[index] = token_text(self._tokenizer, index)
        return found

    def of(self, index: int) -> Described:
        """What is known of an id, also where the vocabulary has no entry for it."""
        found = self._known.get(index)
        if found is None:
            entry = entry_of(self._tokenizer, index)
            stands_for = None if entry.special else entry.stands_for
            found = self._known[index] = Described(self.text(index), stands_for, entry.special)
        return found

    def candidates(self, top: Iterable[tuple[int, float]]) -> tuple[Candidate, ...]:
        """Ids with their probabilities, named."""
        known = self._texts
        return tuple([
            Candidate(index, known[index] if index in known else self.text(index), probability)
            for index, probability in top
        ])  # fmt: skip
