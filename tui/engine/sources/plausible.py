"""Whether a config can be that of its weights: told from its JSON and their headers before anything is built."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui.engine.errors import EngineError
from tui.engine.sources.safetensors_header import Weights

MOST_LABELS = 10_000
"""Where no tensor of the weights has so many rows."""
MOST_POSITIONS = 100_000_000
"""Tokens; the longest context a model states is a tenth of it."""
_MOST_DEPTH = 40
_MOST_ENTRIES = 20_000
_MOST_LAYERS = 10_000
"""Where the weights don't tell; the deepest models have hundreds."""
_LEAST_BOUND = 1_000_000
"""No size is refused below it: what it leads to is small beside any machine's memory."""
_MOST_NAMES_SHOWN = 60

_COUNTS = frozenset({
    "d_model", "dim", "hidden_size", "n_embd", "n_head", "n_heads", "n_layer", "n_layers", "num_attention_heads",
    "num_hidden_layers", "num_labels", "vocab_size",
})  # fmt: skip
"""Keys that hold one whole number in every family that has them."""
_LAYERS = re.compile(r"(?:^|_)(?:layers?|blocks?|depth)$")
_SIZES = re.compile(
    r"(?:^|_)(?:size|dim|heads?|channels|experts|labels|rank|groups|buckets|embd|embeddings|inner|width|ff|kv|words|"
    r"langs|model|state)$"
)
_POSITIONS = re.compile(r"position|(?:^|_)(?:ctx|seq\w*|context\w*)(?:_|$)")
_IMPLEMENTATIONS = re.compile(r"(?:attn|attention|experts)_implementation")
_DTYPES = frozenset({
    "auto", "bfloat16", "bool", "complex64", "double", "float", "float16", "float32", "float4_e2m1fn_x2", "float64",
    "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "half", "int16", "int32", "int64", "int8",
    "uint8",
})  # fmt: skip
_WEIGHTS = frozenset({"model.safetensors", "model.safetensors.index.json"})
_FILE = "config.json"
_FROM_ONE = "Copy config.json and the weights from the same checkpoint."


def check(config: Mapping[str, Any], weights: Weights) -> None:
    """Raises EngineError for an entry that no model of these weights can have, and for one that asks for code."""
    for path, key, value in _entries(config):
        _want_no_code(path, key, value)
        _want_a_dtype(path, key, value)
        if key in _COUNTS:
            _want_a_count(path, value)
        if isinstance(value, int):
            _want_it_to_fit(path, key, value, weights)
    _want_labels(config, weights)
    named = config.get("transformers_weights")
    if named is not None and not (isinstance(named, str) and named in _WEIGHTS):
        raise _unfit("transformers_weights", named, "this key may name model.safetensors or its index")


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Every entry of a config and of the configs in it: its path, its key, its value. Labels are no entries."""
    waiting: list[tuple[str, Mapping[str, Any], int]] = [("", config, 1)]
    count = 0
    while waiting:
        place, entries, depth = waiting.pop()
        count += len(entries)
        if count > _MOST_ENTRIES:
            raise _cannot(f"{_FILE} has more than {_MOST_ENTRIES:,} entries, which no config has.")
        if depth > _MOST_DEPTH:
            raise _cannot(f"{_FILE} holds objects within objects, {depth} deep at “{_cut(place)}”.")
        for key, value in entries.items():
            path = f"{place}.{key}" if place else key
            yield path, key, value
            if isinstance(value, Mapping) and key not in ("id2label", "label2id"):
                waiting.append((path, value, depth + 1))


def _want_no_code(path: str, key: str, value: Any) -> None:
    """transformers fetches an implementation that is named owner/name from the Hub, and runs it (CVE-2026-4372)."""
    if _IMPLEMENTATIONS.search(key) is None:
        return
    for text in value.values() if isinstance(value, Mapping) else (value,):
        if isinstance(text, str) and "/" in text:
            raise EngineError(
                "This checkpoint asks for code of the Hub",
                f"{_FILE} says {_cut(path)}: {_shown(text)}, a kernel that would be fetched and run.",
                "Logitscope never runs code from checkpoints; choose another one, or remove the entry.",
            )


def _want_a_dtype(path: str, key: str, value: Any) -> None:
    if key not in ("dtype", "torch_dtype") or value is None or isinstance(value, Mapping):
        return
    if not isinstance(value, str) or value.removeprefix("torch.") not in _DTYPES:
        raise _unfit(path, value, "torch has no such number format")


def _want_a_count(path: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unfit(path, value, "a whole number belongs there")
    if value < 0:
        raise _unfit(path, value, "it can't be negative")


def _want_it_to_fit(path: str, key: str, value: int, weights: Weights) -> None:
    """Sizes that the weights can't have: building a model of them would take all memory, or all time."""
    if _LAYERS.search(key):
        most = max(weights.layers or 0, weights.tensors or _MOST_LAYERS, 1000)
        held = None if not weights.layers else f"the weights hold {_counted(weights.layers, 'layer')} at most"
    elif _POSITIONS.search(key):
        most, held = MOST_POSITIONS, "no model reads so many tokens"
    elif _SIZES.search(key):
        side = weights.largest_side
        most = max(side or 0, MOST_LABELS) if "labels" in key else max(16 * (side or 0), _LEAST_BOUND)
        if side is None:
            most = max(most, weights.size_bytes)
        held = None if side is None else f"the longest side of any tensor in the weights is {side:,}"
    else:
        return
    if abs(value) > most:
        raise _unfit(path, value, held or f"at most {most:,} can be, by the size of the weights")


def _want_labels(config: Mapping[str, Any], weights: Weights) -> None:
    labels = config.get("id2label")
    if labels is None:
        return
    if not isinstance(labels, Mapping):
        raise _unfit("id2label", labels, "an object of numbers and labels belongs there")
    side = weights.largest_side
    if side is not None and len(labels) > max(side, MOST_LABELS):
        held = f"the longest side of any tensor in the weights is {side:,}"
        raise _cannot(f"{_FILE} names {len(labels):,} labels in id2label, but {held}.")
    for index in labels:
        if not re.fullmatch(r"[0-9]{1,9}", index):
            raise _unfit("id2label", index, "its keys are the numbers of the labels")


def culprit(config: Mapping[str, Any], weights: Weights) -> str:
    """The size in a config that is the least like its weights, in words; empty where none stands out."""
    side = weights.largest_side or 0
    sizes = [
        (value, path)
        for path, key, value in _entries(config)
        if isinstance(value, int) and (_SIZES.search(key) or _LAYERS.search(key) or _POSITIONS.search(key))
    ]
    value, path = max(sizes, default=(0, ""))
    if value <= side:
        return ""
    held = f"; the longest side of any tensor in the weights is {side:,}" if side else ""
    return f"{_FILE} says {_cut(path)}: {value:,}{held}"


def _unfit(path: str, value: Any, why: str) -> EngineError:
    return _cannot(f"{_FILE} says {_cut(path)}: {_shown(value)}, but {why}.")


def _cannot(detail: str) -> EngineError:
    return EngineError("The config can't be used", detail, _FROM_ONE)


def _shown(value: Any) -> str:
    """A value of JSON as it stands in the file, cut.

    >>> _shown("many"), _shown(10**9), _shown(float("nan")), _shown([1, 2])
    ('“many”', '1,000,000,000', 'NaN', 'a list')
    """
    match value:
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case int():
            return f"{value:,}" if abs(value) < 1 << 256 else "a number of hundreds of digits"
        case float():
            return "NaN" if math.isnan(value) else f"{value:g}"
        case str():
            return f"“{_cut(value)}”"
    return "a list" if isinstance(value, list) else "an object"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_NAMES_SHOWN else f"{text[:_MOST_NAMES_SHOWN]}…"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
