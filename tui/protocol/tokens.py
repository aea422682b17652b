"""A model's input as tokens."""

from __future__ import annotations

import msgspec


class Token(msgspec.Struct, frozen=True, array_like=True):
    """One token of the model's input; its position is its place in the list."""

    id: int
    text: str
    """The entry of the vocabulary, as the tokenizer spells it (`##ing`, `Ġcourse`)."""
    start: int | None
    """First character in its field, in code points; None where the tokenizer knows no offsets."""
    end: int | None
    """One past the last character; `start == end` for special tokens, which come from no character."""
    special: bool
    mask: int
    """Attention mask: 1 attended, 0 padding."""
    type_id: int
    """Token type (segment) id; 0 where the model has none."""
    word: int | None
    """Index of the pre-token it belongs to; None for special tokens."""
    field: int | None = 0
    """Which of the task's fields its characters are in, by its number in the form; None where in none of them."""


class TokenSequence(msgspec.Struct, frozen=True):
    """One row of the model's input, or what a decoder wrote."""

    tokens: tuple[Token, ...]
    total: int
    """Tokens of the whole with its special tokens; `total > len(tokens)` says it was truncated."""
    unread_from: tuple[int | None, ...] = ()
    """For each field of the task: its first character that no sequence holds; None when all of it is read."""
    name: str = ""
    """What tells it from the others: a label, `window 2`, `decoder`; empty where there is one."""
