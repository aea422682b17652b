"""What a tokenizer makes of a text, and what every tokenizer can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from tui.protocol.tokens import Token, TokenSequence

if TYPE_CHECKING:
    from tui.engine.tokenization.languages import Languages

Cut: TypeAlias = Literal["longest_first", "only_first", "only_second"]
"""Which of two texts gives way when both together are too long."""
Turns: TypeAlias = Sequence[Mapping[str, str]]
"""A conversation: for each turn its `role` and its `content`."""


@dataclass(frozen=True)
class Reading:
    """One text, or a pair of texts, as the model reads it: one row of its input."""

    tokens: tuple[Token, ...]
    total: int
    """Tokens of the whole with its special tokens."""
    unread_from: tuple[int | None, ...]
    """For each text: its first character that was cut; None when nothing was."""
    inputs: Mapping[str, list[int]]
    """What goes into the model by name: `input_ids` and what else the tokenizer gives."""
    added: tuple[bool, ...] = ()
    """Which tokens the tokenizer put around the text; a special token typed into the text is not one of them."""

    @property
    def ids(self) -> list[int]:
        """The token ids."""
        return self.inputs["input_ids"]

    def sequence(self, name: str = "") -> TokenSequence:
        """The same for the screen."""
        return TokenSequence(self.tokens, self.total, self.unread_from, name)


class TextTokenizer(Protocol):
    """Reads texts for one model."""

    @property
    def limit(self) -> int | None:
        """Most tokens one input may have, special tokens included."""

    @property
    def knows_offsets(self) -> bool:
        """Whether tokens can be traced back to the characters of the text."""

    @property
    def continuing_prefix(self) -> str:
        """How entries begin that go on with a word, `##` say; empty where the vocabulary doesn't mark them so."""

    @property
    def unknown_id(self) -> int | None:
        """The id that stands for what is not in the vocabulary."""

    @property
    def class_id(self) -> int | None:
        """The id of the token that stands for the whole text, [CLS] say."""

    @property
    def padding_side(self) -> str:
        """`right` or `left`: where this tokenizer's batches would be padded."""

    @property
    def mask_token(self) -> str | None:
        """How the tokenizer spells a masked place; None where it has no such token."""

    @property
    def pad_id(self) -> int | None:
        """The id of the padding token; None where the tokenizer has none."""

    @property
    def folder(self) -> Path | None:
        """The checkpoint's folder; None where unknown."""

    @property
    def languages(self) -> Languages | None:
        """The language codes, where the special tokens tell the language of the text."""

    def read(
        self,
        text: str,
        pair: str | None = None,
        cut: Cut = "longest_first",
        special: bool = True,
        language: str | None = None,
    ) -> Reading:
        """Tokenize a text, or two as a pair, of any length, cut to the limit.

        special: whether special tokens go around it; a chat template has put its own there. language: the code of
        the text's language, one of `languages`; None stands for the tokenizer's own.
        """

    def bare_ids(self, text: str, most: int | None = None) -> list[int]:
        """The ids of a text without special tokens around it, cut to `most`."""

    def render(self, turns: Turns) -> str:
        """The prompt that the chat template makes of the turns, open for the assistant to go on.

        The last turn is continued where it is the assistant's. Raises EngineError without a chat template, and
        where it refuses these turns.
        """

    def windows(self, text: str, pair: str | None, cut: Cut, size: int, stride: int) -> list[Reading]:
        """Tokenize into as many overlapping windows of at most `size` tokens as the text to cut needs.

        Neighboring windows share `stride` tokens. Raises EngineError where the tokenizer can't, or the window is
        too small for what is not cut.
        """

    def decode(self, ids: Sequence[int], skip_special: bool = False, clean_up: bool = True) -> str:
        """The text that ids stand for, cleaned up if the tokenizer's config says so and `clean_up` allows it."""

    def entry(self, index: int) -> str:
        """The vocabulary's spelling of an id; empty for an id it doesn't have."""

    def id_of(self, entry: str) -> int | None:
        """The id of an entry of the vocabulary."""

    def is_special(self, index: int) -> bool:
        """Whether an id is that of a special token, which `decode` can skip."""

    def text_codes(self) -> tuple[str, ...]:
        """The language codes `>>xx<<` of the vocabulary, which a person types before the text."""

    def join(self, entries: Sequence[str]) -> str:
        """The text that entries of the vocabulary spell, as `convert_tokens_to_string` of transformers has it."""
