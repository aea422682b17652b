"""A program in a real pseudo-terminal: bytes go in, bytes come out, its size changes."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_REPLIES = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
"""What current terminals answer: synchronized output yes, size reports in the stream no."""


TRUE_COLOR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
"""What current terminals say of themselves in the environment."""


class PseudoTerminal:
    """Runs a command on a terminal of `columns` by `rows` cells. Whoever makes one closes it."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        columns: int,
        rows: int,
        folder: Path | None = None,
        *,
        mute: bool = False,
    ) -> None:
        """`mute`: while the program does not take the keys itself they are neither echoed nor signals."""
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self.resize(columns, rows)
        if mute:
            attributes = termios.tcgetattr(slave)
            attributes[3] &= ~(termios.ECHO | termios.ISIG)
            termios.tcsetattr(slave, termios.TCSANOW, attributes)

        def on_this_terminal() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a suite in the background ignores it
            os.login_tty(slave)

        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            preexec_fn=on_this_terminal,
        )
        os.close(slave)

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size; the kernel tells the program (SIGWINCH)."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, sent: bytes, patience: float = 60.0) -> bytes:
        """Type bytes; what came while the program took them. Raises TimeoutError if it never does."""
        came, limit = b"", time.monotonic() + patience
        while sent:
            readable, writable, _ = select.select([self._master], [self._master], [], 1.0)
            if readable:
                part = self._take()
                if part is None:
                    return came
                came += part
            if writable:
                try:
                    sent = sent[os.write(self._master, sent[:2048]) :]
                except BlockingIOError:
                    continue
                except OSError:  # nobody is there any more
                    return came
                limit = time.monotonic() + patience
            elif time.monotonic() > limit:
                raise TimeoutError(f"{len(sent)} bytes typed are not taken")
        return came

    def read(self, seconds: float) -> bytes | None:
        """What comes next within so long, replies to its questions sent; None at the end of the program."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        return self._take() if ready else b""

    def _take(self) -> bytes | None:
        try:
            came = os.read(self._master, 65536)
        except BlockingIOError:
            return b""
        except OSError:  # the program's side is closed
            return None
        for question, reply in _REPLIES.items():
            if question in came:
                os.write(self._master, reply)
        return came or None

    def close(self) -> None:
        """End the program by force if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        os.close(self._master)
        self.process.wait()
