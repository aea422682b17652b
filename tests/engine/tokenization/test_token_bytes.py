"""The bytes that entries of vocabularies stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from tests.engine.tokenization.staged import put_together
from tui.engine.tokenization.token_bytes import Spelling, byte_alphabet, entry_bytes, spelling_of


def test_the_alphabet_is_the_librarys() -> None:
    assert sorted(byte_alphabet()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert sorted(byte_alphabet().values()) == list(range(256))


@given(st.text(max_size=30))
def test_byte_level_text_is_spelled_back(text: str) -> None:
    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    spelled = b"".join(entry_bytes(entry, Spelling(byte_level=True)) for entry, _ in split)
    assert spelled == text.encode()


@pytest.mark.parametrize(
    ("entry", "spelling", "added", "spelled"),
    [
        ("Ã", Spelling(byte_level=True), False, b"\xc3"),
        ("Ã", Spelling(byte_level=True), True, "Ã".encode()),
        ("東", Spelling(byte_level=True), False, "東".encode()),  # no character of the alphabet: as it is
        ("<0xE2>", Spelling(byte_fallback=True), False, b"\xe2"),
        ("<0xE2>", Spelling(), False, b"<0xE2>"),
        ("<0xE2>", Spelling(byte_fallback=True), True, b"<0xE2>"),
        ("<0xE2>", Spelling(byte_fallback=True, added_bytes=True), True, b"\xe2"),
        ("▁a▁b", Spelling(space="▁"), False, b" a b"),
        ("##ing", Spelling(continuing="##"), False, b"ing"),
        ("film</w>", Spelling(word_end="</w>"), False, b"film "),
        ("Ġfilm</w>", Spelling(byte_level=True, word_end="</w>"), False, b" film "),
        ("é", Spelling(byte_characters=True), False, b"\xe9"),
        ("", Spelling(), False, b""),
    ],
)
def test_entries(entry: str, spelling: Spelling, added: bool, spelled: bytes) -> None:
    assert entry_bytes(entry, spelling, added) == spelled


def test_the_components_tell_the_spelling() -> None:
    assert spelling_of(put_together("none", "ByteLevel", "none", "ByteLevel")) == Spelling(byte_level=True)
    assert spelling_of(put_together("ByteLevel", "none", "none", "none")) == Spelling(byte_level=True)
    llama = put_together("Prepend, Replace", "none", "none", "Llama", "bytes")
    assert spelling_of(llama) == Spelling(byte_fallback=True, added_bytes=True, space="▁")
    assert spelling_of(put_together("none", "Metaspace", model="unigram")) == Spelling(space="▁")
    assert spelling_of(put_together("none", "Whitespace", model="wordpiece")) == Spelling(continuing="##")
    assert spelling_of(put_together(model="bpe with word ends")) == Spelling(word_end="</w>")
