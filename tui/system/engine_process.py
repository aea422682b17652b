"""Starts an engine process and reads the end of its log, for whoever talks to it.

Imports nothing of the protocol, so that the engine is up, and imports torch, before the screen draws its first
frame.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tui.system.plain_files import working_folder


class EngineProcess:
    """A started engine with its two pipes; its stderr goes to the end of the log file.

    Raises OSError or ValueError when the command can't be started.
    """

    def __init__(self, command: Sequence[str], log_path: Path) -> None:
        try:
            log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            log = os.open(os.devnull, os.O_WRONLY)
        try:
            self.log_path = log_path
            self.log_start = os.fstat(log).st_size
            """Bytes in the log before this process."""
            self.started = time.monotonic()
            self.popen = self._start(tuple(command), log)
        finally:
            os.close(log)

    def _start(self, command: tuple[str, ...], log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            bufsize=0,
            cwd="/"
            if working_folder() is None
            else None,  # libraries can't be loaded in a folder that is gone
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # ctrl+c in the terminal is for the screen alone
        )

    def signal(self, number: signal.Signals) -> None:
        """To the whole process group, also when its leader is gone and left others behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)

    def kill_now(self) -> None:
        """Kill it and return at once; for signal handlers and `atexit`."""
        if self.popen.poll() is None:
            self.signal(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout=1.0)  # with a timeout it takes no lock that poll() may hold

    def log_tail(self, most_bytes: int = 4096) -> str:
        """The end of what this process wrote to the log."""
        return log_tail(self.log_path, self.log_start, most_bytes)


def name_of(number: int) -> str:
    """A signal's name, `signal 99` for one without.

    >>> name_of(9), name_of(99)
    ('SIGKILL', 'signal 99')
    """
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"


_REASONS = {
    "SIGKILL": "the system does this when memory runs out, or the time that a limit gives",
    "SIGBUS": "the system does this when a file in use becomes shorter: was the checkpoint written anew?",
    "SIGSEGV": "a library it uses has a fault",
    "SIGABRT": "a library it uses gave up",
    "SIGILL": "a library it uses is built for another processor",
    "SIGXCPU": "its limit of time is used up",
}


def reason_of(number: int) -> str:
    """Why a signal that nobody sent by hand ends a process; empty for those that only people send."""
    return _REASONS.get(name_of(number), "")


def log_tail(path: Path, start: int = 0, most_bytes: int = 4096) -> str:
    """What stands in a log from byte `start` on, at most its last `most_bytes`.

    Reads a file: not for an event loop. Raises OSError.
    """
    with path.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(start if start <= size else 0, size - most_bytes))  # it may have been emptied
        return log.read(most_bytes).decode(errors="replace")


def last_lines(text: str, count: int = 6) -> list[str]:
    """The last lines of a text that hold anything.

    >>> last_lines("one\\n\\ntwo  \\n", 2)
    ['one', 'two']
    """
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]
