"""Attacks by tokenizer.json."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

from tests.attacks import checkpoints
from tests.attacks.attack import Attack, Make, content

FILE = "tokenizer.json"
Tokenizer = dict[str, Any]
_FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}


def changed(base: Callable[[], Tokenizer], change: Callable[[Tokenizer], object]) -> Make:
    def make(_: bytes) -> bytes:
        written = base()
        change(written)
        return json.dumps(written).encode()

    return content(FILE, make)


def tokenizer(
    name: str, text: str = "I love a good film!", refused: bool | None = None, **parts: Any
) -> Attack:
    """The WordPiece with other parts."""
    return Attack(
        f"tokenizer-{name}",
        changed(checkpoints.wordpiece, lambda it: it.update(made(parts))),
        text=text,
        refused=refused,
    )


def model(
    name: str,
    base: Callable[[], Tokenizer],
    text: str = "I love a good film!",
    refused: bool | None = None,
    **settings: Any,
) -> Attack:
    """A tokenizer with other settings of its model."""
    return Attack(
        f"model-{name}",
        changed(base, lambda it: it["model"].update(made(settings))),
        text=text,
        refused=refused,
    )


def made(parts: dict[str, Any]) -> dict[str, Any]:
    """What is large is made when it is written, not when it is listed."""
    return {name: part() if callable(part) else part for name, part in parts.items()}


def added(*tokens: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": 100 + number, "content": "x", **_FLAGS, **token} for number, token in enumerate(tokens)]


def replace(pattern: str, by: str, kind: str = "Regex") -> dict[str, Any]:
    return {"type": "Replace", "pattern": {kind: pattern}, "content": by}


def split(pattern: str, **settings: Any) -> dict[str, Any]:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
        **settings,
    }


def growing(times: int, rounds: int) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": [replace("a", "a" * times, "String")] * rounds}


def sequence(kind: str, inside: dict[str, Any], depth: int) -> dict[str, Any]:
    for _ in range(depth):
        inside = {"type": "Sequence", kind: [inside]}
    return inside


def template(single: Any, tokens: Any = None, pair: Any = None) -> dict[str, Any]:
    special = {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}} if tokens is None else tokens
    return {"type": "TemplateProcessing", "single": single, "pair": pair or single, "special_tokens": special}


def vocabulary(size: int) -> dict[str, int]:
    return {f"w{number}": number for number in range(size)}


BACKTRACKING = "a" * 30 + "!"
CLASS = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
A = {"Sequence": {"id": "A", "type_id": 0}}
HUGE = 2**63
NAMES = {
    "nul": "\0",
    "osc-52": "\x1b]52;c;YWJj\x07",
    "osc-8": "\x1b]8;;http://x\x07",
    "dcs": "\x1bPq\x1b\\",
    "bidi": "\u202e\u2066",
    "c1": "\x9b31m",
}
WORDPIECE, BPE, UNIGRAM = checkpoints.wordpiece, checkpoints.bpe, checkpoints.unigram

ATTACKS = (
    tokenizer("template-of-a-missing-token", post_processor=template([{"SpecialToken": {"id": "[NO]", "type_id": 0}}, A])),
    tokenizer("template-without-text", post_processor=template([CLASS])),
    tokenizer("template-empty", post_processor=template([])),
    tokenizer("template-of-pairs", post_processor=template([CLASS, {"Sequence": {"id": "B", "type_id": 0}}])),
    tokenizer("template-text-twice", post_processor=template([A] * 1000)),
    tokenizer("template-type-huge", post_processor=template([{"Sequence": {"id": "A", "type_id": 2**32 - 1}}])),
    tokenizer("template-ids-huge", post_processor=template([CLASS, A], {"[CLS]": {"id": "[CLS]", "ids": [2**32 - 1], "tokens": ["x"]}})),
    tokenizer("template-ids-uneven", post_processor=template([CLASS, A], {"[CLS]": {"id": "[CLS]", "ids": [1, 2, 3], "tokens": ["x"]}})),
    tokenizer("template-ids-none", post_processor=template([CLASS, A], {"[CLS]": {"id": "[CLS]", "ids": [], "tokens": []}})),
    tokenizer("template-ids-many", post_processor=template([CLASS, A], {"[CLS]": {"id": "[CLS]", "ids": [1] * 10**5, "tokens": ["x"] * 10**5}})),
    tokenizer("templates-two", post_processor={"type": "Sequence", "processors": [template([CLASS, A])] * 2}),
    tokenizer("templates-two-for-pairs", post_processor={"type": "Sequence", "processors": [checkpoints.wordpiece()["post_processor"]] * 2}),
    tokenizer("templates-nested", post_processor=sequence("processors", template([CLASS, A]), 60)),
    tokenizer("processor-bert-ids", post_processor={"type": "BertProcessing", "sep": ["x", 2**32 - 1], "cls": ["y", 2**31]}),
    tokenizer("processor-roberta", post_processor={"type": "RobertaProcessing", "sep": ["x", 9], "cls": ["y", 8], "trim_offsets": True, "add_prefix_space": True}),
    tokenizer("replace-backtracking", BACKTRACKING, normalizer=replace("(a+)+$", "b")),
    tokenizer("replace-backtracking-long", "a" * 5000 + "!", normalizer=replace("(a|a)*b", "b")),
    tokenizer("replace-nested", "a" * 200, normalizer=replace("((a*)*)*c", "")),
    tokenizer("replace-look-around", "a" * 2000, normalizer=replace("(?=(a+))a*b\\1", "x")),
    tokenizer("replace-back-reference", "a" * 2000, normalizer=replace("(a*)*\\1b", "x")),
    tokenizer("replace-recursion", "((((", normalizer=replace("(?<p>\\((?:[^()]|\\g<p>)*\\))", "x")),
    tokenizer("replace-counts", normalizer=replace("(((a{1,1000}){1,1000}){1,100})", "x")),
    tokenizer("replace-empty", normalizer=replace("", "x")),
    tokenizer("replace-empty-string", normalizer=replace("", "x", "String")),
    tokenizer("replace-growing", "a" * 1000, normalizer=growing(1000, 2)),
    tokenizer("replace-growing-far", "a" * 1000, normalizer=growing(1000, 5)),
    tokenizer("prepend-megabyte", normalizer={"type": "Prepend", "prepend": "a" * 10**6}),
    tokenizer("prepend-often", normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "a" * 1000}] * 1000}),
    tokenizer("split-backtracking", BACKTRACKING, pre_tokenizer=split("(a+)+$")),
    tokenizer("split-empty", pre_tokenizer=split("")),
    tokenizer("split-everything", pre_tokenizer=split("", behavior="Removed")),
    tokenizer("split-inverted", pre_tokenizer=split(".", invert=True, behavior="Removed")),
    tokenizer("split-behavior", pre_tokenizer=split("a", behavior="\x1b[31m")),
    tokenizer("fixed-length-0", pre_tokenizer={"type": "FixedLength", "length": 0}),
    tokenizer("fixed-length-huge", pre_tokenizer={"type": "FixedLength", "length": HUGE}),
    tokenizer("char-delimiter", pre_tokenizer={"type": "CharDelimiterSplit", "delimiter": ""}),
    tokenizer("metaspace", pre_tokenizer={"type": "Metaspace", "replacement": "ab", "prepend_scheme": "always", "split": True}),
    tokenizer("pre-tokenizers-nested", pre_tokenizer=sequence("pretokenizers", {"type": "Whitespace"}, 60)),
    tokenizer("pre-tokenizers-thousand", pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}] * 100}),
    tokenizer("decoder-strip", "a", decoder={"type": "Strip", "content": "a", "start": 1, "stop": 1}),
    tokenizer("decoder-strip-huge", "a", decoder={"type": "Strip", "content": "a", "start": HUGE, "stop": HUGE}),
    tokenizer("decoder-replace", BACKTRACKING, decoder=replace("(a+)+$", "b")),
    tokenizer("decoder-growing", "a a a a", decoder={"type": "Sequence", "decoders": [replace("a", "a" * 1000, "String")] * 4}),
    tokenizer("decoder-ctc", decoder={"type": "CTC", "pad_token": "", "word_delimiter_token": "", "cleanup": True}),
    tokenizer("decoder-bytes", decoder={"type": "ByteFallback"}),
    tokenizer("decoder-byte-level", decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}),
    tokenizer("normalizers-nested", normalizer=sequence("normalizers", {"type": "NFC"}, 60)),
    tokenizer("normalizers-nested-deep", normalizer=sequence("normalizers", {"type": "NFC"}, 120)),
    *(
        tokenizer(f"charsmap-{name}", normalizer={"type": "Precompiled", "precompiled_charsmap": base64.b64encode(raw).decode()})
        for name, raw in (("empty", b""), ("short", b"\x01"), ("size", b"\xff\xff\xff\xff" + b"a" * 8), ("junk", b"\x10\0\0\0" + bytes(range(250))), ("zeros", bytes(1000)), ("ones", b"\x80\0\0\0" + b"\xff" * 200))
    ),
    tokenizer("charsmap-no-base64", normalizer={"type": "Precompiled", "precompiled_charsmap": "!!"}),
    tokenizer("stride-above-length", "I love a good film " * 20, truncation={"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 100}),
    tokenizer("truncation-0", truncation={"direction": "Right", "max_length": 0, "strategy": "LongestFirst", "stride": 0}),
    tokenizer("truncation-second", truncation={"direction": "Left", "max_length": 1, "strategy": "OnlySecond", "stride": 0}),
    tokenizer("truncation-huge", truncation={"direction": "Left", "max_length": HUGE, "strategy": "OnlyFirst", "stride": HUGE}),
    tokenizer("padding-huge", padding={"strategy": {"Fixed": HUGE}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}),
    tokenizer("padding-multiple", padding={"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": HUGE, "pad_id": 2**32 - 1, "pad_type_id": 7, "pad_token": "x"}),
    tokenizer("padding-multiple-0", padding={"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 0, "pad_id": 0, "pad_type_id": 0, "pad_token": "x"}),
    tokenizer("added-empty", added_tokens=added({"content": ""})),
    tokenizer("added-space", added_tokens=added({"content": " ", "lstrip": True, "rstrip": True})),
    tokenizer("added-letter", added_tokens=added({"content": "o"})),
    tokenizer("added-twice", added_tokens=added({"content": "good"}, {"content": "good"})),
    tokenizer("added-ids-twice", added_tokens=added({"content": "good", "id": 3}, {"content": "film", "id": 3})),
    tokenizer("added-id-huge", added_tokens=added({"content": "good", "id": 2**32 - 1})),
    tokenizer("added-id-negative", added_tokens=added({"content": "good", "id": -1})),
    tokenizer("added-id-other", added_tokens=added({"content": "good", "id": 9})),
    tokenizer("added-megabyte", added_tokens=added({"content": "a" * 10**6})),
    tokenizer("added-million", added_tokens=lambda: [{"id": 100 + n, "content": f"<{n}>", **_FLAGS} for n in range(10**6)]),
    *(tokenizer(f"added-{name}", f"a {word} b", added_tokens=added({"content": word})) for name, word in NAMES.items()),
    model("vocabulary-holes", WORDPIECE, vocab={"[UNK]": 0, "good": 9, "film": 1000}),
    model("vocabulary-ids-twice", WORDPIECE, vocab={"[UNK]": 0, "good": 1, "film": 1, "love": 1}),
    model("vocabulary-negative", WORDPIECE, vocab={"[UNK]": 0, "good": -1}, refused=True),
    model("vocabulary-2-32", WORDPIECE, vocab={"[UNK]": 0, "good": 2**32 - 1}),
    model("vocabulary-beyond-32-bits", WORDPIECE, vocab={"[UNK]": 0, "good": 2**32}, refused=True),
    model("vocabulary-float", WORDPIECE, vocab={"[UNK]": 0, "good": 1.5}, refused=True),
    model("vocabulary-empty", WORDPIECE, vocab={}),
    model("vocabulary-empty-entry", WORDPIECE, vocab={"[UNK]": 0, "": 1, "##": 2}),
    model("vocabulary-list", WORDPIECE, vocab=["a"], refused=True),
    model("vocabulary-million", WORDPIECE, vocab=lambda: vocabulary(10**6)),
    model("vocabulary-names", WORDPIECE, " ".join(NAMES.values()), vocab={"[UNK]": 0, **{word: n for n, word in enumerate(NAMES.values(), 1)}}),
    model("unknown-missing", WORDPIECE, unk_token="[NO]"),
    model("unknown-null", WORDPIECE, unk_token=None),
    model("unknown-empty", WORDPIECE, unk_token=""),
    model("prefix-empty", WORDPIECE, "goodgood", continuing_subword_prefix=""),
    model("prefix-megabyte", WORDPIECE, continuing_subword_prefix="#" * 10**6),
    model("longest-word-2-63", WORDPIECE, "a" * 10**4, max_input_chars_per_word=HUGE),
    model("longest-word-0", WORDPIECE, max_input_chars_per_word=0),
    model("word-of-megabyte", WORDPIECE, "a" * 10**6, max_input_chars_per_word=HUGE),
    model("word-of-megabyte-bpe", BPE, "a" * 10**6),
    model("word-of-megabyte-unigram", UNIGRAM, "a" * 10**6),
    model("merge-outside", BPE, merges=[["a", "zz"]], refused=True),
    model("merge-to-nothing", BPE, merges=[["t", "z"]]),
    model("merge-empty", BPE, merges=[["", ""]]),
    model("merge-strings", BPE, merges=["t h", "x"]),
    model("merge-numbers", BPE, merges=[[1, 2]], refused=True),
    model("merges-million", BPE, merges=lambda: [["t", "h"]] * 10**6),
    model("dropout-nan", BPE, dropout=math.nan),
    model("dropout-two", BPE, dropout=2.0),
    model("dropout-one", BPE, dropout=1.0),
    model("bpe-unknown-missing", BPE, "Ω", unk_token="[NO]"),
    model("bpe-prefix", BPE, continuing_subword_prefix="##"),
    model("bpe-suffix", BPE, end_of_word_suffix="</w>"),
    model("bpe-byte-fallback", BPE, "Ω", byte_fallback=True, unk_token=None),
    model("bpe-vocabulary-empty", BPE, vocab={}, merges=[]),
    model("score-nan", UNIGRAM, vocab=[["<unk>", 0.0], ["a", math.nan], ["good", math.nan]]),
    Attack("model-score-1e999", content(FILE, json.dumps(UNIGRAM()).replace("-1.25", "1e999").encode()), text="good film"),
    Attack("model-score-minus-1e999", content(FILE, json.dumps(UNIGRAM()).replace("-1.25", "-1e999").encode()), text="good film"),
    model("score-huge", UNIGRAM, vocab=[["<unk>", 0.0], ["a", 1e308], ["aa", 1e308]], text="aaaa good"),
    model("score-string", UNIGRAM, vocab=[["<unk>", "x"]], refused=True),
    model("unigram-empty", UNIGRAM, vocab=[]),
    model("unigram-unknown-beyond", UNIGRAM, "Ω", unk_id=10**6),
    model("unigram-unknown-null", UNIGRAM, "Ω", unk_id=None),
    model("unigram-unknown-huge", UNIGRAM, unk_id=2**64),
    model("unigram-empty-entry", UNIGRAM, vocab=[["<unk>", 0.0], ["", -1.0]]),
    model("unigram-bytes", UNIGRAM, "Ω", byte_fallback=True),
    model("type-unknown", WORDPIECE, type="Quantum\x1b[31m", refused=True),
    model("type-missing", WORDPIECE, type=None),
    Attack("model-word-level", changed(WORDPIECE, lambda it: it.update(model={"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "[NO]"}))),
    Attack("model-word-level-strip", changed(WORDPIECE, lambda it: it.update(model={"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "b"}, decoder={"type": "Strip", "content": "a", "start": 1, "stop": 1}, post_processor=None, added_tokens=[])), text="a"),
    Attack("tokenizer-surrogates", content(FILE, lambda old: old.replace(b'"good"', b'"\\ud800"')), refused=True),
    Attack("tokenizer-surrogate-bytes", content(FILE, lambda old: old.replace(b"good", b"\xed\xa0\x80")), refused=True, says=("UTF-8",)),
    Attack("tokenizer-nul", content(FILE, lambda old: old.replace(b"good", b"\\u0000")), text="a \0 b"),
    Attack("tokenizer-brackets-100-mb", content(FILE, lambda _: b"[" * 10**8), refused=True, says=(FILE,)),
    Attack("tokenizer-brackets-inside", content(FILE, b'{"model": ' + b"[" * 10**6), refused=True, says=(FILE,)),
    Attack("tokenizer-200-mb", content(FILE, lambda old: old + b" " * 2 * 10**8), refused=True, says=("MB",)),
    Attack("tokenizer-keys-twice", content(FILE, lambda old: old[:-1] + b', "model": {}}'), refused=True),
    Attack("tokenizer-byte-order-mark", content(FILE, lambda old: b"\xef\xbb\xbf" + old), refused=True, says=("byte order",)),
    Attack("tokenizer-utf-16", content(FILE, lambda old: old.decode().encode("utf-16")), refused=True, says=("UTF-16",)),
    Attack("tokenizer-empty", content(FILE, b""), refused=True, says=(FILE,)),
    Attack("tokenizer-lfs", content(FILE, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), refused=True, says=(FILE,)),
)  # fmt: skip
