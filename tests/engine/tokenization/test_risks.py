"""Which tokenizers are tried apart: none of the known families, and each that could run without end or grow."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import tokenizers

from tests.checkpoints import bare_byte_level, byte_level, unigram, wordpiece
from tui import catalogue
from tui.engine.tokenization.components import EMPTY
from tui.engine.tokenization.regexes import is_linear
from tui.engine.tokenization.risks import MOST_ADDED, of_backend, of_file
from tui.tasks import TASKS

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
FAMILIES = {
    "GPT-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "Llama 3": CONTRACTIONS
    + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "Qwen 2": CONTRACTIONS
    + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "o200k": rf"[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]*[{LOWER}]+{CONTRACTIONS}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]+[{LOWER}]*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "BLOOM": r" ?[^(\s|[.,!?…。，、।۔،])]+",
    "DeepSeek": r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "CLIP": r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    "ALBERT": r" {2,}",
    "SigLIP": r"\s{2,}|[\n\r\t]",
    "Marian": r"\A +| +\z",
}
ENDLESS = (
    r"(a+)+$", r"(a|aa)+$", r"(a*)*b", r"a*a*a*b", r"(.)\1", r"(?R)", r"(?x)(a #)\n)+", r"(?:a{1,99}){1,9}",
    r"(a{2,}){3}", r"(?~a)", r"(?:a?){25}a{25}", "a?" * 25 + "a" * 25, "(?:a|aa)" * 30 + "$", r"\X+",
    "(", "a)", "[a", "a" * 5_000,
)  # fmt: skip


def backend(**parts: Any) -> tokenizers.Tokenizer:
    model = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}
    return tokenizers.Tokenizer.from_str(json.dumps({**EMPTY, "model": model, **parts}))


def replaced(pattern: str, content: str, sort: str = "String") -> dict[str, Any]:
    return {"type": "Replace", "pattern": {sort: pattern}, "content": content}


def in_a_row(members: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Sequence", members: list(parts)}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_expressions_of_known_families_are_plain(family: str) -> None:
    pattern = {"Regex": FAMILIES[family]}
    split = {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}
    assert of_backend(backend(pre_tokenizer=split)) is None


@pytest.mark.parametrize("pattern", ENDLESS)
def test_expressions_that_could_run_without_end_are_not(pattern: str) -> None:
    assert not is_linear(pattern)


def test_built_ins_and_ordinary_tokenizers_are_plain() -> None:
    names = {name for task in TASKS for name in catalogue.built_in_names(task)}
    for name in names:
        folder = catalogue.built_in_folder(name)
        assert folder is not None
        file = folder / "tokenizer.json"
        assert of_file(file.read_bytes()) is None
        assert of_backend(tokenizers.Tokenizer.from_file(str(file))) is None
    for made in (wordpiece, byte_level, bare_byte_level, unigram):
        assert of_backend(made().backend_tokenizer) is None


LONG = replaced("a", "a" * 1_000)
MAPPING = (4).to_bytes(4, "little") + bytes(4) + b"x" * 100_000
TEXT = {"Sequence": {"id": "A", "type_id": 0}}
RISKS: dict[str, tuple[dict[str, Any], str]] = {
    "an expression": ({"normalizer": replaced("(a+)+$", "x", "Regex")}, "regular expression (a+)+$"),
    "growth": ({"normalizer": LONG}, "1,000 times longer"),
    "growth in steps": (
        {"normalizer": in_a_row("normalizers", *[replaced("a", "aaaa")] * 4)},
        "256 times longer",
    ),
    "a long beginning": ({"normalizer": {"type": "Prepend", "prepend": "a" * 100_000}}, "Prepend"),
    "many components": ({"normalizer": in_a_row("normalizers", *[{"type": "NFC"}] * 300)}, "300 components"),
    "a map to long texts": (
        {"normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(MAPPING).decode()}},
        "Precompiled",
    ),
    "a text a hundred times": (
        {
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [TEXT] * 100,
                "pair": [TEXT, {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {},
            }
        },
        "100 times longer",
    ),
    "growth on the way back": ({"decoder": in_a_row("decoders", LONG, LONG)}, "its decoder makes texts"),
    "words of any length": (
        {
            "model": {
                "type": "WordPiece",
                "vocab": {"a": 0},
                "unk_token": "a",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 2**63,
            }
        },
        "words of up to",
    ),
    "a long entry": (
        {"model": {"type": "Unigram", "vocab": [["<unk>", 0.0], ["a" * 100_000, -2.0]], "unk_id": 0}},
        "100,000 characters",
    ),
    "a long prefix": (
        {
            "model": {
                "type": "WordPiece",
                "vocab": {"a": 0},
                "unk_token": "a",
                "continuing_subword_prefix": "#" * 5_000,
                "max_input_chars_per_word": 100,
            }
        },
        "prefix has 5,000 characters",
    ),
}


@pytest.mark.parametrize("name", RISKS)
def test_what_could_grow_or_run_without_end_is_named(name: str) -> None:
    parts, words = RISKS[name]
    risk = of_backend(backend(**parts))
    assert risk is not None
    assert words in risk.reason
    assert risk.decoding == ("decoder" in parts)


def test_a_file_that_takes_minutes_to_read_is_told_before() -> None:
    token = {"id": 0, "content": "a", "special": False}
    content = json.dumps({**EMPTY, "added_tokens": [token] * (MOST_ADDED + 1)}).encode()
    reason = of_file(content)
    assert reason is not None
    assert "200,001 added tokens" in reason
    pieces = [["x" * 1_000_000, 0.0]] * 21
    reason = of_file(json.dumps({**EMPTY, "model": {"type": "Unigram", "vocab": pieces}}).encode())
    assert reason is not None
    assert "21,000,000 characters" in reason
    for other in (b"", b"[]", b"{", b'{"added_tokens": 3}', b"[" * 1_000_000):
        assert of_file(other) is None
