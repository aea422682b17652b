"""A program in a real pseudo-terminal; everything it sends is kept with the time at which it came."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks.screen import Screen

PATIENCE = 120.0
"""Seconds to wait for something to be painted on a busy machine."""
_REPLIES = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
"""What current terminals answer: synchronized output yes, size reports in the stream no."""
_QUIET = 0.015


class NeverPaintedError(Exception):
    """What was waited for did not come."""


@dataclass(frozen=True)
class Chunk:
    """Bytes that came in one read."""

    time: float
    """perf_counter seconds."""
    sent: bytes


class Terminal:
    """Runs a command on a terminal of `columns` by `rows` cells; use it as a context manager."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        columns: int = 120,
        rows: int = 40,
        folder: Path | None = None,
    ) -> None:
        self.screen = Screen(columns, rows)
        self.chunks: list[Chunk] = []
        self.observer: Callable[[float, Screen], None] | None = None
        """Told of the time and the screen after each chunk that was drawn."""
        self._parsed = 0
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            cwd=folder,
            preexec_fn=partial(os.login_tty, slave),
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program: by its own key, else by force."""
        for ending in (partial(self.press, b"\x11"), self.process.terminate, self.process.kill):
            if self.process.poll() is not None:
                break
            ending()
            limit = time.perf_counter() + 5
            while self.process.poll() is None and time.perf_counter() < limit:
                self.record(0.05)
        os.close(self._master)
        self.process.wait()

    def press(self, keys: bytes) -> float:
        """Send keys; the time at which they were sent."""
        now = time.perf_counter()
        os.write(self._master, keys)
        return now

    def record(self, seconds: float) -> None:
        """Keep what comes for so long, without looking at it."""
        limit = time.perf_counter() + seconds
        while (left := limit - time.perf_counter()) > 0:
            if not self._read(left):
                return

    def settle(self, quiet: float = 0.3, limit: float = PATIENCE) -> None:
        """Keep what comes until nothing came for `quiet` seconds."""
        end = time.perf_counter() + limit
        while time.perf_counter() < end:
            before = len(self.chunks)
            self.record(quiet)
            if len(self.chunks) == before:
                break
        self.catch_up()

    def wait(self, painted: Callable[[Screen], bool], what: str, patience: float = PATIENCE) -> float:
        """Wait until the screen satisfies a condition; the time of the bytes that made it so.

        The screen is drawn only in pauses of the program, so that drawing it delays no reading.
        """
        if painted(self.screen):
            return time.perf_counter()
        limit = time.perf_counter() + patience
        while time.perf_counter() < limit and self.process.poll() is None:
            arrived = self._read(_QUIET if self._parsed < len(self.chunks) else 0.2)
            if arrived and time.perf_counter() - self.chunks[self._parsed].time < 0.25:
                continue
            while self._parsed < len(self.chunks):
                chunk = self._draw_next()
                if painted(self.screen):
                    return chunk.time
        raise NeverPaintedError(f"{what} was not painted:\n" + "\n".join(self.screen.lines()))

    def catch_up(self) -> None:
        """Draw all that has come."""
        while self._parsed < len(self.chunks):
            self._draw_next()

    def _draw_next(self) -> Chunk:
        chunk = self.chunks[self._parsed]
        self._parsed += 1
        self.screen.feed(chunk.sent)
        if self.observer is not None:
            self.observer(chunk.time, self.screen)
        return chunk

    def _read(self, timeout: float) -> bool:
        """Read once; whether the wait may go on with more to come."""
        ready, _, _ = select.select([self._master], [], [], timeout)
        if not ready:
            return False
        try:
            sent = os.read(self._master, 65536)
        except OSError:  # the program's side is closed
            return False
        if not sent:
            return False
        self.chunks.append(Chunk(time.perf_counter(), sent))
        for query, reply in _REPLIES.items():
            if query in sent:
                os.write(self._master, reply)
        return True
