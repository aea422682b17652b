"""Each algorithm as the `tokenizers` library puts it together: an empty tokenizer, and what trains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

if TYPE_CHECKING:
    from tui.protocol.microscope.training import Algorithm, Recipe

WORD_END = "</w>"
CONTINUES = "##"
_UNKNOWN = "[UNK]"
_ANY_CHARACTER = r"[\s\S]"
_BERT = [_UNKNOWN, "[CLS]", "[SEP]", "[PAD]", "[MASK]"]


def train(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Train a tokenizer; the library writes its progress to standard error as JSON where it can."""
    return _MAKERS[recipe.algorithm](recipe, lines)


def _bpe(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Sennrich et al. 2016: characters, an end-of-word mark, merges within words."""
    tokenizer = tokenizers.Tokenizer(
        models.BPE(unk_token="<unk>", end_of_word_suffix=WORD_END, fuse_unk=True)
    )
    tokenizer.normalizer = _normalizer(recipe, normalizers.NFC())
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.BPEDecoder(suffix=WORD_END)
    trainer = _bpe_trainer(recipe, special_tokens=["<unk>"], end_of_word_suffix=WORD_END)
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def _byte_level_bpe(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Radford et al. 2019 (GPT-2): the 256 bytes are the alphabet."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.normalizer = _normalizer(recipe)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = _bpe_trainer(
        recipe,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def _wordpiece(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Schuster and Nakajima 2012, as BERT has it. The library learns the pieces as BPE does and keeps no merges.

    So does this: `WordPieceTrainer` hands its work to a `BpeTrainer`, which alone tells its progress.
    """
    normalizer = normalizers.BertNormalizer(lowercase=recipe.lowercase)
    learner = tokenizers.Tokenizer(models.BPE(unk_token=_UNKNOWN, continuing_subword_prefix=CONTINUES))
    learner.normalizer = normalizer
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learner.train_from_iterator(
        lines, _bpe_trainer(recipe, special_tokens=_BERT, continuing_subword_prefix=CONTINUES)
    )
    vocabulary = learner.get_vocab(with_added_tokens=True)
    tokenizer = tokenizers.Tokenizer(
        models.WordPiece(vocabulary, unk_token=_UNKNOWN, continuing_subword_prefix=CONTINUES)
    )
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(_BERT)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    tokenizer.decoder = decoders.WordPiece(prefix=CONTINUES)
    return tokenizer


def _unigram(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Kudo 2018, as T5 has it: spaces are part of the pieces."""
    tokenizer = tokenizers.Tokenizer(models.Unigram())
    tokenizer.normalizer = _normalizer(recipe, normalizers.NFKC())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=recipe.vocabulary_size,
        special_tokens=["<unk>", "</s>"],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>",
        pair="$A </s> $B </s>",
        special_tokens=[("</s>", tokenizer.token_to_id("</s>"))],
    )
    return tokenizer


def _word(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Words and punctuation marks, the most frequent ones."""
    return _word_level(recipe, lines, pre_tokenizers.Whitespace(), None)


def _character(recipe: Recipe, lines: Iterator[str]) -> tokenizers.Tokenizer:
    """Characters, the most frequent ones; spaces and line ends are characters, too."""
    each = pre_tokenizers.Split(tokenizers.Regex(_ANY_CHARACTER), "isolated")
    return _word_level(recipe, lines, each, decoders.Fuse())


def _word_level(recipe: Recipe, lines: Iterator[str], split: Any, decoder: Any) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.WordLevel(unk_token=_UNKNOWN))
    tokenizer.normalizer = _normalizer(recipe)
    tokenizer.pre_tokenizer = split
    if decoder is not None:
        tokenizer.decoder = decoder
    trainer = trainers.WordLevelTrainer(
        vocab_size=recipe.vocabulary_size,
        min_frequency=recipe.least_frequency,
        special_tokens=[_UNKNOWN],
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def _normalizer(recipe: Recipe, *first: Any) -> Any:
    parts = [*first, *([normalizers.Lowercase()] if recipe.lowercase else [])]
    return normalizers.Sequence(parts) if len(parts) > 1 else parts[0] if parts else None


def _bpe_trainer(recipe: Recipe, **settings: Any) -> trainers.BpeTrainer:
    return trainers.BpeTrainer(
        vocab_size=recipe.vocabulary_size,
        min_frequency=recipe.least_frequency,
        progress_format="json",
        **settings,
    )


_MAKERS: dict[Algorithm, Callable[[Recipe, Iterator[str]], tokenizers.Tokenizer]] = {
    "bpe": _bpe,
    "byte-level-bpe": _byte_level_bpe,
    "wordpiece": _wordpiece,
    "unigram": _unigram,
    "word": _word,
    "character": _character,
}
