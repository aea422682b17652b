"""The insides of tokenizers written in Python: how SentencePiece files are read, what is handed to the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def read_sentencepiece(file: Path) -> None:
    """Read a SentencePiece model as transformers does when it converts one. Raises what it raises."""
    from transformers.convert_slow_tokenizer import SentencePieceExtractor

    SentencePieceExtractor(str(file))


@contextmanager
def cutting(
    tokenizer: Any, wrap: Callable[[Callable[..., list[str]]], Callable[..., list[str]]]
) -> Iterator[None]:
    """Let `wrap` stand around what cuts a stretch between added tokens into tokens, as long as this lasts."""
    tokenizer._tokenize = wrap(tokenizer._tokenize)  # on the object: its class stays as it is
    try:
        yield
    finally:
        del tokenizer._tokenize


def cuts_by_sentencepiece(tokenizer: Any) -> bool:
    """Whether stretches are cut by SentencePiece and nothing else."""
    from transformers.tokenization_utils_sentencepiece import SentencePieceBackend

    return isinstance(tokenizer, SentencePieceBackend) and (
        type(tokenizer)._tokenize is SentencePieceBackend._tokenize
    )
