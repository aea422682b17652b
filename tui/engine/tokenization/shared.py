"""What tokenizers of both kinds, Rust's and Python's, have in common."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping

from tui.engine.tokenization.conventions import no_chat_template
from tui.engine.tokenization.languages import codes_in_text
from tui.engine.tokenization.texts import Turns


class SharedTokenizer:
    """One call at a time goes to what does the work; subclasses know what that is."""

    unknown_id: int | None
    """The id that stands for what is not in the vocabulary."""

    def __init__(self, special_ids: Collection[int], render: Callable[[Turns], str] | None) -> None:
        """render: applies the chat template; None where there is none."""
        self._calls = threading.Lock()
        self._special_ids = frozenset(special_ids)
        self._render = render
        self._text_codes: tuple[str, ...] | None = None

    def _vocabulary(self) -> Mapping[str, int]:
        """Entries and their ids; called with the lock held."""
        raise NotImplementedError

    def render(self, turns: Turns) -> str:
        """The prompt that the chat template makes of the turns. Raises EngineError where there is none."""
        if self._render is None:
            raise no_chat_template()
        return self._render(turns)

    def try_text(self, text: str, pair: str | None = None, back: bool = False) -> None:
        """Try a text apart, where this tokenizer could run without end on it. Raises EngineError where it does."""

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids of special tokens."""
        return self._special_ids

    def is_special(self, index: int) -> bool:
        """Whether an id is that of a special token."""
        return index in self._special_ids

    def is_unknown(self, index: int, span: str) -> bool:
        """Whether an id that a text became stands for what is not in the vocabulary, not for its own spelling.

        span: the characters that it stands for; all of the text where the tokenizer doesn't tell which.
        """
        return index == self.unknown_id and not self._spells_unknown(span)

    def is_special_in(self, index: int, span: str) -> bool:
        """Whether an id that a text became is a special token: what is not in the vocabulary is unknown, not that.

        span: as for `is_unknown`.
        """
        return index in self._special_ids and not self.is_unknown(index, span)

    def _spells_unknown(self, span: str) -> bool:
        """Whether these characters are the unknown token itself."""
        raise NotImplementedError

    def text_codes(self) -> tuple[str, ...]:
        """The language codes `>>xx<<` of the vocabulary."""
        if self._text_codes is None:
            with self._calls:
                self._text_codes = codes_in_text(self._vocabulary())
        return self._text_codes
