"""Frames in and out: one reader, one writer, and exactly one last event for every request."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import msgspec

from tui import protocol
from tui.engine.errors import Abandoned, EngineError, plain
from tui.protocol import AnyEvent, Cancelled, Superseded, frames


class FrameReader:
    """Reads frames from a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def next_body(self) -> bytes | None:
        """The next frame's body; None at the end of the stream. Raises ValueError for an absurd length."""
        header = self._exactly(frames.HEADER.size)
        if header is None:
            return None
        return self._exactly(frames.body_length(header))

    def _exactly(self, count: int) -> bytes | None:
        pieces: list[bytes] = []
        while count > 0:
            piece = os.read(self._descriptor, min(count, 1 << 20))
            if not piece:
                return None
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


class Outbox:
    """The one writer of events, and the book of requests that still wait for their last one.

    An event of a request that has had its last event is dropped here: a cancelled forward may run on, but
    nobody hears of it. That decides every race between a lane that finishes and a Cancel that arrives.
    """

    def __init__(self, descriptor: int, broken: Callable[[], None]) -> None:
        """`broken` is called when the other end of the pipe is gone."""
        self._descriptor = descriptor
        self._broken = broken
        self._lock = threading.Lock()
        self._open: set[int] = set()
        self._claimed: set[int] = set()

    def preamble(self) -> None:
        """Write the bytes by which the other side knows where frames begin."""
        with self._lock:
            self._write(frames.PREAMBLE)

    def open(self, request_id: int) -> None:
        """Begin a request: from now on it is owed a last event."""
        with self._lock:
            self._open.add(request_id)

    def is_open(self, request_id: int) -> bool:
        """Whether the request still waits for its last event."""
        with self._lock:
            return request_id in self._open

    def check(self, request_id: int) -> None:
        """Raise Abandoned once the request is over: for work that can stop between two of its parts."""
        if not self.is_open(request_id):
            raise Abandoned

    def claim(self, request_id: int) -> bool:
        """Take the request beyond cancelling, because what follows can't be undone; False when it is over."""
        with self._lock:
            if request_id not in self._open:
                return False
            self._claimed.add(request_id)
            return True

    def supersede(self, request_id: int, by: int) -> None:
        """End a request in favor of a newer one."""
        self.send(Superseded(request_id, by))

    def send(self, event: AnyEvent) -> bool:
        """Write an event; False when its request is over (or, for `Cancelled`, beyond cancelling).

        Raises EngineError for one that no frame holds, or that the other side could make nothing of.
        """
        last = isinstance(event, protocol.LAST_EVENTS)
        frame = _frame(event)
        with self._lock:
            if event.id != 0:
                if event.id not in self._open:
                    return False
                if event.id in self._claimed and isinstance(event, Cancelled | Superseded):
                    return False
                if last:
                    self._open.discard(event.id)
                    self._claimed.discard(event.id)
            self._write(frame)
        return True

    def _write(self, frame: bytes) -> None:
        view = memoryview(frame)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._broken()


def _frame(event: AnyEvent) -> bytes:
    """An event's bytes. Raises EngineError.

    They are read once more: one value of another type than the protocol's, as libraries give for a file that nobody
    thought of, would end the whole stream on the other side, not this one request.
    """
    try:
        frame = frames.encode_frame(event)
        frames.decode_event(memoryview(frame)[frames.HEADER.size :])
    except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
        raise EngineError(
            "The answer holds what can't be told",
            f"A value in it is not of the kind that belongs there: {plain(error)}.",
            "Try another text; if it fails with any, the checkpoint's files are damaged.",
        ) from error
    except ValueError as error:
        raise EngineError(
            "The answer is too large to be sent", f"{error}.", "Ask about a shorter text, or for fewer rows."
        ) from error
    return frame
