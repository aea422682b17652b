"""Weights in memory of the engine's own.

A file that is mapped into memory ends the process when it becomes shorter (SIGBUS), and changes the model where it
is written anew in its place, as a training that goes on does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil

from tui.engine.sources.safetensors_header import Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PART = 2
"""Of the memory that is free the weights may take one part in so many."""


def taken(load: Callable[[], tuple[PreTrainedModel, str]], weights: Weights) -> tuple[PreTrainedModel, str]:
    """What `load` gives, with weights that no file is behind any more.

    Weights that would take most of the memory stay mapped: the system can take such memory back, but no copy.
    """
    if weights.size_bytes > psutil.virtual_memory().available // _PART:
        return load()
    with _reading():
        model, warning = load()
    if weights.tensors is None:  # pickled ones, which torch maps whatever it is told
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.data = tensor.data.clone()
    return model, warning


@contextmanager
def _reading() -> Iterator[None]:
    """While it is open, transformers reads safetensors files instead of mapping them, as it does on Windows."""
    from transformers import modeling_utils

    library: Any = modeling_utils
    mapping = library.safe_open

    def unmapped(*file: Any, **options: Any) -> Any:
        return mapping(*file, **{**options, "backend": "pread"})

    library.safe_open = unmapped
    try:
        yield
    finally:
        library.safe_open = mapping
