"""Tiny tokenizers of every algorithm, trained in a moment, without transformers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from tui.engine.tokenization.opening import OpenTokenizer, open_tokenizer

CORPUS = (
    "the cat sat on the mat and the other cat sat on the other mat",
    "tokenization makes tokens of texts, and texts of tokens: that is all",
    "lower, slower, slowest; newer, newest, the widest of the new and the low",
    "déjà vu, naïve café, 東京 and Zürich; hugging face hugs",
)
ROUGH = (
    "",
    " ",
    "   the  cat\n\n\tsat   ",
    "déjà vu café 東京 🤗🤗 👩‍👩‍👧 tokens",
    "a\u0301e\u0301 \u200b\u202e [CLS] [UNK] <s> \x1b[31m[b]bold[/b]",
    "nothinglikethis ŵëïřđ \U0001f9ff 𝒳 the",
)
"""Texts of which tokens share characters, drop them or know nothing."""


def _bpe() -> Tokenizer:
    backend = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(vocab_size=150, special_tokens=["<unk>"], end_of_word_suffix="</w>")
    return _trained(backend, trainer)


def _byte_level() -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    return _trained(backend, trainer)


def _wordpiece() -> Tokenizer:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    _trained(backend, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special))
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return backend


def _unigram() -> Tokenizer:
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    return _trained(
        backend,
        trainers.UnigramTrainer(vocab_size=120, special_tokens=["<unk>", "</s>"], unk_token="<unk>"),
    )


def _word_level() -> Tokenizer:
    backend = Tokenizer(models.WordLevel(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return _trained(backend, trainers.WordLevelTrainer(vocab_size=40, special_tokens=["<unk>"]))


def _trained(backend: Tokenizer, trainer: Any) -> Tokenizer:
    backend.train_from_iterator(CORPUS, trainer)
    backend.add_tokens([AddedToken("[b]", lstrip=True, single_word=True, normalized=False)])
    return backend


MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "bpe": _bpe,
    "byte-level-bpe": _byte_level,
    "wordpiece": _wordpiece,
    "unigram": _unigram,
    "word-level": _word_level,
}


@cache
def written(name: str) -> str:
    """The tokenizer.json of a tokenizer."""
    return MAKERS[name]().to_str()


def backend_of(name: str) -> Tokenizer:
    """A new backend, for tests to compare with."""
    return Tokenizer.from_str(written(name))


def opened(name: str, folder: Path, **settings: Any) -> OpenTokenizer:
    """The tokenizer as it is opened from a folder with its tokenizer.json and, with settings, its config."""
    (folder / "tokenizer.json").write_text(written(name), encoding="utf-8")
    if settings:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return open_tokenizer(str(folder))
