"""Layers of a key/value cache that grow in place, and so can be cut, copied out and gone on with. Imports torch.

transformers' own layers concatenate: every token copies all that stands before it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from transformers.cache_utils import (
    Cache,
    DummyLayer,
    DynamicCache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
    EncoderDecoderCache,
)

_AT_LEAST = 64
"""Positions that a buffer grows by."""

States: TypeAlias = "tuple[torch.Tensor, torch.Tensor] | None"
"""Keys and values of some positions, [1, heads, positions, width] each; None for a layer that keeps none."""


class _Buffer:
    """A tensor [1, heads, positions, width] with room behind it."""

    def __init__(self) -> None:
        self._whole: torch.Tensor | None = None
        self.length = 0

    def append(self, states: torch.Tensor) -> torch.Tensor:
        """Write states behind those that stand; a view of all."""
        count = states.shape[-2]
        end = self.length + count
        whole = self._whole
        if whole is None or end > whole.shape[-2]:
            room = end + max(_AT_LEAST, end // 4)
            whole = states.new_empty((*states.shape[:-2], room, states.shape[-1]))
            if self._whole is not None:
                whole[..., : self.length, :] = self._whole[..., : self.length, :]
            self._whole = whole
        whole.narrow(-2, self.length, count).copy_(states)
        self.length = end
        return whole.narrow(-2, 0, end)

    def part(self, start: int, end: int) -> torch.Tensor | None:
        """A view of some positions; None where nothing was ever written."""
        return None if self._whole is None else self._whole[..., start:end, :]

    @property
    def bytes(self) -> int:
        return 0 if self._whole is None else self._whole.numel() * self._whole.element_size()


class _Growing:
    """What both kinds of layers share: their buffers."""

    def __init__(self) -> None:
        self._keys, self._values = _Buffer(), _Buffer()

    @property
    def length(self) -> int:
        return self._keys.length

    @property
    def bytes(self) -> int:
        return self._keys.bytes + self._values.bytes

    def cut_to(self, length: int) -> None:
        """Forget the positions from `length` on."""
        for buffer in (self._keys, self._values):
            buffer.length = min(buffer.length, length)
        self._follow()

    def states(self, start: int, end: int) -> States:
        """Views of some positions."""
        keys, values = self._keys.part(start, end), self._values.part(start, end)
        return None if keys is None or values is None else (keys, values)

    def put(self, states: States) -> None:
        """Write states behind those that stand."""
        if states is not None:
            self._keys.append(states[0])
            self._values.append(states[1])
            self._follow()

    def _follow(self) -> None:
        """Let what the library reads of a layer say what the buffers hold."""
        raise NotImplementedError


class GrowingLayer(_Growing, DynamicLayer):  # type: ignore[no-untyped-call]
    """Full attention: every position is seen."""

    def __init__(self) -> None:
        DynamicLayer.__init__(self)  # type: ignore[no-untyped-call]
        _Growing.__init__(self)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append; the keys and values of all positions."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        self.keys, self.values = self._keys.append(key_states), self._values.append(value_states)
        return self.keys, self.values

    def _follow(self) -> None:
        self.keys, self.values = self._keys.part(0, self.length), self._values.part(0, self.length)


class GrowingSlidingLayer(_Growing, DynamicSlidingWindowLayer):  # type: ignore[no-untyped-call]
    """Attention in a window. The positions before it are kept, so that the layer can be cut back into them."""

    def __init__(self, sliding_window: int) -> None:
        DynamicSlidingWindowLayer.__init__(self, sliding_window)
        _Growing.__init__(self)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append; the keys and values that the window of the first new position reaches, and all behind."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        first = max(self.cumulative_length - self.sliding_window + 1, 0)
        self.keys, self.values = self._keys.append(key_states), self._values.append(value_states)
        self.cumulative_length = self.length
        return self.keys[..., first:, :], self.values[..., first:, :]

    def _follow(self) -> None:
        self.keys, self.values = self._keys.part(0, self.length), self._values.part(0, self.length)
        self.cumulative_length = self.length


def decoder_part(cache: Cache) -> Cache:
    """The cache of the decoder's own positions."""
    return cache.self_attention_cache if isinstance(cache, EncoderDecoderCache) else cache


def can_grow(cache: Any) -> bool:
    """Whether every layer of a cache that `generate` made can be replaced by one that grows in place."""
    if not isinstance(cache, DynamicCache | EncoderDecoderCache):
        return False
    own = decoder_part(cache)
    kinds = {type(layer) for layer in own.layers}
    return (
        type(own) is DynamicCache
        and not own.offloading
        and bool(kinds & {DynamicLayer, DynamicSlidingWindowLayer})
        and kinds <= {DynamicLayer, DynamicSlidingWindowLayer, DummyLayer}
    )


def grow(cache: Cache) -> None:
    """Replace the layers of an empty cache, of which `can_grow` holds."""
    own = decoder_part(cache)
    own.layers = [_growing(layer) for layer in own.layers]


def _growing(layer: Any) -> Any:
    if isinstance(layer, DynamicSlidingWindowLayer):
        return GrowingSlidingLayer(layer.sliding_window)
    return GrowingLayer() if isinstance(layer, DynamicLayer) else layer


def layers_of(cache: Cache) -> list[_Growing]:
    """The layers that grow."""
    return [layer for layer in decoder_part(cache).layers if isinstance(layer, _Growing)]


def seen_up_to(cache: Cache, fresh: Cache, length: int) -> Cache:
    """`fresh`, an empty cache of the library, as if the first `length` positions of `cache` had been read into it.

    It shares what it holds, and what is read into it leaves `cache` alone.
    """
    empty: list[Any] = decoder_part(fresh).layers
    for layer, growing in zip(empty, decoder_part(cache).layers, strict=True):
        states = growing.states(0, length) if isinstance(growing, _Growing) else None
        if states is not None:
            layer.update(*states)
    if isinstance(cache, EncoderDecoderCache):
        return EncoderDecoderCache(decoder_part(fresh), cache.cross_attention_cache)
    return fresh
