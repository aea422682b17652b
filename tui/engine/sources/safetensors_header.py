"""Names, shapes and number formats of the tensors in a safetensors file, from its header alone."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_LARGEST_HEADER = 100_000_000
_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True)
class Weights:
    """What weight files hold; None where that can't be told without loading them."""

    size_bytes: int
    parameters: int | None
    dtype: str | None
    """The number format most elements are stored in."""


def read_weights(files: Iterable[Path]) -> Weights:
    """Sum of several safetensors files. Raises ValueError for a file that is cut short or none at all."""
    elements: Counter[str] = Counter()
    size = 0
    for file in files:
        size += file.stat().st_size
        elements.update(_elements(file))
    floats = {code: count for code, count in elements.items() if code.startswith(("F", "BF"))}
    return Weights(size, sum(floats.values()), most_common_dtype(floats))


def most_common_dtype(elements: Mapping[str, int]) -> str | None:
    """The number format most elements are stored in, in torch's spelling.

    >>> most_common_dtype({"F32": 10, "BF16": 90})
    'bfloat16'
    """
    code = max(elements, key=lambda code: elements[code], default=None)
    return None if code is None else _FLOATS.get(code, code.lower())


def _elements(file: Path) -> Counter[str]:
    """Elements of each number format in one file."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        first = stream.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else 0
        if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
            raise ValueError(f"{file.name} has no safetensors header")
        try:
            header = json.loads(stream.read(length))
            tensors = [entry for name, entry in header.items() if name != "__metadata__"]
            end = max((int(entry["data_offsets"][1]) for entry in tensors), default=0)
            counts = Counter[str]()
            for entry in tensors:
                counts[str(entry["dtype"])] += math.prod(int(side) for side in entry["shape"])
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise ValueError(f"{file.name} has a damaged safetensors header") from error
    if 8 + length + end > size:
        missing = 8 + length + end - size
        raise ValueError(f"{file.name} is cut short: {missing:,} of {8 + length + end:,} bytes are missing")
    return counts
