"""One engine process with its two pipes: bytes to events on the way in, back-pressure on the way out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace

from tui.app.engine_client import failures
from tui.protocol import AnyEvent, AnyRequest, Cancel, Superseded
from tui.protocol.failures import Failure
from tui.protocol.frames import ANY_PREAMBLE, HEADER, PREAMBLE, body_length, decode_event, encode_frame
from tui.system.engine_process import EngineProcess

BANNER_BYTES = 64 * 1024
"""Most bytes a login may print before the engine's preamble."""
WRITE_BUFFER_BYTES = 1024 * 1024
"""With more than this unread by the engine, requests wait on this side, where a newer one replaces them."""
DRAIN_SECONDS = 0.5
"""How long the output of an engine that closed its input is still read."""


class LinkError(Exception):
    """The link is of no more use."""

    def __init__(self, failure: Failure, hopeless: bool) -> None:
        self.failure = failure
        self.hopeless = hopeless
        """Starting the same command again would end the same way."""


class Owner(Protocol):
    """Who hears from a link."""

    def take(self, link: EngineLink, event: AnyEvent) -> None:
        """An event came."""

    def writable(self) -> None:
        """The engine reads again."""

    def lost(self, link: EngineLink, broken: LinkError | None) -> None:
        """The stream ended, or is broken."""

    def next_id(self) -> int:
        """A new request id."""


class EngineLink(asyncio.Protocol):
    """A running engine; `attach` makes its pipes part of the event loop."""

    def __init__(self, owner: Owner, command: Sequence[str], engine: EngineProcess) -> None:
        self.command = tuple(command)
        self.engine = engine
        self.ready = False
        """`Ready` came; set by the owner."""
        self.fatal: Failure | None = None
        """The failure after which the engine said it would exit; set by the owner."""
        self.looks = 0
        """How often the owner has looked after it."""
        self.seen_gone = False
        """Whether the owner has seen the process ended."""
        self.received = bytearray()
        self._owner = owner
        self._ids = _GrowingIds(owner)
        self._opened = False
        self._full = False
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None

    @property
    def attached(self) -> bool:
        """Whether its pipes are part of the event loop."""
        return self._reader is not None

    async def attach(self) -> None:
        """Start reading, on the running loop."""
        loop = asyncio.get_running_loop()
        self._writer, _ = await loop.connect_write_pipe(lambda: _WriteEnd(self), self.engine.popen.stdin)
        self._writer.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self._reader, _ = await loop.connect_read_pipe(lambda: self, self.engine.popen.stdout)

    def write(self, request: AnyRequest) -> bool:
        """Hand a request to the pipe; False when it isn't taken now. ValueError: no frame can hold it."""
        if self._writer is None or not self.ready or self._full:
            return False
        self._writer.write(encode_frame(self._ids.outward(request)))
        return True

    def end_input(self) -> None:
        """Nothing more is written: the engine exits by itself when it has read what is there."""
        if self._writer is not None:
            self._writer.close()

    def drop_pipes(self) -> None:
        """Close both ends at once, whatever is still in them."""
        writer = self._writer
        # One that is closing with nothing left to write is at its end: asyncio can't end it twice.
        if writer is not None and (writer.get_write_buffer_size() or not writer.is_closing()):
            writer.abort()
        if self._reader is not None:
            self._reader.close()

    async def gone(self, seconds: float) -> bool:
        """Whether the process has ended, waiting for it no longer than `seconds`."""
        end = time.monotonic() + seconds
        while self.engine.popen.poll() is None:
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(0.01)
        return True

    # What follows is called by asyncio.

    def data_received(self, data: bytes) -> None:  # noqa: D102
        self.received += data
        try:
            for event in self._events():
                self._owner.take(self, event)
        except LinkError as broken:
            self._owner.lost(self, broken)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._reader = None
        self._owner.lost(self, None)

    def _events(self) -> Iterator[AnyEvent]:
        if not self._opened:
            self._skip_banner()
        while self._opened and len(self.received) >= HEADER.size:
            try:
                end = HEADER.size + body_length(bytes(self.received[: HEADER.size]))
                if len(self.received) < end:
                    return
                event = decode_event(bytes(memoryview(self.received)[HEADER.size : end]))
            except (ValueError, msgspec.MsgspecError) as error:
                raise LinkError(failures.broken_stream(error), False) from error
            del self.received[:end]
            yield self._ids.inward(event)

    def _skip_banner(self) -> None:
        preamble = ANY_PREAMBLE.search(self.received, 0, BANNER_BYTES)
        if preamble is None:
            if len(self.received) >= BANNER_BYTES:
                what = f"wrote {BANNER_BYTES // 1024} kB of something else"
                raise LinkError(failures.no_engine(self.command, self.received, what), True)
        elif preamble[0] != PREAMBLE:
            raise LinkError(failures.other_version(int(preamble[1])), True)
        else:
            end = preamble.end()
            del preamble  # it keeps the buffer from being cut
            del self.received[:end]
            self._opened = True


class _GrowingIds:
    """The protocol wants growing ids; a request that is offered again late goes under a new one."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._newest = 0
        self._offered: dict[int, int] = {}  # id on the wire → the request's own

    def outward(self, request: AnyRequest) -> AnyRequest:
        if isinstance(request, Cancel):
            wire_ids = (wire for wire, own in self._offered.items() if own == request.target)
            return replace(request, target=next(wire_ids, request.target))
        if request.id <= self._newest:
            wire = self._owner.next_id()
            self._offered[wire] = request.id
            request = replace(request, id=wire)
        self._newest = request.id
        return request

    def inward(self, event: AnyEvent) -> AnyEvent:
        if isinstance(event, Superseded) and event.by in self._offered:
            event = replace(event, by=self._offered[event.by])
        own = self._offered.get(event.id)
        return event if own is None else replace(event, id=own)


class _WriteEnd(asyncio.BaseProtocol):
    def __init__(self, link: EngineLink) -> None:
        self._link = link

    def pause_writing(self) -> None:
        self._link._full = True

    def resume_writing(self) -> None:
        self._link._full = False
        self._link._owner.writable()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link._writer = None  # it can't be aborted again
        later = asyncio.get_running_loop().call_later
        later(DRAIN_SECONDS, self._link._owner.lost, self._link, None)  # its last words are read first
