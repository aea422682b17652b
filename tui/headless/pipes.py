"""The two pipes of an engine's process: read and written with a limit to how long the engine may say nothing."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable

LOOK_SECONDS = 1.0
SILENT_SECONDS = 30.0
"""How long an engine may leave pings unanswered: a library may hold it for a second, a busy machine for longer."""
CANCEL_SECONDS = 6.0
"""The same after a cancel, which it answers at once unless something holds all of it."""


class SilentError(Exception):
    """The engine neither says nor takes anything."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it has said nothing for {seconds:.0f} s")


class Pipes:
    """Bytes from and to an engine. Waits are counted in looks, for this process may itself have been stopped."""

    def __init__(self, process: subprocess.Popen[bytes], ping: Callable[[], None]) -> None:
        """`ping` is called once a second while the engine is waited for; what it says then is a sign of life."""
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests, self._events = process.stdin, process.stdout
        os.set_blocking(self._requests.fileno(), False)
        self._ping = ping
        self._received = bytearray()
        self._quiet_looks = 0
        self.patience_seconds = SILENT_SECONDS

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer where the stream ends. Raises SilentError."""
        while len(self._received) < count:
            if not select.select([self._events], [], [], LOOK_SECONDS)[0]:
                self._looked()
                self._ping()
                continue
            piece = os.read(self._events.fileno(), 1 << 20)
            if not piece:
                break
            self._quiet_looks = 0
            self._received += piece
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError when the engine is gone, and SilentError."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._requests.fileno(), view) :]
            except BlockingIOError:
                if select.select([], [self._requests], [], LOOK_SECONDS)[1]:
                    self._quiet_looks = 0  # it has read something
                else:
                    self._looked()

    def end_requests(self) -> None:
        """Nothing more is written. Raises OSError when the engine is gone."""
        self._requests.close()

    def end_events(self) -> None:
        """Nothing more is read."""
        self._events.close()

    def _looked(self) -> None:
        self._quiet_looks += 1
        seconds = self._quiet_looks * LOOK_SECONDS
        if seconds >= self.patience_seconds:
            raise SilentError(seconds)
