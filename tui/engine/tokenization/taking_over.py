"""A tokenizer that transformers has loaded becomes a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.engine.tokenization.conventions import cleans_up, folder_of, renderer, unknown_id_of
from tui.engine.tokenization.languages import languages_of
from tui.engine.tokenization.python_tokenizer import PythonTokenizer
from tui.engine.tokenization.reading import RustTokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def take_over(tokenizer: PreTrainedTokenizerBase, limit: int | None) -> RustTokenizer | PythonTokenizer:
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
        unknown_id_of(backend) if tokenizer.unk_token_id is None else tokenizer.unk_token_id,
        tokenizer.truncation_side,
        tokenizer.padding_side,
        tokenizer.cls_token_id,
        mask_token=tokenizer.mask_token,
        pad_id=tokenizer.pad_token_id,
        cleans_up=cleans_up(backend, lambda name: getattr(tokenizer, name, False)),
        render=renderer(tokenizer),
        folder=folder_of(tokenizer),
        languages=languages_of(tokenizer),
    )
