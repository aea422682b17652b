"""Tiny tokenizers with every kind of component, for the tests of the stages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Any

import sentencepiece
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from tests.checkpoints import CORPUS
from tui.engine.tokenization.reading import RustTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

NORMALIZERS: dict[str, Any] = {
    "none": lambda: None,
    "NFD, StripAccents, Lowercase": lambda: normalizers.Sequence(
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]
    ),
    "NFC": normalizers.NFC,
    "NFKC": normalizers.NFKC,
    "NFKD": normalizers.NFKD,
    "Nmt": normalizers.Nmt,
    "Replace": lambda: normalizers.Replace(Regex(" {2,}"), " "),
    "Prepend, Replace": lambda: normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    ),
    "Strip": lambda: normalizers.Strip(left=True, right=True),
    "a sequence in a sequence": lambda: normalizers.Sequence(
        [normalizers.Sequence([normalizers.Strip(), normalizers.NFKC()]), normalizers.Lowercase()]
    ),
    "BertNormalizer": normalizers.BertNormalizer,
    "ByteLevel": normalizers.ByteLevel,
    "Precompiled": lambda: normalizers.Precompiled(sentencepiece_table()),
}
PRE_TOKENIZERS: dict[str, Any] = {
    "none": lambda: None,
    "ByteLevel": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    "ByteLevel with a space in front": lambda: pre_tokenizers.ByteLevel(add_prefix_space=True),
    "Metaspace": pre_tokenizers.Metaspace,
    "Metaspace in front of the first": lambda: pre_tokenizers.Metaspace(prepend_scheme="first"),
    "Metaspace without a split": lambda: pre_tokenizers.Metaspace(prepend_scheme="never", split=False),
    "Digits": lambda: pre_tokenizers.Digits(individual_digits=True),
    "Punctuation": pre_tokenizers.Punctuation,
    "Split, ByteLevel": lambda: pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{N}{1,3}|[^\s\p{L}\p{N}]+|\s+(?!\S)"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    ),
    "Split, removed": lambda: pre_tokenizers.Split("a", "removed"),
    "CharDelimiterSplit": lambda: pre_tokenizers.CharDelimiterSplit("."),
    "Whitespace": pre_tokenizers.Whitespace,
    "WhitespaceSplit, Digits, Punctuation": lambda: pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(), pre_tokenizers.Punctuation()]
    ),
    "BertPreTokenizer": pre_tokenizers.BertPreTokenizer,
    "UnicodeScripts": pre_tokenizers.UnicodeScripts,
}
POST_PROCESSORS: dict[str, Any] = {
    "none": lambda: None,
    "TemplateProcessing": lambda: processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    ),
    "a template that starts with B": lambda: processors.TemplateProcessing(
        single="$A:3 [SEP]:4", pair="$B:1 [SEP]:2 $A [CLS]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    ),
    "BertProcessing": lambda: processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)),
    "RobertaProcessing": lambda: processors.RobertaProcessing(("[SEP]", 3), ("[CLS]", 2)),
    "ByteLevel": lambda: processors.ByteLevel(trim_offsets=True),
    "ByteLevel, TemplateProcessing": lambda: processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True, add_prefix_space=False),
            processors.TemplateProcessing(
                single="[CLS] $A", pair="[CLS] $A [CLS] $B:1", special_tokens=[("[CLS]", 2)]
            ),
        ]
    ),
}
DECODERS: dict[str, Any] = {
    "none": lambda: None,
    "WordPiece": decoders.WordPiece,
    "WordPiece, no clean-up": lambda: decoders.WordPiece(prefix="##", cleanup=False),
    "ByteLevel": decoders.ByteLevel,
    "Metaspace": decoders.Metaspace,
    "Llama": lambda: decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(content=" ", left=1, right=0),
        ]
    ),
    "Fuse": decoders.Fuse,
    "Strip": lambda: decoders.Strip(content="a", left=1, right=0),
    "Replace": lambda: decoders.Replace(Regex("[aeiou]"), " "),
    "CTC": lambda: decoders.CTC(pad_token="[PAD]", word_delimiter_token="a"),
    "BPEDecoder": lambda: decoders.BPEDecoder(suffix="</w>"),
}


def put_together(
    normalizer: str = "none",
    pre_tokenizer: str = "none",
    post_processor: str = "none",
    decoder: str = "none",
    model: str = "byte-level",
    added: Sequence[AddedToken] = (),
) -> Tokenizer:
    """A tokenizer of components by their names here."""
    backend = Tokenizer.from_str(trained(model))
    backend.normalizer = NORMALIZERS[normalizer]()
    backend.pre_tokenizer = PRE_TOKENIZERS[pre_tokenizer]()
    backend.post_processor = POST_PROCESSORS[post_processor]()
    backend.decoder = DECODERS[decoder]()
    backend.add_tokens([token for token in added if not token.special])
    backend.add_special_tokens([token for token in added if token.special])
    return backend


def reader_of(backend: Tokenizer, limit: int | None = None, side: str = "right") -> RustTokenizer:
    """The engine's reader of a tokenizer."""
    special = frozenset(i for i, token in backend.get_added_tokens_decoder().items() if token.special)
    names = ("input_ids", "attention_mask", "token_type_ids")
    return RustTokenizer(backend, limit, names, special, backend.token_to_id("[UNK]"), truncation_side=side)


@cache  # training breaks ties differently each time
def trained(model: str) -> str:
    """A small model of each kind with the special tokens 0 to 4, and no other component."""
    made: dict[str, tuple[Any, Any]] = {
        "byte-level": (
            models.BPE(unk_token="[UNK]"),
            trainers.BpeTrainer(
                vocab_size=400,
                special_tokens=SPECIAL,
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        ),
        "bpe with word ends": (
            models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"),
            trainers.BpeTrainer(
                vocab_size=300, special_tokens=SPECIAL, end_of_word_suffix="</w>", show_progress=False
            ),
        ),
        "wordpiece": (
            models.WordPiece(unk_token="[UNK]"),
            trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False),
        ),
        "unigram": (
            models.Unigram(),
            trainers.UnigramTrainer(
                vocab_size=300, special_tokens=SPECIAL, unk_token="[UNK]", show_progress=False
            ),
        ),
        "word": (
            models.WordLevel({}, unk_token="[UNK]"),
            trainers.WordLevelTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False),
        ),
        "bytes": (
            models.BPE(
                vocab={entry: index for index, entry in enumerate([*SPECIAL, *_BYTES, "▁", "a", "b"])},
                merges=[],
                unk_token="[UNK]",
                byte_fallback=True,
                fuse_unk=True,
            ),
            None,
        ),
    }
    start, trainer = made[model]
    backend = Tokenizer(start)
    backend.pre_tokenizer = (
        pre_tokenizers.ByteLevel(add_prefix_space=False)
        if model == "byte-level"
        else pre_tokenizers.Metaspace()
        if model == "unigram"
        else pre_tokenizers.BertPreTokenizer()
    )
    if trainer is None:
        backend.add_special_tokens(SPECIAL)
    else:
        backend.train_from_iterator(CORPUS, trainer)
    return backend.to_str()


_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


@cache
def sentencepiece_model(**settings: Any) -> bytes:
    """A small SentencePiece model, as T5 has one; settings: those of its trainer."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 4),
        model_writer=model,
        **{"vocab_size": 120, "hard_vocab_limit": False, "minloglevel": 2} | settings,
    )
    return model.getvalue()


def sentencepiece_table() -> bytes:
    """The table of SentencePiece's normalizer: field 2 of field 3 of the model's protocol buffer."""
    return _field(_field(sentencepiece_model(), 3), 2)


def _field(message: bytes, wanted: int) -> bytes:
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        key = number()
        kind = key & 7
        length = number() if kind == 2 else 4 if kind == 5 else 8 if kind == 1 else 0
        if kind == 0:
            number()
        elif key >> 3 == wanted:
            return message[place : place + length]
        place += length
    raise KeyError(wanted)
