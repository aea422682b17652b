"""How a tokenizer is trained: the choices, as plain values."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

Algorithm: TypeAlias = Literal["bpe", "byte-level-bpe", "wordpiece", "unigram", "word", "character"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
ABOUT: dict[Algorithm, str] = {
    "bpe": "merges the most frequent pair of symbols, again and again; starts from characters",
    "byte-level-bpe": "the same from bytes: 256 symbols spell every text, nothing is unknown (GPT-2)",
    "wordpiece": "learned as BPE is, used by longest match first; ## marks what continues a word (BERT)",
    "unigram": "starts with too many pieces and drops those the text misses least (T5, XLNet)",
    "word": "every word an entry: short sequences, a large vocabulary, rare words unknown",
    "character": "every character an entry: a small vocabulary, long sequences",
}
SMALLEST, LARGEST = 16, 1_000_000
"""Vocabulary sizes that can be asked for."""


class Recipe(msgspec.Struct, frozen=True):
    """What to train, and from what."""

    algorithm: Algorithm
    vocabulary_size: int
    """Most entries, special tokens among them; a text too small for it gives fewer."""
    text: str = ""
    """The text to learn from; empty where `path` names it."""
    path: str = ""
    """A text file, or a folder all of whose text files are read, subfolders too."""
    lowercase: bool = False
    """Whether capitals are read as small letters."""
    least_frequency: int = 2
    """How often a pair or a word has to occur to be learned; Unigram has no such limit."""
