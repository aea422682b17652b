"""Tiny encoder-decoder checkpoints with random weights, one for each kind that the tasks of writing know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import GenerationConfig, MBartTokenizer, NllbTokenizer, PreTrainedTokenizerFast

from tests.checkpoints import (
    ARCHITECTURES,
    CORPUS,
    MAX_TOKENS,
    VOCABULARY_SIZE,
    byte_level,
    trained_once,
    unigram,
    wordpiece,
)

PREFIXES = {
    "summarization": {"prefix": "summarize: "},
    "translation_en_to_de": {"prefix": "translate English to German: "},
    "translation_en_to_fr": {"prefix": "translate English to French: "},
}
TEXT_CODES = (">>deu<<", ">>fra<<")


def with_text_codes() -> PreTrainedTokenizerFast:
    """Unigram with the codes of a multilingual Marian."""
    tokenizer = unigram()
    tokenizer.add_tokens(list(TEXT_CODES), special_tokens=True)
    return tokenizer


def mbart() -> Any:
    """A small mBART tokenizer, its codes among the special tokens behind the text."""
    pieces = json.loads(unigram().backend_tokenizer.to_str())["model"]["vocab"]
    codes = ("de_DE", "en_XX", "fr_XX")
    vocabulary = [tuple(piece) for piece in pieces if piece[0] != "<mask>"]
    vocabulary += [*((code, 0.0) for code in codes), ("<mask>", 0.0)]
    return MBartTokenizer(vocab=vocabulary, model_max_length=MAX_TOKENS)


def nllb() -> Any:
    """A small NLLB tokenizer, the source's code before the text."""
    model = json.loads(trained_once("bpe"))["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    kind: Any = NllbTokenizer
    return kind(vocab=model["vocab"], merges=merges, model_max_length=MAX_TOKENS)


def train_bpe() -> str:
    """A tokenizer as JSON."""
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    backend.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=VOCABULARY_SIZE, special_tokens=special)
    )
    return backend.to_str()


_TWO_STACKS = {
    name: value for name, value in ARCHITECTURES["bart"][1].items() if name != "forced_eos_token_id"
} | {"tie_word_embeddings": False}
_SIZES: dict[str, tuple[str, Callable[[], Any], dict[str, Any]]] = {
    "t5": ("t5", unigram, ARCHITECTURES["t5"][1] | {"task_specific_params": PREFIXES}),
    "bart": ("bart", byte_level, _TWO_STACKS),
    "marian": ("marian", unigram, _TWO_STACKS | {"decoder_start_token_id": 1}),
    "marian with codes": ("marian", with_text_codes, _TWO_STACKS | {"decoder_start_token_id": 1}),
    "pegasus": ("pegasus", unigram, _TWO_STACKS | {"decoder_start_token_id": 1}),
    "mbart": ("mbart", mbart, _TWO_STACKS),
    "nllb": ("m2m_100", nllb, _TWO_STACKS),
}
KINDS = (*_SIZES, "bert2bert")


def make_writer(
    folder: Path,
    kind: str,
    *,
    seed: int = 0,
    generation: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """Write a checkpoint of a kind into a folder and return the folder.

    generation: changes to its generation_config.json. settings: changes to its config.
    """
    torch.manual_seed(seed)
    if kind == "bert2bert":
        tokenizer: Any = wordpiece()
        model: Any = _bert2bert(len(tokenizer), **settings)
    else:
        model_type, maker, sizes = _SIZES[kind]
        tokenizer = maker()
        config = transformers.AutoConfig.for_model(
            model_type, vocab_size=len(tokenizer), **(sizes | settings)
        )
        model = getattr(transformers, "AutoModelForSeq2SeqLM").from_config(config)  # noqa: B009 - untyped
        with torch.no_grad():  # otherwise one token wins everywhere and nothing is told apart
            model.get_output_embeddings().weight.normal_(0, 0.3)
    model.generation_config = GenerationConfig.from_dict(
        model.generation_config.to_dict() | (generation or {})
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _bert2bert(vocabulary: int, **settings: Any) -> Any:
    sizes = ARCHITECTURES["bert"][1] | {"vocab_size": vocabulary}
    encoder = transformers.BertConfig(**sizes)
    decoder = transformers.BertConfig(**sizes, is_decoder=True, add_cross_attention=True)
    config = transformers.EncoderDecoderConfig.from_encoder_decoder_configs(
        encoder, decoder, decoder_start_token_id=2, eos_token_id=3, pad_token_id=0, **settings
    )
    return transformers.EncoderDecoderModel(config=config)
