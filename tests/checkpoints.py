"""Tiny checkpoints with random weights and tokenizers of their own, standard transformers folders in every way."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

CORPUS = (
    "I've been waiting for a course like this my whole life.",
    "The film was dull, the acting was worse, and nobody laughed; not even once!",
    "A warm, funny and surprisingly honest story about growing up in a small town.",
    "Battery died after two days. Returned it, got my money back – would not buy again.",
    "Crème brûlée, naïve café, 東京 is far away, 😀 smiles & <b>markup</b> [brackets].",
    "He said: “tokenizers split words into pieces”, and she counted 1,234 of them in 5.6 seconds.",
)
VOCABULARY_SIZE = 400
MAX_TOKENS = 48
"""Most tokens every one of these checkpoints takes, special tokens included."""

VOCABULARIES = Path(__file__).with_name("vocabularies")

_Maker = Callable[[], PreTrainedTokenizerFast]


@cache
def trained_once(name: str) -> str:
    """A tokenizer that was trained once: ties fall differently at each training, and so would all that follows.

    `python -m tests.vocabularies` trains all of them anew.
    """
    return (VOCABULARIES / f"{name}.json").read_text(encoding="utf-8")


def _fast(backend: str, **names: Any) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(backend), model_max_length=MAX_TOKENS, **names
    )


_IN_ANGLES = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}
_AROUND_IN_ANGLES = processors.TemplateProcessing(
    single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
)
_SPECIAL_IN_ANGLES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def wordpiece() -> PreTrainedTokenizerFast:
    """Lowercasing WordPiece with [CLS] and [SEP], as BERT has it."""
    return _fast(
        trained_once("wordpiece"),
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def train_wordpiece() -> str:
    """A tokenizer as JSON."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=VOCABULARY_SIZE, special_tokens=special)
    )
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    backend.decoder = decoders.WordPiece()
    return backend.to_str()


def byte_level() -> PreTrainedTokenizerFast:
    """Byte-level BPE with <s> and </s>, as RoBERTa has it."""
    return _fast(_byte_level_backend(around=True), **_IN_ANGLES)


def bare_byte_level() -> PreTrainedTokenizerFast:
    """Byte-level BPE with nothing around the text, as GPT-2 has it."""
    return _fast(_byte_level_backend(around=False), eos_token="<|endoftext|>")


@cache
def _byte_level_backend(around: bool) -> str:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY_SIZE,
            special_tokens=_SPECIAL_IN_ANGLES if around else ["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = _AROUND_IN_ANGLES if around else processors.ByteLevel(trim_offsets=False)
    return backend.to_str()


def unigram() -> PreTrainedTokenizerFast:
    """SentencePiece-like Unigram with <s> and </s>, as XLM-RoBERTa has it."""
    return _fast(trained_once("unigram"), **_IN_ANGLES)


def train_unigram() -> str:
    """A tokenizer as JSON."""
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.train_from_iterator(
        CORPUS,
        trainers.UnigramTrainer(
            vocab_size=VOCABULARY_SIZE, special_tokens=_SPECIAL_IN_ANGLES, unk_token="<unk>"
        ),
    )
    backend.post_processor = _AROUND_IN_ANGLES
    backend.decoder = decoders.Metaspace()
    return backend.to_str()


_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "max_position_embeddings": MAX_TOKENS,
    "initializer_range": 0.3,
}
_AFTER_PADDING = _SIZES | {"max_position_embeddings": MAX_TOKENS + 2, "pad_token_id": 1}
_TWO_STACKS: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": MAX_TOKENS,
    "init_std": 0.3,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": 2,
}

ARCHITECTURES: dict[str, tuple[_Maker, dict[str, Any]]] = {
    "distilbert": (
        wordpiece,
        {
            "dim": 32,
            "hidden_dim": 48,
            "n_heads": 4,
            "n_layers": 2,
            "max_position_embeddings": MAX_TOKENS,
            "initializer_range": 0.3,
        },
    ),
    "albert": (wordpiece, _SIZES | {"embedding_size": 16}),
    "bert": (wordpiece, _SIZES),
    "electra": (wordpiece, _SIZES | {"embedding_size": 16}),
    "deberta-v2": (unigram, _SIZES | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}),
    "roberta": (byte_level, _AFTER_PADDING),
    "xlm-roberta": (unigram, _AFTER_PADDING),
    "gpt2": (
        bare_byte_level,
        {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": MAX_TOKENS, "initializer_range": 0.3},
    ),
    "llama": (bare_byte_level, _SIZES | {"num_key_value_heads": 2, "bos_token_id": None, "eos_token_id": 0}),
    "bart": (byte_level, _TWO_STACKS),
    "t5": (
        unigram,
        {
            "d_model": 32,
            "d_ff": 48,
            "d_kv": 8,
            "num_heads": 4,
            "num_layers": 2,
            "n_positions": MAX_TOKENS,
            "pad_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 1,
        },
    ),
}
"""model_type → its tokenizer's maker and the sizes of its config."""


def make_checkpoint(
    folder: Path,
    model_type: str = "distilbert",
    labels: int = 2,
    problem_type: str | None = None,
    *,
    head: str = "SequenceClassification",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    **settings: Any,
) -> Path:
    """Write a checkpoint into a folder and return the folder.

    labels: rows of the head. problem_type: what the config states. head: the auto class without `AutoModelFor`;
    empty for a model without a head.
    """
    maker, sizes = ARCHITECTURES[model_type]
    tokenizer = maker()
    names = {index: f"label {index}" for index in range(labels)}
    config = transformers.AutoConfig.for_model(
        model_type,
        vocab_size=len(tokenizer),
        id2label=names,
        label2id={name: index for index, name in names.items()},
        problem_type=problem_type,
        **(sizes | settings),
    )
    torch.manual_seed(seed)
    model = getattr(transformers, f"AutoModelFor{head}" if head else "AutoModel").from_config(config)
    model.to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def edit_json(file: Path, **changes: Any) -> None:
    """Change entries of a JSON object in a file; a value of None removes the entry."""
    content = json.loads(file.read_text(encoding="utf-8"))
    content |= changes
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
