"""From the pieces of a text to the model's input: cut to the limit, then special tokens put around."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from tui.engine.tokenization.components import Component, in_sequence, template_item
from tui.engine.tokenization.cutting import with_added_tokens

if TYPE_CHECKING:
    import tokenizers


@dataclass(frozen=True)
class Columns:
    """The tokens of a text, or of the whole input, column by column."""

    ids: Sequence[int]
    tokens: Sequence[str] = field(compare=False)  # Unigram puts the text of an unknown piece there
    offsets: Sequence[tuple[int, int]]
    words: Sequence[int | None]
    type_ids: Sequence[int]
    special: Sequence[int]
    """1 for what a post-processor put there."""
    fields: Sequence[int | None]
    """0 the text, 1 the second of a pair, None what a post-processor put there."""

    @classmethod
    def of(cls, encoding: tokenizers.Encoding) -> Columns:
        """The columns of the library's object."""
        return cls(
            encoding.ids,
            encoding.tokens,
            encoding.offsets,
            encoding.word_ids,
            encoding.type_ids,
            encoding.special_tokens_mask,
            encoding.sequence_ids,
        )

    def cut(self, start: int, end: int) -> Columns:
        """The tokens [start, end)."""
        return Columns(*(getattr(self, column.name)[start:end] for column in fields(self)))

    def of_field(self, field: int) -> Columns:
        """The tokens that come from one text."""
        places = [place for place, own in enumerate(self.fields) if own == field]
        return Columns(*([getattr(self, column.name)[place] for place in places] for column in fields(self)))

    def encoding(self) -> tokenizers.Encoding:
        """The library's object, made as unpickling makes it: it has no other way to change ids."""
        from tokenizers import Encoding

        encoding = Encoding()
        state = {
            "ids": self.ids,
            "type_ids": self.type_ids,
            "tokens": self.tokens,
            "words": self.words,
            "offsets": self.offsets,
            "special_tokens_mask": self.special,
            "attention_mask": [1] * len(self.ids),
            "overflowing": [],
            "sequence_ranges": {},
        }
        encoding.__setstate__(json.dumps(state).encode())
        return encoding


class Bare:
    """A tokenizer that shares another's model and stops after it. Not for two threads at once."""

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer(backend.model)
        self._tokenizer.normalizer = backend.normalizer
        self._tokenizer.pre_tokenizer = backend.pre_tokenizer
        self._ids = with_added_tokens(self._tokenizer, backend, backend.get_added_tokens_decoder())

    def pieces(self, text: str, field: int) -> Columns:
        """The model's pieces of a text, with the offsets it gives them and the backend's ids."""
        columns = Columns.of(self._tokenizer.encode_batch([text], add_special_tokens=False)[0])
        ids = [self._ids.get(index, index) for index in columns.ids]
        return replace(columns, ids=ids, fields=[field] * len(ids))


def post_processed(processors: Sequence[Component], texts: Sequence[Columns], special: bool) -> Columns:
    """What post-processors make of the pieces of a text, or of two."""
    from tokenizers import Encoding

    whole = in_sequence("post-processor", processors)
    if whole is not None:
        encodings = [text.encoding() for text in texts]
        return Columns.of(whole.process(encodings[0], encodings[1] if len(encodings) > 1 else None, special))
    encodings = [
        replace(text, type_ids=[number] * len(text.ids)).encoding() for number, text in enumerate(texts)
    ]
    for number, encoding in enumerate(encodings):
        encoding.set_sequence_id(number)
    return Columns.of(Encoding.merge(encodings, growing_offsets=False))


def items(processors: Sequence[Component], columns: Columns) -> list[str]:
    """For each token the item of the template that put it there; empty where that can't be told."""
    counts = [sum(field == number for field in columns.fields) for number in (0, 1)]
    special = [index for index, field in zip(columns.ids, columns.fields, strict=True) if field is None]
    for processor in reversed(processors):
        for pair in (False, True):
            named = _named(processor, counts, pair)
            if len(named) == len(columns.ids) and special == [
                index for index, _ in named if index is not None
            ]:
                return [item for _, item in named]
    return [""] * len(columns.ids)


def _named(processor: Component, counts: Sequence[int], pair: bool) -> list[tuple[int | None, str]]:
    """The tokens a processor lays out: the id of each special token, None for one of a text, and its item."""
    if processor.name == "TemplateProcessing":
        return _by_template(processor.settings, counts, pair)
    if processor.name not in ("BertProcessing", "RobertaProcessing"):
        return []
    cls, sep = processor.settings["cls"], processor.settings["sep"]
    second = 1 if processor.name == "BertProcessing" else 0
    first = [*[(cls[1], f"{cls[0]}:0")], *[(None, "$A:0")] * counts[0], (sep[1], f"{sep[0]}:0")]
    if not pair:
        return first
    between = [(sep[1], f"{sep[0]}:0")] if processor.name == "RobertaProcessing" else []
    return [*first, *between, *[(None, f"$B:{second}")] * counts[1], (sep[1], f"{sep[0]}:{second}")]


def _by_template(
    settings: Mapping[str, Any], counts: Sequence[int], pair: bool
) -> list[tuple[int | None, str]]:
    named: list[tuple[int | None, str]] = []
    for item in settings["pair" if pair else "single"]:
        written = template_item(item)
        if "Sequence" in item:
            named += [(None, written)] * counts["AB".index(item["Sequence"]["id"])]
        else:
            ids = settings["special_tokens"][item["SpecialToken"]["id"]]["ids"]
            named += [(index, written) for index in ids]
    return named
