"""A program in a real pseudo-terminal; everything it sends is kept with the time at which it came."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks.screen import Screen
from tests.pseudo_terminal import TRUE_COLOR, PseudoTerminal

PATIENCE = 120.0
"""Seconds to wait for something to be painted on a busy machine."""
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
        self.started = time.perf_counter()
        self._terminal = PseudoTerminal(command, {**environment, **TRUE_COLOR}, columns, rows, folder)
        self.process = self._terminal.process

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
        self._terminal.close()

    def press(self, keys: bytes) -> float:
        """Send keys; the time at which they were sent."""
        now = time.perf_counter()
        self._keep(self._terminal.write(keys))
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
        return self._keep(self._terminal.read(timeout))

    def _keep(self, sent: bytes | None) -> bool:
        if sent:
            self.chunks.append(Chunk(time.perf_counter(), sent))
        return bool(sent)
