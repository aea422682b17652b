"""Keys and values kept between requests, so that what was read once is not read again. Imports torch.

What the model reads stands in one buffer for each source (what an encoder reads; nothing, for a decoder alone).
Where another branch takes the place of its end, the end is copied out and kept beside it, and copied back when the
branch is visited: branches share their beginning, and none is computed twice as long as there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.cache_utils import Cache, EncoderDecoderCache

from tui.engine.library.growing import States, can_grow, decoder_part, grow, layers_of, seen_up_to
from tui.protocol.writing.kept import CacheUse, KeptPart, digest_of

LEAST_BYTES = 64 << 20
_SHARE_OF_FREE = 4


def allowance(free: int | None) -> int:
    """Bytes that may be kept: a quarter of what is free, 64 MiB at least.

    >>> allowance(None), allowance(8 << 30)
    (67108864, 2147483648)
    """
    return max(LEAST_BYTES, (free or 0) // _SHARE_OF_FREE)


@dataclass
class _End:
    """The end of a branch that another took the place of."""

    ids: tuple[int, ...]
    """All ids up to its last position."""
    start: int
    """Its first position; those before stand elsewhere."""
    states: list[States]
    row: torch.Tensor | None
    """The logits after its last position."""
    bytes: int
    used: int
    """When, in requests."""


@dataclass
class _Source:
    """What is kept of one source."""

    cache: Cache | None = None
    grows: bool = False
    ids: list[int] = field(default_factory=list)
    """What `cache` holds."""
    whole: bool = True
    """Whether the latest forward came to its end; otherwise some layers hold more than others."""
    row: torch.Tensor | None = None
    """The logits after the last of `ids`."""
    ends: list[_End] = field(default_factory=list)
    encoder_outputs: Any = None
    used: int = 0

    @property
    def bytes(self) -> int:
        """Of the cache and the encoder's outputs, without the ends."""
        return sum(_bytes(self.cache)) + sum(map(_size, _tensors(self.encoder_outputs)))

    @property
    def bytes_besides(self) -> int:
        """Of what an encoder made, and of the keys and values made of that."""
        cross = self.cache.cross_attention_cache if isinstance(self.cache, EncoderDecoderCache) else None
        return sum(_bytes(cross)) + sum(map(_size, _tensors(self.encoder_outputs)))


class KeptCaches:
    """The caches of one model. Of one lane only."""

    def __init__(self, allowed: int) -> None:
        """`allowed`: most bytes that are kept when no request runs."""
        self.allowed = allowed
        self._sources: OrderedDict[tuple[int, ...], _Source] = OrderedDict()
        self._requests = 0
        self._dropped = 0

    @property
    def holds_any(self) -> bool:
        """Whether anything is kept of any text."""
        return any(known.ids for known in self._sources.values())

    def encoder_outputs(self, source: tuple[int, ...]) -> Any:
        """What the encoder made of a source; None where that isn't kept."""
        known = self._sources.get(source)
        return None if known is None else known.encoder_outputs

    def take(
        self,
        source: tuple[int, ...],
        ids: Sequence[int],
        rows: int,
        fresh: Cache,
        encoder_outputs: Any = None,
    ) -> Taken:
        """A cache for a run over `ids`, with as many of their first positions in it as are kept.

        rows: of how many of the last positions the logits are wanted; at least one. All but these need not be run,
        and where only the last is wanted and its logits are kept, none need be. fresh: the empty cache that
        `generate` made, which is used where none is kept.
        """
        self._requests += 1
        known = self._sources.setdefault(source, _Source())
        known.used = self._requests
        known.encoder_outputs = encoder_outputs
        if known.cache is not None and known.grows:
            self._turn_to(known, ids, rows)
        elif known.cache is None or not _goes_on(known, ids, rows):
            known.cache, known.grows, known.ids, known.row, known.whole = (
                fresh,
                can_grow(fresh),
                [],
                None,
                True,
            )
            if known.grows:
                grow(fresh)
        self.settle()
        return Taken(known)

    def _turn_to(self, known: _Source, ids: Sequence[int], rows: int) -> None:
        """Make the buffer hold what is kept of `ids`, but for what is to be run; keep the end that goes out."""
        assert known.cache is not None
        layers = layers_of(known.cache)
        common = shared(known.ids, ids)
        if common < len(known.ids):
            views = [layer.states(common, len(known.ids)) for layer in layers]
            copies: list[States] = [
                None if each is None else (each[0].clone(), each[1].clone()) for each in views
            ]
            size = sum(_size(each) for pair in copies if pair is not None for each in pair)
            known.ends.append(_End(tuple(known.ids), common, copies, known.row, size, self._requests))
            known.row = None
        most = len(ids) if rows == 1 else len(ids) - rows
        standing = min(common, most)
        for layer in layers:
            layer.cut_to(standing)
        while (end := _longest(known.ends, ids, standing, most)) is not None:
            reach = min(shared(end.ids, ids), most)
            part = slice(standing - end.start, reach - end.start)
            for layer, states in zip(layers, end.states, strict=True):
                layer.put(None if states is None else (states[0][..., part, :], states[1][..., part, :]))
            known.row = end.row if reach == len(end.ids) else None
            end.used, standing = self._requests, reach
        if standing < len(known.ids) or standing < len(ids):
            known.row = known.row if standing == len(ids) else None
        if standing == len(ids) and known.row is None:
            standing -= 1
            for layer in layers:
                layer.cut_to(standing)
        known.ids = list(ids[:standing])
        # What stands in the buffer, or will when the last positions are run, need not be kept twice.
        known.ends = [end for end in known.ends if shared(end.ids, ids) < len(end.ids)]

    def settle(self) -> None:
        """Drop what was used longest ago until no more is kept than is allowed; all that runs is used now."""
        used = self._bytes()
        while used > self.allowed:
            ends = [
                (end.used, end.bytes, known, end) for known in self._sources.values() for end in known.ends
            ]
            others = [known for known in self._sources.values() if known.used < self._requests]
            oldest = min(ends, key=lambda each: each[0], default=None)
            idle = min(others, key=lambda known: known.used, default=None)
            if idle is not None and (oldest is None or idle.used <= oldest[0]):
                self._forget(idle)
            elif oldest is not None:
                oldest[2].ends.remove(oldest[3])
                self._dropped += 1
            else:
                return
            used = self._bytes()

    def finish(self) -> None:
        """After a request: what ran is kept if there is room for it."""
        self.settle()
        for known in [known for known in self._sources.values() if self._bytes() > self.allowed]:
            self._forget(known)

    def _forget(self, known: _Source) -> None:
        self._dropped += len(known.ends) + bool(known.ids)
        self._sources = OrderedDict((key, each) for key, each in self._sources.items() if each is not known)

    def clear(self) -> None:
        """Forget everything, as when memory has run out."""
        for known in list(self._sources.values()):
            self._forget(known)

    def seen_up_to(self, source: tuple[int, ...], ids: Sequence[int], fresh: Cache) -> tuple[Cache, int]:
        """A cache to read the last of `ids` with, which leaves what is kept alone; and its positions."""
        known = self._sources.get(source)
        if known is None or known.cache is None or not known.grows:
            return fresh, 0
        standing = min(shared(known.ids, ids), len(ids) - 1)
        return (seen_up_to(known.cache, fresh, standing), standing) if standing else (fresh, 0)

    def use(
        self, reused: int, computed: int, source: tuple[int, ...] = (), prompt: Sequence[int] = ()
    ) -> CacheUse:
        """What is kept now; `reused` and `computed`: positions of a request.

        source and prompt: those whose branches are told one by one, ids of the encoder and of the decoder.
        """
        kept = self._sources.values()
        known = self._sources.get(source, _Source())
        a_token = _bytes_of_position(known)
        return CacheUse(
            bytes_used=self._bytes(),
            bytes_allowed=self.allowed,
            branches=sum(bool(known.ids) + len(known.ends) for known in kept),
            dropped=self._dropped,
            reused=reused,
            computed=computed,
            token_bytes=a_token,
            prompt_bytes=known.bytes_besides + len(prompt) * a_token if known.grows else known.bytes,
            parts=_parts(known, prompt),
        )

    def _bytes(self) -> int:
        return sum(known.bytes + sum(end.bytes for end in known.ends) for known in self._sources.values())


class Taken:
    """A cache in use by a run."""

    def __init__(self, known: _Source) -> None:
        assert known.cache is not None
        self.cache: Cache = known.cache
        self.past = len(known.ids)
        """Positions that it held when it was taken."""
        self._known = known

    @property
    def row(self) -> torch.Tensor | None:
        """The logits after the last position that it holds, where they are kept."""
        return self._known.row

    @property
    def can_be_read_in_parts(self) -> bool:
        """Whether a long prompt may be read one part after the other."""
        return self._known.grows

    def run(self, ids: Sequence[int], forward: Callable[[], list[torch.Tensor]]) -> list[torch.Tensor]:
        """Do a forward over `ids`, which go on from those before; its rows."""
        self._known.whole, self._known.row = False, None
        rows = forward()
        self._known.whole, self._known.row = True, rows[-1]
        self._known.ids.extend(ids)
        return rows


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids two sequences begin with alike.

    >>> shared([1, 2, 3], (1, 2, 4, 5))
    2
    """
    length = min(len(one), len(other))
    if list(one[:length]) == list(other[:length]):
        return length
    return next(place for place in range(length) if one[place] != other[place])


def _longest(ends: list[_End], ids: Sequence[int], standing: int, most: int) -> _End | None:
    """The end that goes on furthest from the positions that stand."""
    reaches = [
        (reach, end)
        for end in ends
        if end.start <= standing and (reach := min(shared(end.ids, ids), most)) > standing
    ]
    return max(reaches, key=lambda each: each[0])[1] if reaches else None


def _goes_on(known: _Source, ids: Sequence[int], rows: int) -> bool:
    """Whether a cache of another kind can be gone on with: as it is, or by one token, as every kind can.

    Such a cache may have forgotten what stands before its window, or hold no more than a state.
    """
    new = len(ids) - len(known.ids)
    wanted = new == 1 or (new == 0 and known.row is not None)
    return known.whole and wanted and rows == 1 and shared(known.ids, ids) == len(known.ids)


def _bytes_of_position(known: _Source) -> int:
    """Of one position of the decoder in all layers."""
    if known.cache is None or not known.grows or not known.ids:
        return 0
    first = [layer.states(0, 1) for layer in layers_of(known.cache)]
    return sum(_size(each) for pair in first if pair is not None for each in pair)


def _parts(known: _Source, prompt: Sequence[int]) -> tuple[KeptPart, ...]:
    """What is kept of the texts after a prompt."""
    runs = [(known.ids, 0), *((end.ids, end.start) for end in known.ends)]
    begin = list(prompt)
    return tuple(
        KeptPart(digest_of(ids[len(begin) :]), max(0, start - len(begin)), len(ids) - len(begin))
        for ids, start in runs
        if len(ids) > len(begin) and list(ids[: len(begin)]) == begin
    )


def _bytes(cache: Cache | None) -> Iterator[int]:
    if cache is None:
        return
    if isinstance(cache, EncoderDecoderCache):
        yield from _bytes(cache.cross_attention_cache)
    for layer in decoder_part(cache).layers:
        own = getattr(layer, "bytes", None)
        yield own if own is not None else sum(map(_size, _tensors(vars(layer))))


def _tensors(holder: Any) -> Iterator[torch.Tensor]:
    """The tensors in a nest of dictionaries, lists and tuples."""
    if isinstance(holder, torch.Tensor):
        yield holder
    elif isinstance(holder, dict):
        for each in holder.values():
            yield from _tensors(each)
    elif isinstance(holder, list | tuple):
        for each in holder:
            yield from _tensors(each)


def _size(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()
