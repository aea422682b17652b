"""Two checkpoints so small that thousands of copies cost nothing, written byte by byte, without any library."""

from __future__ import annotations

import json
import math
import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = (
    "i",
    "love",
    "a",
    "good",
    "film",
    "bad",
    "the",
    "is",
    "s",
    "##s",
    "!",
    ".",
    ",",
    "it",
    "not",
    "and",
    "##a",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?'"
SIDE = 8
POSITIONS = 32
_TOKENIZER_SETTINGS = {"model_max_length": POSITIONS, "tokenizer_class": "PreTrainedTokenizerFast"}
"""The class that takes a tokenizer.json as it is; that of a kind of model takes the vocabulary and makes the rest."""


def _added(index: int, content: str) -> Json:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": index, "content": content, **flags}


def wordpiece() -> Json:
    """The tokenizer.json of a lowercasing WordPiece with [CLS] and [SEP]."""
    entries = [*_SPECIAL, *_WORDS, *(letter for letter in _LETTERS if letter not in _WORDS)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(index, token) for index, token in enumerate(_SPECIAL)],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [_special("[CLS]"), _sequence("A", 0), _special("[SEP]")],
            "pair": [
                _special("[CLS]"), _sequence("A", 0), _special("[SEP]"), _sequence("B", 1), _special("[SEP]", 1),
            ],
            "special_tokens": {
                token: {"id": token, "ids": [_SPECIAL.index(token)], "tokens": [token]} for token in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {entry: index for index, entry in enumerate(entries)},
        },
    }  # fmt: skip


def _special(token: str, type_id: int = 0) -> Json:
    return {"SpecialToken": {"id": token, "type_id": type_id}}


def _sequence(name: str, type_id: int) -> Json:
    return {"Sequence": {"id": name, "type_id": type_id}}


def bpe() -> Json:
    """The tokenizer.json of a BPE over letters, spaces written as ▁, with an end token and nothing around the text."""
    merges = [["▁", "a"], ["t", "h"], ["th", "e"], ["i", "s"], ["g", "o"], ["o", "d"]]
    entries = ["<end>", "<unk>", "▁", *_LETTERS, *("".join(pair) for pair in merges)]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(0, "<end>")],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": space,
        "post_processor": None,
        "decoder": space,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {entry: index for index, entry in enumerate(entries)}, "merges": merges,
        },
    }  # fmt: skip


def unigram() -> Json:
    """The tokenizer.json of a Unigram over letters and a few words."""
    tokenizer = bpe()
    scored = [
        ["<unk>", 0.0],
        ["▁", -2.0],
        *([letter, -4.0] for letter in _LETTERS),
        ["the", -1.5],
        ["good", -1.25],
    ]
    return tokenizer | {
        "added_tokens": [_added(0, "<unk>")],
        "model": {"type": "Unigram", "unk_id": 0, "vocab": scored, "byte_fallback": False},
    }


def _norm(name: str) -> dict[str, list[int]]:
    return {f"{name}.weight": [SIDE], f"{name}.bias": [SIDE]}


def _dense(name: str, rows: int = SIDE) -> dict[str, list[int]]:
    return {f"{name}.weight": [rows, SIDE], f"{name}.bias": [rows]}


def classifier_shapes(entries: int) -> dict[str, list[int]]:
    """Name and shape of every tensor of the classifier."""
    layer, embeddings = "bert.encoder.layer.0", "bert.embeddings"
    shapes = {
        f"{embeddings}.word_embeddings.weight": [entries, SIDE],
        f"{embeddings}.position_embeddings.weight": [POSITIONS, SIDE],
        f"{embeddings}.token_type_embeddings.weight": [2, SIDE],
        **_norm(f"{embeddings}.LayerNorm"),
    }
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        shapes |= _dense(f"{layer}.attention.{part}")
    shapes |= _norm(f"{layer}.attention.output.LayerNorm") | _dense(f"{layer}.intermediate.dense")
    shapes |= _dense(f"{layer}.output.dense") | _norm(f"{layer}.output.LayerNorm")
    return shapes | _dense("bert.pooler.dense") | _dense("classifier", 2)


def writer_shapes(entries: int) -> dict[str, list[int]]:
    """Name and shape of every tensor of the model that writes."""
    layer = "transformer.h.0"
    shapes = {"transformer.wte.weight": [entries, SIDE], "transformer.wpe.weight": [POSITIONS, SIDE]}
    for name, columns in (
        ("attn.c_attn", 3 * SIDE),
        ("attn.c_proj", SIDE),
        ("mlp.c_fc", SIDE),
        ("mlp.c_proj", SIDE),
    ):
        shapes |= {f"{layer}.{name}.weight": [SIDE, columns], f"{layer}.{name}.bias": [columns]}
    return shapes | _norm(f"{layer}.ln_1") | _norm(f"{layer}.ln_2") | _norm("transformer.ln_f")


def safetensors(shapes: Mapping[str, list[int]]) -> bytes:
    """A file of small numbers that are the same each time, float32."""
    numbers, at, header, body = random.Random(1), 0, {}, bytearray()
    for name, shape in shapes.items():
        count = math.prod(shape)
        body += struct.pack(f"<{count}f", *(numbers.uniform(-0.5, 0.5) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, len(body)]}
        at = len(body)
    return with_header(header, bytes(body))


def with_header(header: object, body: bytes) -> bytes:
    """A safetensors file of any header, which may be bytes that are no JSON."""
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + body


def classifier_config() -> Json:
    return {
        "model_type": "bert", "architectures": ["BertForSequenceClassification"], "hidden_size": SIDE,
        "intermediate_size": SIDE, "num_attention_heads": 2, "num_hidden_layers": 1, "type_vocab_size": 2,
        "max_position_embeddings": POSITIONS, "vocab_size": len(wordpiece()["model"]["vocab"]),
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}, "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
        "pad_token_id": 0, "dtype": "float32",
    }  # fmt: skip


def writer_config() -> Json:
    return {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": SIDE, "n_inner": SIDE, "n_head": 2,
        "n_layer": 1, "n_positions": POSITIONS, "vocab_size": len(bpe()["model"]["vocab"]), "bos_token_id": 0,
        "eos_token_id": 0, "dtype": "float32",
    }  # fmt: skip


def write_classifier(folder: Path) -> Path:
    """A checkpoint for sentiment-analysis."""
    entries = len(wordpiece()["model"]["vocab"])
    _write(folder, classifier_config(), wordpiece(), classifier_shapes(entries))
    tokens = {f"{name.strip('[]').lower()}_token": name for name in _SPECIAL}
    write_json(folder / "tokenizer_config.json", {**_TOKENIZER_SETTINGS, **tokens})
    return folder


def write_writer(folder: Path) -> Path:
    """A checkpoint for text-generation, with a chat template."""
    entries = len(bpe()["model"]["vocab"])
    _write(folder, writer_config(), bpe(), writer_shapes(entries))
    template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    settings = {"eos_token": "<end>", "unk_token": "<unk>", "chat_template": template}
    write_json(folder / "tokenizer_config.json", {**_TOKENIZER_SETTINGS, **settings})
    write_json(folder / "generation_config.json", {"max_new_tokens": 3, "eos_token_id": 0})
    return folder


def _write(folder: Path, config: Json, tokenizer: Json, shapes: Mapping[str, list[int]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", tokenizer)
    (folder / "model.safetensors").write_bytes(safetensors(shapes))


def write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
