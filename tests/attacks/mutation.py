"""Small files of a checkpoint, changed at random in ways that files break or are broken."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tests.attacks import checkpoints

Files: TypeAlias = Mapping[str, bytes]
"""The files of a checkpoint by name."""

EDGES: tuple[Any, ...] = (
    0, -1, 1, 2, 3, 7, 31, 32, 33, 255, 256, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1,
    2**64, -(2**31), -(2**63), 10**18, 10**30, 0.5, -0.0, 1e-300, 1e308, float("nan"), float("inf"), float("-inf"), True,
    False, None, "", "a", "\x1b[31m", "\x1b]52;c;YQ==\x07", "\u202e", "\0", "\ud800", "../../x", "/etc/passwd", "a/b", "ü🤗",
    "x" * 5000, "(a+)+$", "[", "{}", [], {}, [[]], [None], {"a": {}}, "null", "float16", "bert", "gpt2", "[UNK]", "##",
)  # fmt: skip
"""Values that programs forget."""
_SEQUENCES = {
    "normalizer": "normalizers",
    "pre_tokenizer": "pretokenizers",
    "post_processor": "processors",
    "decoder": "decoders",
}
_SPACES = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
_BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
PARTS: dict[str, tuple[Any, ...]] = {
    "truncation": ({"direction": "Left", "max_length": 6, "strategy": "LongestFirst", "stride": 2},),
    "padding": ({"strategy": {"Fixed": 9}, "direction": "Left", "pad_to_multiple_of": 4, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},),
    "normalizer": (
        {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": True, "lowercase": True},
        {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}, {"type": "Replace", "pattern": {"Regex": "o*|[a-f]"}, "content": "é"},
        {"type": "Prepend", "prepend": "▁"}, {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "StripAccents"},
        {"type": "NFKD"}, {"type": "NFC"}, {"type": "Nmt"}, {"type": "Lowercase"}, {"type": "ByteLevel"},
        {"type": "Precompiled", "precompiled_charsmap": "EAAAAAAAAAAAAAAAAAAAAAAA"},
    ),
    "pre_tokenizer": (
        _SPACES, _BYTES, {"type": "Whitespace"}, {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "MergedWithNext"},
        {"type": "Digits", "individual_digits": True}, {"type": "UnicodeScripts"}, {"type": "CharDelimiterSplit", "delimiter": "o"},
        {"type": "Split", "pattern": {"Regex": "o*|[a-f]"}, "behavior": "MergedWithPrevious", "invert": True},
        {"type": "Split", "pattern": {"String": "oo"}, "behavior": "Contiguous", "invert": False}, {"type": "FixedLength", "length": 3},
    ),
    "post_processor": (
        {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}, _BYTES,
        {"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": True, "add_prefix_space": False},
        {
            "type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 3}}, {"SpecialToken": {"id": "x", "type_id": 1}}],
            "pair": [{"Sequence": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"x": {"id": "x", "ids": [1, 2], "tokens": ["x", "y"]}},
        },
    ),
    "decoder": (
        _SPACES, _BYTES, {"type": "WordPiece", "prefix": "##", "cleanup": True}, {"type": "BPEDecoder", "suffix": "</w>"}, {"type": "Fuse"},
        {"type": "CTC", "pad_token": "a", "word_delimiter_token": "|", "cleanup": True}, {"type": "ByteFallback"},
        {"type": "Strip", "content": "o", "start": 1, "stop": 1}, {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    ),
    "added_tokens": ([
        {"id": 7, "content": "oo", "single_word": True, "lstrip": True, "rstrip": True, "normalized": True, "special": True},
        {"id": 70, "content": "film", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False},
    ],),
    "model": (
        {"type": "WordLevel", "vocab": {"a": 0, "good": 1, "[UNK]": 2}, "unk_token": "[UNK]"},
        {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9, "vocab": {"[UNK]": 0, "a": 1, "##o": 2, "good": 9}},
        {"type": "BPE", "dropout": 0.5, "unk_token": "a", "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>", "fuse_unk": True, "byte_fallback": True, "ignore_merges": True, "vocab": {"a": 0, "o": 1, "##o": 2, "o##o": 3, "oo": 4, "<0x41>": 5}, "merges": [["o", "##o"]]},
        {"type": "Unigram", "unk_id": 0, "vocab": [["a", -1.0], ["o", -2.0], ["oo", -1.5], ["<0x41>", -3.0]], "byte_fallback": True},
    ),
}  # fmt: skip
"""Parts of tokenizers, of every type."""
JSON_NUMBERS = (b"1e999", b"-1e999", b"1e-999", b"NaN", b"-Infinity", b"0x10", b"01", b"9" * 400)


def mutated(files: dict[str, bytes], kind: str, chance: random.Random) -> dict[str, bytes]:
    """The files of a checkpoint with one to three changes in those of a kind."""
    names = [name for name in KINDS[kind] if name in files]
    changed = dict(files)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        name = chance.choice(names)
        change = _change(name, chance)
        changed[name] = change(changed[name], changed, chance)
    return changed


KINDS: dict[str, tuple[str, ...]] = {
    "tokenizer": ("tokenizer.json",),
    "config": ("config.json", "config.json", "generation_config.json", "tokenizer_config.json"),
    "weights": ("model.safetensors",),
    "index": (
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ),
}
"""The files of each kind that are changed, the more often named the more often."""

_Change: TypeAlias = Callable[[bytes, Files, random.Random], bytes]


def _change(name: str, chance: random.Random) -> _Change:
    if name.endswith(".safetensors"):
        return chance.choice(
            (_flip, _cut, _grow, _header_value, _header_value, _header_value, _length, _spliced)
        )
    if chance.random() < 0.15:
        return chance.choice((_flip, _cut, _spliced, _number))
    return _part if name == "tokenizer.json" and chance.random() < 0.5 else _value


def _flip(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """A few bits turned over, more of them near the beginning."""
    if not raw:
        return b"\0"
    changed = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(len(raw) if chance.random() < 0.5 else min(len(raw), 200))
        changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """A piece taken out, or the end."""
    begin = chance.randrange(len(raw) + 1)
    end = len(raw) if chance.random() < 0.3 else min(len(raw), begin + chance.choice((1, 2, 4, 8, 100)))
    return raw[:begin] + raw[end:]


def _grow(raw: bytes, files: Files, chance: random.Random) -> bytes:
    place = chance.choice((0, 8, len(raw), chance.randrange(len(raw) + 1)))
    return raw[:place] + chance.randbytes(chance.choice((1, 4, 8, 1000))) + raw[place:]


def _spliced(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """A piece of one file in the place of a piece of another."""
    other = files[chance.choice(sorted(files))]
    begin, there = chance.randrange(len(raw) + 1), chance.randrange(len(other) + 1)
    length = chance.choice((1, 8, 64, 1000))
    return raw[:begin] + other[there : there + length] + raw[begin + length :]


def _part(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """A part of a tokenizer in the place of its own, a value of it changed or not."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return _flip(raw, files, chance)
    name = chance.choice(sorted(PARTS))
    part = json.loads(json.dumps(chance.choice(PARTS[name])))
    if chance.random() < 0.5:
        part = _changed(part, chance)
    inside = content.get(name) if isinstance(content, dict) else None
    if inside is not None and name in _SEQUENCES and chance.random() < 0.5:
        part = {
            "type": "Sequence",
            _SEQUENCES[name]: chance.choice(([inside, part], [part, inside], [part] * 9)),
        }
    if isinstance(content, dict):
        content[name] = part
    return json.dumps(content).encode()


def _number(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """Digits in the place of digits, whatever they are part of."""
    places = [index for index, byte in enumerate(raw) if chr(byte).isdigit()]
    if not places:
        return raw
    begin = end = chance.choice(places)
    while end < len(raw) and chr(raw[end]).isdigit():
        end += 1
    edge = json.dumps(chance.choice([edge for edge in EDGES if isinstance(edge, int)])).encode()
    return raw[:begin] + chance.choice((*JSON_NUMBERS, edge, edge, edge)) + raw[end:]


def _value(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """A value of the JSON replaced, removed, given twice, wrapped, or swapped with another."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return _flip(raw, files, chance)
    return json.dumps(_changed(content, chance)).encode()


def _changed(content: Any, chance: random.Random) -> Any:
    places = list(_places(content))
    if not places:
        return chance.choice(EDGES)
    # deep and long lists (a vocabulary) would have nearly all of the changes
    inside, key = chance.choice(
        [place for place in places if chance.random() < 0.1 or not _is_long(place[0])] or places
    )
    match chance.randrange(8):
        case 0:
            del inside[key]
        case 1:
            inside[key] = [inside[key]]
        case 2:
            inside[key] = {"a": inside[key]}
        case 3:
            other, there = chance.choice(places)
            if key in inside if isinstance(inside, dict) else key < len(inside):
                inside[key] = json.loads(json.dumps(other[there]))
        case 4 if isinstance(inside, dict):
            inside[chance.choice(("", "type", "x", "\x1b", key * 2))] = inside.pop(key)
        case 4 | 5 if isinstance(inside, list):
            inside.extend(inside[:] * chance.choice((1, 10)))
        case _:
            same = [edge for edge in EDGES if type(edge) is type(inside[key])]
            inside[key] = chance.choice(same if same and chance.random() < 0.8 else EDGES)
    return content


def _is_long(inside: dict[str, Any] | list[Any]) -> bool:
    return len(inside) > 25


def _places(content: Any) -> Any:
    """Every object or list and key in it where a value stands."""
    waiting = [content]
    while waiting:
        inside = waiting.pop()
        keys = (
            list(inside)
            if isinstance(inside, dict)
            else range(len(inside))
            if isinstance(inside, list)
            else ()
        )
        for key in keys:
            yield inside, key
            waiting.append(inside[key])


def _header_value(raw: bytes, files: Files, chance: random.Random) -> bytes:
    """A value in the header of a safetensors file, whose length is put right or not."""
    if len(raw) < 8:
        return raw + bytes(8)
    length = struct.unpack("<Q", raw[:8])[0]
    header = _value(raw[8 : 8 + length], files, chance)
    claimed = struct.pack("<Q", len(header)) if chance.random() < 0.9 else raw[:8]
    return claimed + header + raw[8 + length :]


def _length(raw: bytes, files: Files, chance: random.Random) -> bytes:
    edges = (0, 1, 2, len(raw), len(raw) - 8, 2**31, 2**32, 2**63, 2**64 - 1, 100_000_000, 100_000_001)
    return struct.pack("<Q", chance.choice(edges)) + raw[8:]


def seeds() -> dict[str, dict[str, bytes]]:
    """The checkpoints that are changed: files by name, by the kind of checkpoint."""
    classifier = {
        "config.json": json.dumps(checkpoints.classifier_config()).encode(),
        "tokenizer.json": json.dumps(checkpoints.wordpiece()).encode(),
        "tokenizer_config.json": b'{"model_max_length": 32, "cls_token": "[CLS]", "unk_token": "[UNK]"}',
    }
    writer = {
        "config.json": json.dumps(checkpoints.writer_config()).encode(),
        "tokenizer.json": json.dumps(checkpoints.bpe()).encode(),
        "tokenizer_config.json": b'{"model_max_length": 32, "eos_token": "<end>", "unk_token": "<unk>"}',
        "generation_config.json": b'{"max_new_tokens": 3, "eos_token_id": 0, "num_beams": 2, "do_sample": false}',
    }
    shapes = checkpoints.classifier_shapes(len(checkpoints.wordpiece()["model"]["vocab"]))
    weights = {"model.safetensors": checkpoints.safetensors(shapes)}
    names = list(shapes)
    shards: dict[str, bytes] = {}
    weight_map: dict[str, str] = {}
    for number, half in enumerate((names[:10], names[10:]), 1):
        name = f"model-{number:05}-of-00002.safetensors"
        shards[name] = checkpoints.safetensors({each: shapes[each] for each in half})
        weight_map |= dict.fromkeys(half, name)
    shards["model.safetensors.index.json"] = json.dumps({"metadata": {}, "weight_map": weight_map}).encode()
    own = checkpoints.safetensors(checkpoints.writer_shapes(len(checkpoints.bpe()["model"]["vocab"])))
    unigram = {**classifier, **weights, "tokenizer.json": json.dumps(checkpoints.unigram()).encode()}
    return {
        "classifier": {**classifier, **weights},
        "sharded": {**classifier, **shards},
        "unigram": unigram,
        "writer": {**writer, "model.safetensors": own},
    }
