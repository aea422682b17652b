"""Long texts read in parts give what the whole gives, after any edits, for every tokenizer at hand."""

from __future__ import annotations

import random

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from tests.checkpoints import CORPUS
from tests.engine.tokenization.traces.backends import ALL
from tui.engine.tokenization import long_texts
from tui.engine.tokenization.long_texts import LONG, can_be_cut
from tui.engine.tokenization.reading import RustTokenizer

WORDS = [word for sentence in CORPUS for word in sentence.split()]
STRANGE = (
    *(
        "é",
        "e\u0301",
        "ﬁ",
        "🏳️‍🌈",
        "ß",
        "İ",
        "日本 語",
        "\n\n",
        "  ",
        "\t",
        "▁",
        "Ġ",
        "[MASK]",
        "<|endoftext|>",
    ),
    *("1234567", "'s", "\u202e", "\x00", "don't", "a" * 300, " ", "…", "½", "Ⅷ"),
)
LIMIT = 64
REACHING = {"bytes in need", "some bytes in need", "some bytes in need, unknown not fused"}
"""They put a mark at the beginning of what they read."""


def own(name: str) -> Tokenizer:
    """A tokenizer that no other test has: readers change a backend's settings."""
    return Tokenizer.from_str(ALL[name]().to_str())


def long_text(chance: random.Random, strange: float) -> str:
    parts = [
        chance.choice(STRANGE) if chance.random() < strange else chance.choice(WORDS) for _ in range(2600)
    ]
    return " ".join(parts)


def edited(text: str, chance: random.Random) -> str:
    """The text with one change, as a person would make it: mostly a character, now and then a passage."""
    place = chance.randrange(len(text) + 1)
    match chance.randrange(5):
        case 0:
            return text[:place] + chance.choice(STRANGE) + text[place:]
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            return text[:place] + text[place + chance.randrange(4000) :]
        case 3:
            return text[:place] + long_text(chance, 0.3)[: chance.randrange(4000)] + text[place:]
        case _:
            return text[:place] + chance.choice("ab 1\n") + text[place:]


@pytest.mark.parametrize("name", sorted(ALL.keys() - REACHING))
@pytest.mark.parametrize("strange", [0.02, 0.5])
def test_parts_give_what_the_whole_gives(name: str, strange: float) -> None:
    backend = own(name)
    assert can_be_cut(backend)
    reader = RustTokenizer.around(backend, {}, LIMIT, ("input_ids", "attention_mask"))
    other = RustTokenizer.around(own(name), {}, LIMIT, ("input_ids",))
    chance = random.Random(name)
    text = long_text(chance, strange)
    read = 0
    for _ in range(12):
        text = edited(text, chance)
        if len(text) < LONG:
            text += long_text(chance, strange)
        other._backend.no_truncation()
        whole = other._backend.encode(text)
        reading = reader.read(text)
        assert reading.total == len(whole)
        cut = reader._backend.encode(text)  # truncation is still on
        assert reading.ids == cut.ids
        assert [(token.start, token.end) for token in reading.tokens] == list(cut.offsets)
        (unread,) = reading.unread_from
        first = cut.overflowing[0]
        begun = [
            start for (start, _), number in zip(first.offsets, first.sequence_ids, strict=True) if number == 0
        ]
        assert unread == min(begun)
        read += 1
    assert read == 12


def test_only_what_changed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = own("nano-sentiment")
    reader = RustTokenizer.around(backend, {}, LIMIT, ("input_ids",))
    chance = random.Random(1)
    text = " ".join(chance.choice(WORDS) for _ in range(60_000))
    reader.read(text)
    counted: list[int] = []
    count = reader._parts._count

    def watched(texts: list[str]) -> list[int]:
        counted.extend(map(len, texts))
        return count(texts)

    monkeypatch.setattr(reader._parts, "_count", watched)
    for place in (0, 1, 5000, len(text) // 2, len(text) - 1, len(text)):
        counted.clear()
        reader.read(text[:place] + "x" + text[place:])
        assert 0 < sum(counted) < 3 * long_texts._PART
        reader.read(text)


def refused() -> dict[str, Tokenizer]:
    """Tokenizers whose tokens may reach across a space."""
    made = {name: own(name) for name in REACHING}
    plain = models.BPE({"a": 0, "b": 1}, [])
    for name, normalizer, cutter in (
        ("no pre-tokenizer", None, None),
        ("prepends", normalizers.Prepend("▁"), pre_tokenizers.Whitespace()),
        ("strips", normalizers.Strip(), pre_tokenizers.ByteLevel(add_prefix_space=False)),
        ("replaces words", normalizers.Replace("a b", "c"), pre_tokenizers.Whitespace()),
        ("an unknown pattern", None, pre_tokenizers.Split(Regex(r"\w+ \w+"), "isolated")),
        ("bytes without words", None, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)),
        ("unsplit metaspace", None, pre_tokenizers.Metaspace(split=False)),
    ):
        made[name] = Tokenizer(plain)
        if normalizer is not None:
            made[name].normalizer = normalizer
        if cutter is not None:
            made[name].pre_tokenizer = cutter
    for name, token in (
        ("a token with a space", AddedToken("a b")),
        ("a token that takes what follows", AddedToken("xyz", rstrip=True)),
        ("a token that takes what is before", AddedToken("xyz", lstrip=True)),
    ):
        made[name] = own("words")
        made[name].add_tokens([token])
    made["dropout"] = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")], dropout=0.5))
    made["dropout"].pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@pytest.mark.parametrize("name", sorted(refused()))
def test_others_are_read_whole(name: str) -> None:
    assert not can_be_cut(refused()[name])


def test_whole_texts_without_a_place_to_cut() -> None:
    reader = RustTokenizer.around(own("byte-level"), {}, LIMIT, ("input_ids",))
    for text in ("a" * 20_000, "\n" * 20_000, "日本語" * 5_000, "😀" * 9_000):
        reading = reader.read(text)
        reader._backend.no_truncation()
        assert reading.total == len(reader._backend.encode(text))
