"""Tokenizers that `transformers` runs in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tui.engine.errors import EngineError
from tui.engine.tokenization.conventions import folder_of, renderer
from tui.engine.tokenization.giving_up import gives_up
from tui.engine.tokenization.languages import languages_of
from tui.engine.tokenization.shared import SharedTokenizer
from tui.engine.tokenization.texts import Cut, Reading
from tui.protocol.tokens import Token

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

T = TypeVar("T")


class PythonTokenizer(SharedTokenizer):
    """A tokenizer written in Python, which knows ids but no offsets."""

    knows_offsets = False
    continuing_prefix = ""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, limit: int | None) -> None:
        super().__init__(tokenizer.all_special_ids, renderer(tokenizer))
        self._tokenizer = tokenizer
        self.limit = limit
        self.unknown_id = tokenizer.unk_token_id
        self.class_id: int | None = tokenizer.cls_token_id
        self.padding_side: str = tokenizer.padding_side
        self.mask_token: str | None = tokenizer.mask_token
        self.pad_id: int | None = tokenizer.pad_token_id
        self.folder = folder_of(tokenizer)
        self.languages = languages_of(tokenizer)
        self._language = None if self.languages is None else self.languages.source

    def read(
        self,
        text: str,
        pair: str | None = None,
        cut: Cut = "longest_first",
        special: bool = True,
        language: str | None = None,
    ) -> Reading:
        """Tokenize a text, or two as a pair, of any length, cut to the limit."""
        with self._calls:
            if self.languages is not None:
                self._language = self.languages.switch(self._language, language)
            inputs = self._encode(text, pair, cut, None, special)
            total = len(inputs["input_ids"])
            if self.limit is not None and total > self.limit:
                inputs = self._encode(text, pair, cut, self.limit, special)
            ids, added = inputs["input_ids"], inputs.pop("special_tokens_mask")
            masks = inputs.get("attention_mask", [1] * len(ids))
            types = inputs.get("token_type_ids", [0] * len(ids))
            flags = self._tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True)
            entries = [entry or "" for entry in self._tokenizer.convert_ids_to_tokens(ids)]
        # where a token stands in the text, such a tokenizer doesn't tell
        unknown = self.unknown_id is not None and self.is_unknown(self.unknown_id, text + (pair or ""))
        lost = self.unknown_id if unknown else None
        return Reading(
            tokens=tuple(
                Token(index, entry, None, None, bool(flag) and index != lost, mask, type_id, None, None)
                for index, entry, flag, mask, type_id in zip(ids, entries, flags, masks, types, strict=True)
            ),
            total=total,
            unread_from=(None,) if pair is None else (None, None),
            inputs=inputs,
            added=tuple(flag == 1 for flag in added),
        )

    def windows(self, *_: object) -> list[Reading]:
        """Raises EngineError: without offsets a window can't be found again in the text."""
        raise EngineError(
            "This tokenizer knows no offsets",
            "It is written in Python; what it makes of a text can't be traced back to the characters.",
            "Choose a checkpoint with a tokenizer.json.",
        )

    def decode(self, ids: Sequence[int], skip_special: bool = False, clean_up: bool = True) -> str:
        """The text that ids stand for."""
        options = {} if clean_up else {"clean_up_tokenization_spaces": False}
        with self._calls:
            try:
                return str(self._tokenizer.decode(list(ids), skip_special_tokens=skip_special, **options))
            except BaseException as error:
                missing = [index for index in ids if not self.entry(index)]
                if missing:
                    raise EngineError(
                        "The tokenizer doesn't fit the model",
                        f"It has no entry for the id {missing[0]:,}, which the model has a row for.",
                        "Copy the tokenizer and the weights from the same checkpoint.",
                    ) from error
                raise gives_up(self.folder, error) from error

    def bare_ids(self, text: str, most: int | None = None) -> list[int]:
        """The ids of a text without special tokens around it, cut to `most`."""
        with self._calls:
            return self._encode(text, None, "longest_first", most, special=False)["input_ids"]

    def entry(self, index: int) -> str:
        """The vocabulary's spelling of an id; empty for an id it doesn't have."""
        try:
            return str(self._tokenizer.convert_ids_to_tokens(index) or "")
        except (IndexError, KeyError, OverflowError, ValueError):  # each tokenizer says it in its own way
            return ""

    def id_of(self, entry: str) -> int | None:
        """The id of an entry of the vocabulary."""
        found = self._tokenizer.get_vocab().get(entry)
        return None if found is None else int(found)

    def _spells_unknown(self, span: str) -> bool:
        return self.unknown_id is not None and self.entry(self.unknown_id) in span

    def _vocabulary(self) -> dict[str, int]:
        return self._tokenizer.get_vocab()

    def ask(self, question: Callable[[PreTrainedTokenizerBase], T]) -> T:
        """The answer to a question about the tokenizer of transformers, which nobody else calls meanwhile."""
        with self._calls:
            return question(self._tokenizer)

    def join(self, entries: Sequence[str]) -> str:
        """The text that entries of the vocabulary spell."""
        return str(self._tokenizer.convert_tokens_to_string(list(entries)))

    def _encode(
        self, text: str, pair: str | None, cut: Cut, limit: int | None, special: bool = True
    ) -> dict[str, list[int]]:
        truncation: bool | str = False if limit is None else cut if pair is not None else True
        try:
            encoded = self._tokenizer(
                text,
                pair,
                truncation=truncation,
                max_length=limit,
                add_special_tokens=special,
                return_special_tokens_mask=True,
                verbose=False,
            )
        except BaseException as error:  # its own code can raise anything
            raise gives_up(self.folder, error) from error
        return {name: list(encoded[name]) for name in encoded}
