"""The bytes that an entry of a vocabulary stands for.

Three ways to spell bytes are in use: the byte-level alphabet of GPT-2 (one printable character for each byte),
byte fallback (`<0x0A>`), and plain text in which SentencePiece's `▁` is a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tui.engine.tokenization.components import Component, take_apart

if TYPE_CHECKING:
    import tokenizers
    from transformers import PreTrainedTokenizerBase

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_ONE_CHARACTER_A_BYTE = ("ByT5Tokenizer", "PerceiverTokenizer")


@cache
def byte_alphabet() -> Mapping[str, int]:
    """Character → byte of the byte-level alphabet (`bytes_to_unicode` of GPT-2's encoder.py).

    >>> byte_alphabet()["A"], byte_alphabet()["Ġ"], len(byte_alphabet())
    (65, 32, 256)
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = (byte for byte in range(256) if byte not in printable)
    return {chr(byte): byte for byte in printable} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }


@dataclass(frozen=True)
class Spelling:
    """How the entries of a vocabulary spell bytes."""

    byte_level: bool = False
    byte_fallback: bool = False
    added_bytes: bool = False
    """Whether added tokens that are spelled so decode to bytes, too."""
    space: str = ""
    """The character that stands for a space (`▁`); empty where none does."""
    continuing: str = ""
    """What stands before entries that go on with a word (`##`)."""
    word_end: str = ""
    """What stands after entries that end a word (`</w>`), which is followed by a space."""
    byte_characters: bool = False
    """Character number n is byte n (ByT5)."""


def entry_bytes(entry: str, spelling: Spelling, added: bool = False) -> bytes:
    """The bytes an entry stands for; an added token is spelled as it is, unless the decoder makes a byte of it.

    >>> entry_bytes("Ġcaf", Spelling(byte_level=True)), entry_bytes("<0x0A>", Spelling(byte_fallback=True))
    (b' caf', b'\\n')
    >>> entry_bytes("▁film", Spelling(space="▁")), entry_bytes("##ing", Spelling(continuing="##"))
    (b' film', b'ing')
    """
    in_bytes = spelling.added_bytes if added else spelling.byte_fallback
    if in_bytes and (byte := _BYTE.fullmatch(entry)):
        return bytes([int(byte[1], 16)])
    if added:
        return entry.encode()
    if spelling.byte_characters and all(ord(character) < 256 for character in entry):
        return entry.encode("latin-1")
    if spelling.continuing and entry.startswith(spelling.continuing):
        entry = entry[len(spelling.continuing) :]
    after = b""
    if spelling.word_end and entry.endswith(spelling.word_end):
        entry, after = entry[: -len(spelling.word_end)], b" "
    if spelling.byte_level:
        alphabet = byte_alphabet()
        if all(character in alphabet for character in entry):
            return bytes(alphabet[character] for character in entry) + after
    elif spelling.space:
        entry = entry.replace(spelling.space, " ")
    return entry.encode() + after


def spelling_of(backend: tokenizers.Tokenizer) -> Spelling:
    """How a tokenizer of the `tokenizers` library spells bytes, by its components."""
    decoders = take_apart("decoder", backend.decoder)
    before = [
        *take_apart("normalizer", backend.normalizer),
        *take_apart("pre-tokenizer", backend.pre_tokenizer),
    ]
    names = {component.name for component in (*before, *decoders)}
    model: Any = backend.model
    return Spelling(
        byte_level="ByteLevel" in names,
        byte_fallback="ByteFallback" in names or bool(getattr(model, "byte_fallback", False)),
        added_bytes=any(component.name == "ByteFallback" for component in decoders),
        space=next(_spaces(before, decoders), ""),
        continuing=str(getattr(model, "continuing_subword_prefix", None) or ""),
        word_end=str(getattr(model, "end_of_word_suffix", None) or ""),
    )


def _spaces(before: list[Component], decoders: list[Component]) -> Iterator[str]:
    for component in (*decoders, *before):
        if component.name == "Metaspace":
            yield str(component.settings["replacement"])
    for component in decoders:
        if component.name == "Replace" and component.settings["content"] == " ":
            yield str(component.settings["pattern"].get("String", ""))


def spelling_in_python(tokenizer: PreTrainedTokenizerBase) -> Spelling | None:
    """How a tokenizer written in Python spells bytes; None where that can't be told."""
    if type(tokenizer).__name__ in _ONE_CHARACTER_A_BYTE:
        return Spelling(byte_characters=True)
    if hasattr(tokenizer, "sp_model"):
        return Spelling(byte_fallback=True, space="▁")
    if hasattr(tokenizer, "byte_decoder"):
        return Spelling(byte_level=True)
    if hasattr(tokenizer, "wordpiece_tokenizer"):
        return Spelling(continuing="##")
    return None
