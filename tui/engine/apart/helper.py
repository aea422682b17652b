"""The engine's side of a process that does jobs: started when needed, ended at a broken limit, replaced at once."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import tui
from tui.engine import wanted
from tui.engine.apart import wire
from tui.engine.apart.limits import Limits, OutOfBounds, Raised
from tui.engine.errors import EngineError

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
"""How long a job may take by the clock, beside twenty times its processor time, with the start of its process and
imports. Nothing should ever take so long."""

_LOG = logging.getLogger(__name__)


class Helper:
    """Does jobs of one module in a process of its own, one at a time. Can be asked from any thread."""

    def __init__(self, module: str) -> None:
        """`module` holds the jobs, and a function `prepare` that imports what they need."""
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def prepare(self) -> None:
        """Start the process and let it import what the jobs need, without waiting for it."""
        if self._lock.acquire(blocking=False):  # who holds it has started the process
            try:
                self._ready()
            except OSError:
                _LOG.warning("no process for %s yet", self._module, exc_info=True)
            finally:
                self._lock.release()

    def ask(self, job: str, *arguments: Any, limits: Limits) -> Any:
        """The result of a job, which is a function of the module by name; arguments and result are JSON's.

        Raises OutOfBounds when a limit is broken, Raised with what the job raised, Abandoned when the request that
        is worked for is over, and EngineError where there is no process to be had.
        """
        asked = [f"{self._module}:{job}", arguments, limits.seconds, limits.megabytes, limits.characters]
        message = wire.packed(asked)
        while not self._lock.acquire(timeout=LOOK_SECONDS):
            wanted.check()
        try:
            try:
                reply = self._reply(self._sent(message), limits)
                if reply is None:  # killed from outside, perhaps before it came to this job
                    reply = self._reply(self._sent(message), limits)
                if reply is None:
                    raise OutOfBounds("death", limits, "SIGKILL")
            except BaseException:
                self._replace()
                raise
            if reply[0] == "done":
                return reply[1]
            if reply[0] == "raised":
                raise Raised(reply[1], reply[2])
            self._replace()
            raise OutOfBounds(reply[0], limits)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the process. Another one is started when it is needed."""
        with self._lock:
            self._end()

    def _sent(self, message: bytes) -> subprocess.Popen[bytes]:
        """The process, which has the message; one that died since its last job gives way to another."""
        try:
            process = self._ready()
            try:
                wire.write(_number(process.stdin), message)
            except BrokenPipeError:
                self._end()
                process = self._ready()
                wire.write(_number(process.stdin), message)
        except OSError as error:
            raise EngineError(
                "No process for work on foreign files",
                f"The system starts no more: {error.strerror or error}.",
                "Close other programs, and try again.",
            ) from error
        return process

    def _reply(self, process: subprocess.Popen[bytes], limits: Limits) -> list[Any] | None:
        """What the process replies; None when it was killed."""
        replies = _number(process.stdout)
        deadline = time.monotonic() + PATIENCE_SECONDS + 20 * limits.seconds
        while not select.select([replies], [], [], LOOK_SECONDS)[0]:
            wanted.check()
            if time.monotonic() > deadline:
                raise OutOfBounds("time", limits)
        header = wire.read(replies, wire.HEADER.size)
        length = wire.HEADER.unpack(header)[0] if len(header) == wire.HEADER.size else -1
        body = wire.read(replies, length)
        if len(body) != length:
            status = process.wait()
            _LOG.warning("the process of %s ended with status %d", self._module, status)
            if -status == signal.SIGKILL:
                return None
            if -status == getattr(signal, "SIGPROF", None):
                raise OutOfBounds("time", limits)
            # Rust code without memory aborts
            raise OutOfBounds("memory" if -status == signal.SIGABRT else "death", limits, _named(status))
        reply: list[Any] = json.loads(body)
        return reply

    def _ready(self) -> subprocess.Popen[bytes]:
        """The process, started if there is none."""
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = _started()
            wire.write(_number(self._process.stdin), wire.packed([f"{self._module}:prepare"]))
        return self._process

    def _replace(self) -> None:
        self._end()
        with contextlib.suppress(OSError):  # it is met again by the next job
            self._ready()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _started() -> subprocess.Popen[bytes]:
    home = Path(tui.__file__).resolve().parents[1]
    paths = filter(None, (str(home), os.environ.get("PYTHONPATH")))
    return subprocess.Popen(
        # -P keeps the person's folder, in which paths are looked up, from being imported from
        [sys.executable, "-X", "utf8", "-P", "-m", "tui.engine.apart.worker"],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


def _number(pipe: Any) -> int:
    number: int = pipe.fileno()
    return number


def _named(status: int) -> str:
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"exit status {status}"
