"""What a tokenizer makes of one text, cut to what the model takes.

A transformers tokenizer changes the settings of its Rust backend at every call, so two threads must never
call one. Here a tokenizer belongs to one lane, its settings are fixed once, and only the backend is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui.protocol import Token

if TYPE_CHECKING:
    import tokenizers
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Reading:
    """One text as the model reads it."""

    tokens: tuple[Token, ...]
    total: int
    """Tokens of the whole text with its special tokens."""
    limit: int | None
    """Most tokens the model takes."""
    unread_from: int | None
    """First character that was cut; None when nothing was."""
    inputs: Mapping[str, list[int]]
    """What goes into the model by name: `input_ids` and what else the tokenizer gives."""


class TextTokenizer(Protocol):
    """Reads texts for one model."""

    def read(self, text: str) -> Reading:
        """Tokenize a text of any length, cut to the limit."""


class RustTokenizer:
    """A tokenizer of the `tokenizers` library."""

    def __init__(
        self,
        backend: tokenizers.Tokenizer,
        limit: int | None,
        input_names: tuple[str, ...],
        special_ids: frozenset[int],
        unknown_id: int | None,
        truncation_side: str = "right",
    ) -> None:
        """Takes the backend over: its truncation and padding are set here and must not change again."""
        self._backend = backend
        self._limit = limit
        self._input_names = input_names
        self._special_ids = special_ids
        self._unknown_id = unknown_id
        self._side = truncation_side
        self._added = backend.num_special_tokens_to_add(False)
        backend.no_padding()
        if limit is None:
            backend.no_truncation()
        else:
            backend.enable_truncation(limit, direction=truncation_side)

    @classmethod
    def from_folder(cls, folder: Path, limit: int | None, input_names: tuple[str, ...]) -> RustTokenizer:
        """Read `tokenizer.json` alone, without transformers: for checkpoints known to need no more."""
        import tokenizers

        backend = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        special = frozenset(
            index for index, token in backend.get_added_tokens_decoder().items() if token.special
        )
        unknown = getattr(backend.model, "unk_token", None)
        return cls(
            backend, limit, input_names, special, None if unknown is None else backend.token_to_id(unknown)
        )

    def read(self, text: str) -> Reading:
        """Tokenize a text of any length, cut to the limit."""
        # encode_batch lets go of the interpreter while it works; encode holds it for a second per megabyte
        encoding = self._backend.encode_batch([text])[0]
        total = len(encoding) + sum(len(cut) - self._added for cut in encoding.overflowing)
        inputs = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        return Reading(
            tokens=self._tokens(text, encoding),
            total=total,
            limit=self._limit,
            unread_from=self._unread_from(encoding),
            inputs={name: ids for name, ids in inputs.items() if name in self._input_names},
        )

    def _tokens(self, text: str, encoding: tokenizers.Encoding) -> tuple[Token, ...]:
        columns = zip(
            encoding.ids,
            # not encoding.tokens: Unigram puts the text of an unknown piece there, not the entry it became
            map(self._backend.id_to_token, encoding.ids),
            encoding.offsets,
            encoding.special_tokens_mask,
            encoding.attention_mask,
            encoding.type_ids,
            encoding.word_ids,
            strict=True,
        )
        return tuple(
            Token(
                id=index,
                text=entry,
                start=start,
                end=end,
                special=added == 1 or self._is_special(index, entry, text[start:end]),
                mask=mask,
                type_id=type_id,
                word=word,
            )
            for index, entry, (start, end), added, mask, type_id, word in columns
        )

    def _is_special(self, index: int, entry: str, span: str) -> bool:
        """Whether a token found in the text is special; a word not in the vocabulary is unknown, not that."""
        return index in self._special_ids and (index != self._unknown_id or entry in span)

    def _unread_from(self, encoding: tokenizers.Encoding) -> int | None:
        cuts = encoding.overflowing if self._side == "left" else encoding.overflowing[:1]
        starts = [
            start
            for cut in cuts
            for (start, _), added in zip(cut.offsets, cut.special_tokens_mask, strict=True)
            if not added
        ]
        return min(starts, default=None)


class PythonTokenizer:
    """A tokenizer written in Python, which knows ids but no offsets."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, limit: int | None) -> None:
        self._tokenizer = tokenizer
        self._limit = limit

    def read(self, text: str) -> Reading:
        """Tokenize a text of any length, cut to the limit."""
        inputs = self._encode(text, None)
        total = len(inputs["input_ids"])
        if self._limit is not None and total > self._limit:
            inputs = self._encode(text, self._limit)
        ids = inputs["input_ids"]
        masks = inputs.get("attention_mask", [1] * len(ids))
        types = inputs.get("token_type_ids", [0] * len(ids))
        special = self._tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True)
        entries = self._tokenizer.convert_ids_to_tokens(ids)
        return Reading(
            tokens=tuple(
                Token(index, entry, None, None, bool(flag), mask, type_id, None)
                for index, entry, flag, mask, type_id in zip(ids, entries, special, masks, types, strict=True)
            ),
            total=total,
            limit=self._limit,
            unread_from=None,
            inputs=inputs,
        )

    def _encode(self, text: str, limit: int | None) -> dict[str, list[int]]:
        encoded = self._tokenizer(text, truncation=limit is not None, max_length=limit, verbose=False)
        return {name: list(encoded[name]) for name in encoded}


def take_over(tokenizer: PreTrainedTokenizerBase, limit: int | None) -> TextTokenizer:
    """The reader of a tokenizer loaded by transformers, which must not be called any more."""
    if not tokenizer.is_fast:
        return PythonTokenizer(tokenizer, limit)
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = tokenizer.split_special_tokens
    special = set(tokenizer.all_special_ids)
    special.update(index for index, token in tokenizer.added_tokens_decoder.items() if token.special)
    return RustTokenizer(
        backend,
        limit,
        tuple(tokenizer.model_input_names),
        frozenset(special),
        tokenizer.unk_token_id,
        tokenizer.truncation_side,
    )
