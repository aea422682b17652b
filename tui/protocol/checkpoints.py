"""What a checkpoint is before its weights are read, and what memory there is for it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Source: TypeAlias = Literal["built-in", "hub-cache", "folder", "hub"]


class Memory(msgspec.Struct, frozen=True):
    """Memory in bytes: of the engine process on a CPU, of the accelerator otherwise; None where unknown."""

    used: int | None
    free: int | None


class Checkpoint(msgspec.Struct, frozen=True):
    """What a checkpoint is, read from its files before its weights are loaded. Unknown facts are None."""

    reference: str
    """What to pass to `Load`: the name of a built-in, a folder's path, or a Hub id."""
    name: str
    source: Source
    architecture: str | None = None
    model_type: str | None = None
    family: str | None = None
    """encoder, decoder or encoder-decoder."""
    labels: tuple[str, ...] = ()
    parameters: int | None = None
    dtype: str | None = None
    """Number format of the stored weights."""
    size_bytes: int | None = None
    """Size of the weight files on disk (or to download)."""
    hidden_size: int | None = None
    layers: int | None = None
    vocabulary_size: int | None = None
    max_tokens: int | None = None
    """Most tokens one input may have."""
    license: str | None = None
    serves: bool = True
    """Whether it can do the task it was asked about."""
    note: str = ""
    """Why it does not serve, or what to know about it; empty when there is nothing to say."""
    untrained: bool = False
    """Whether the head of the task is all it lacks: it loads with a random one, which is warned of."""
