"""Names, shapes and number formats of the tensors in a safetensors file, from its header alone."""

from __future__ import annotations

import json
import math
import os
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.system.plain_files import open_plain

_LARGEST_HEADER = 30_000_000
"""Bytes of the names and places of 300,000 tensors, several times those of any model; the format's own limit of 100
megabytes would take half a minute to look through."""
_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
    "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
"""Bits of one element, by the format's name: https://github.com/safetensors/safetensors."""
_LAYER = re.compile(r"(?:^|\.)(\d{1,6})\.")


@dataclass(frozen=True)
class Weights:
    """What weight files hold; None where that can't be told without loading them."""

    size_bytes: int
    parameters: int | None
    dtype: str | None
    """The number format most elements are stored in."""
    tensors: int | None = None
    largest_side: int | None = None
    """The longest side of any tensor: no vocabulary, head or layer is wider."""
    layers: int | None = None
    """One more than the highest number in a tensor's name: layers are numbered from 0."""


@dataclass(frozen=True)
class _Tensor:
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_weights(files: Iterable[Path]) -> Weights:
    """Sum of several safetensors files.

    Raises OSError, and ValueError for a file that is cut short or damaged, and for a tensor that stands in two.
    """
    elements: Counter[str] = Counter()
    holder: dict[str, str] = {}
    size = largest = layers = 0
    for file in files:
        tensors, bytes_in_all = _tensors(file)
        size += bytes_in_all
        for tensor in tensors:
            if tensor.name in holder:
                raise ValueError(f"“{tensor.name[:80]}” is both in {holder[tensor.name]} and in {file.name}")
            holder[tensor.name] = file.name
            elements[tensor.dtype] += math.prod(tensor.shape)
            largest = max(largest, *tensor.shape, 0)
            layers = max(layers, *(int(number) + 1 for number in _LAYER.findall(tensor.name)), 0)
    floats = {code: count for code, count in elements.items() if code.startswith(("F", "BF"))}
    parameters = sum(floats.values())
    return Weights(size, parameters, most_common_dtype(floats), len(holder), largest or None, layers or None)


def most_common_dtype(elements: Mapping[str, int]) -> str | None:
    """The number format most elements are stored in, in torch's spelling.

    >>> most_common_dtype({"F32": 10, "BF16": 90})
    'bfloat16'
    """
    code = max(elements, key=lambda code: elements[code], default=None)
    return None if code is None else _FLOATS.get(code, code.lower())


def _tensors(file: Path) -> tuple[list[_Tensor], int]:
    """The tensors of one file in the order of their bytes, and the size of the file in bytes."""
    with open_plain(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        first = stream.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else 0
        if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
            raise ValueError(f"{file.name} has no safetensors header")
        raw = stream.read(length)
    try:
        header = json.loads(raw, object_pairs_hook=_once)
        tensors = [_tensor(name, entry) for name, entry in header.items() if name != "__metadata__"]
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(f"{file.name} has a damaged safetensors header") from error
    except ValueError as error:
        reason = f": {error}" if isinstance(error, _RefusedError) else ""
        raise ValueError(f"{file.name} has a damaged safetensors header{reason}") from error
    tensors.sort(key=lambda tensor: (tensor.begin, tensor.end))
    _want_no_gaps(file.name, tensors, size - 8 - length)
    return tensors, size


class _RefusedError(ValueError):
    """A reason of our own, in words for people."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once; of a key that stands twice each reader would take another."""
    content = dict(pairs)
    if len(content) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise _RefusedError(f"“{twice[:80]}” stands in it twice")
    return content


def _tensor(name: str, entry: Mapping[str, Any]) -> _Tensor:
    begin, end = entry["data_offsets"]
    numbers = [begin, end, *entry["shape"]]
    if not all(type(number) is int and 0 <= number < 1 << 62 for number in numbers):
        raise _RefusedError(f"“{name[:80]}” has a shape or a place that can't be")
    dtype = entry["dtype"]
    if dtype not in _BITS:
        raise _RefusedError(f"“{name[:80]}” is of the unknown number format {str(dtype)[:40]!r}")
    shape = tuple(entry["shape"])
    expected = (math.prod(shape) * _BITS[dtype] + 7) // 8
    if end - begin != expected:
        raise _RefusedError(f"“{name[:80]}” takes {end - begin:,} bytes, where its shape takes {expected:,}")
    return _Tensor(name, dtype, shape, begin, end)


def _want_no_gaps(name: str, tensors: Sequence[_Tensor], room: int) -> None:
    """Raises ValueError unless the tensors, one after the other, fill the file's `room` bytes."""
    at = 0
    for tensor in tensors:
        if tensor.begin != at:
            what = "overlaps the one before it" if tensor.begin < at else "leaves a gap before it"
            raise ValueError(f"{name} has a damaged safetensors header: “{tensor.name[:80]}” {what}")
        at = tensor.end
    if at > room:
        raise ValueError(f"{name} is cut short: {at - room:,} of its {at:,} bytes of tensors are missing")
    if at < room:
        raise ValueError(f"{name} is {room - at:,} bytes longer than its tensors")
