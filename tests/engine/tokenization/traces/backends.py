"""Tokenizers of every kind, trained on a few sentences, and the texts and words to try them with."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from tests.checkpoints import CORPUS, unigram, wordpiece
from tui import catalogue

BUILT_IN = ("nano-sentiment", "nano-ner", "nano-generation", "nano-fill-mask")
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

_WORDS = sorted({word for sentence in CORPUS for word in sentence.split()})
texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=6)), max_size=12).map(" ".join),
    st.lists(
        st.sampled_from(
            [*_WORDS, "é", "ﬁ", "Ⅷ", "\u0301", "🏳️‍🌈", "ß", "İ", "日本", "\n\n", "<0x41>", "▁", "Ġ"]
        )
    ).map("".join),
)


def words_of(backend: Tokenizer, text: str) -> list[str]:
    """What the model of a tokenizer gets of a text without added tokens."""
    normalized = text if backend.normalizer is None else backend.normalizer.normalize_str(text)
    if backend.pre_tokenizer is None:
        return [normalized] if normalized else []
    return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normalized)]


def changed(backend: Tokenizer, change: Callable[[dict[str, Any]], None]) -> Tokenizer:
    """The same tokenizer with another `model` part."""
    written = json.loads(backend.to_str())
    change(written["model"])
    return Tokenizer.from_str(json.dumps(written))


def _trained(backend: Tokenizer, trainer: Any) -> Tokenizer:
    backend.train_from_iterator(CORPUS, trainer)
    return backend


@cache
def characters(**settings: Any) -> Tokenizer:
    """BPE of characters, some of which the vocabulary lacks."""
    backend = Tokenizer(models.BPE(**settings))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    affixes = {
        name: settings[name]
        for name in ("end_of_word_suffix", "continuing_subword_prefix")
        if name in settings
    }
    special = [settings["unk_token"]] if "unk_token" in settings else []
    return _trained(
        backend, trainers.BpeTrainer(vocab_size=160, limit_alphabet=30, special_tokens=special, **affixes)
    )


@cache
def byte_level(add_prefix_space: bool = False) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    return _trained(
        backend,
        trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )


def ignoring_merges() -> Tokenizer:
    """Entries that no merge makes, taken whole all the same, as Llama 3 has it."""

    def change(model: dict[str, Any]) -> None:
        model["merges"] = model["merges"][:-60]
        model["ignore_merges"] = True

    return changed(byte_level(), change)


@cache
def bytes_in_need(known_bytes: tuple[str, ...] = tuple(BYTES), fuse_unk: bool = True) -> Tokenizer:
    """BPE of characters over whole texts that spells unknown characters in bytes, as Llama 2 has it."""
    backend = Tokenizer(models.BPE())
    spaces = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.normalizer = spaces
    _trained(backend, trainers.BpeTrainer(vocab_size=200, limit_alphabet=30))

    def change(model: dict[str, Any]) -> None:
        for entry in ("<unk>", *known_bytes):
            model["vocab"][entry] = len(model["vocab"])
        model |= {"unk_token": "<unk>", "byte_fallback": True, "fuse_unk": fuse_unk}

    return changed(backend, change)


@cache
def unigram_in_bytes(known_bytes: tuple[str, ...] = tuple(BYTES)) -> Tokenizer:
    """Unigram with bytes for unknown characters, as T5's successors have it."""

    def change(model: dict[str, Any]) -> None:
        model["byte_fallback"] = True
        model["vocab"] += [[entry, -9.5] for entry in known_bytes]

    return changed(Tokenizer.from_str(unigram().backend_tokenizer.to_str()), change)


@cache
def lowercasing_words() -> Tokenizer:
    backend = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return _trained(backend, trainers.WordLevelTrainer(vocab_size=50, special_tokens=["[UNK]"]))


def _short_words(model: dict[str, Any]) -> None:
    model["max_input_chars_per_word"] = 6


def _transformers(maker: Callable[[], Any]) -> Tokenizer:
    return Tokenizer.from_str(maker().backend_tokenizer.to_str())


@cache
def built_in(name: str) -> Tokenizer:
    folder = catalogue.built_in_folder(name)
    assert folder is not None
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    backend.no_truncation()
    backend.no_padding()
    return backend


BPE: dict[str, Callable[[], Tokenizer]] = {
    "nano-generation": lambda: built_in("nano-generation"),
    "nano-fill-mask": lambda: built_in("nano-fill-mask"),
    "characters": lambda: characters(unk_token="[UNK]"),
    "characters, unknown fused": lambda: characters(unk_token="[UNK]", fuse_unk=True),
    "characters, none unknown": characters,
    "end of word": lambda: characters(unk_token="[UNK]", end_of_word_suffix="</w>"),
    "continuing": lambda: characters(unk_token="[UNK]", continuing_subword_prefix="##"),
    "both affixes": lambda: characters(end_of_word_suffix="</w>", continuing_subword_prefix="@@"),
    "byte-level": byte_level,
    "byte-level, prefix space": lambda: byte_level(add_prefix_space=True),
    "ignoring merges": ignoring_merges,
    "bytes in need": bytes_in_need,
    "some bytes in need": lambda: bytes_in_need(tuple(BYTES[:200])),
    "some bytes in need, unknown not fused": lambda: bytes_in_need(tuple(BYTES[:200]), fuse_unk=False),
}
WORDPIECE: dict[str, Callable[[], Tokenizer]] = {
    "nano-sentiment": lambda: built_in("nano-sentiment"),
    "nano-ner": lambda: built_in("nano-ner"),
    "lower-casing": lambda: _transformers(wordpiece),
    "short words": lambda: changed(_transformers(wordpiece), _short_words),
}
UNIGRAM: dict[str, Callable[[], Tokenizer]] = {
    "unigram": lambda: _transformers(unigram),
    "unigram in bytes": unigram_in_bytes,
    "unigram in some bytes": lambda: unigram_in_bytes(tuple(BYTES[:200])),
}
WORD_LEVEL: dict[str, Callable[[], Tokenizer]] = {"words": lowercasing_words}
ALL = BPE | WORDPIECE | UNIGRAM | WORD_LEVEL
