"""Real engines that begin with torch and transformers imported, for which a test of the screen waits longest.

`python -m tests.warm_engine CONTROL` imports them once and then forks an engine for each message on the socket
CONTROL: its arguments, folder and environment, with the descriptors that become its stdin, stdout and stderr, and
the pipe on which its process id and at last its status are told. From the fork on it is any engine. It starts cold
where it could see that its libraries were imported elsewhere (another environment, flags of Python), or where they
may not be forked (other systems than Linux, a GPU).
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tui.system.engine_process import EngineProcess

ROOT = Path(__file__).parents[1]
_ENGINE = ("-m", "tui.engine")
ITS_OWN = ("LOGITSCOPE_", "PYTEST_", "TORCHINDUCTOR_", "PWD", "OLDPWD")
"""What is read by the engine itself, and only when it runs, or by nobody; torch sets some as it is imported."""
_MOST_BYTES = 1_000_000
_LOOK_SECONDS = 0.01
_FLAGS = ("-X", "utf8")
ENVIRONMENT = dict(os.environ)
"""Before any test changes it."""


class WarmEngine(EngineProcess):
    """An engine process that is forked where that can be, and else started."""

    def _start(self, command: tuple[str, ...], log: int) -> subprocess.Popen[bytes]:
        if Source.shared is None:
            Source.shared = Source()
        forked = Source.shared.forked(command, log)
        return super()._start(command, log) if forked is None else forked


class Source:
    """A process that has imported everything, and is forked; one for all tests of this process."""

    shared: Source | None = None

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # It ends when this end of the socket does, at the latest with this process.
        self._process = subprocess.Popen(
            [sys.executable, *_FLAGS, "-m", "tests.warm_engine", str(theirs.fileno())],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()

    def forked(self, command: tuple[str, ...], log: int) -> Forked | None:
        """An engine by this command; None where it must be started."""
        may_fork = sys.platform == "linux" and not Path("/dev/nvidiactl").exists()
        if not may_fork or command[:3] != (sys.executable, *_FLAGS):
            return None
        arguments = command[3:]
        if arguments[:1] == ("-P",):  # keeps from imports what is imported already
            arguments = arguments[1:]
        if arguments[:2] != _ENGINE or not _can_have(dict(os.environ)):
            return None
        return Forked(self._control, arguments[2:], log)


def _can_have(environment: dict[str, str]) -> bool:
    """Whether what was imported in one environment is as it would be in another."""
    differing = {name for name, _ in environment.items() ^ ENVIRONMENT.items()}
    return all(name.startswith(ITS_OWN) for name in differing)


class Forked(subprocess.Popen[bytes]):
    """What Popen is for a child, for the child of another process."""

    def __init__(self, control: socket.socket, arguments: tuple[str, ...], log: int) -> None:
        requests, self._requests = os.pipe()
        self._events, events = os.pipe()
        self._told, told = os.pipe()
        message = json.dumps([arguments, str(Path.cwd()), dict(os.environ)]).encode()
        given = array.array("i", [requests, events, log, told])
        try:
            control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])
        finally:
            for number in (requests, events, told):
                os.close(number)
        self.args = arguments
        self.returncode: int | None = None
        self.stdin = os.fdopen(self._requests, "wb", buffering=0)
        self.stdout = os.fdopen(self._events, "rb", buffering=0)
        self.stderr = None
        self._news = b""
        while b"\n" not in self._news:
            if not (part := os.read(self._told, 100)):
                raise OSError("the process that engines are forked from has ended")
            self._news += part
        line, _, self._news = self._news.partition(b"\n")
        self.pid = int(line)

    def poll(self) -> int | None:
        """Its status, None while it runs."""
        while self.returncode is None and select.select([self._told], [], [], 0)[0]:
            part = os.read(self._told, 100)
            self._news += part
            if not part or self._news.endswith(b"\n"):
                self.returncode = int(self._news or -signal.SIGKILL)
                os.close(self._told)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its status, once it has ended. Raises subprocess.TimeoutExpired."""
        limit = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if limit is not None and time.monotonic() > limit:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            time.sleep(_LOOK_SECONDS)
        return status


def _serve(control: socket.socket) -> None:
    """Fork engines until the other end of the socket is closed."""
    ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    tellers: dict[int, int] = {}
    while True:
        heard = select.select([control.fileno(), ended], [], [])[0]
        if ended in heard:
            os.read(ended, 100)
            _tell_ended(tellers)
        if control.fileno() in heard:
            message, given = _received(control)
            if not message:
                return
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number in (control.fileno(), ended, wake, *tellers.values()):
                    os.close(number)
                _become_engine(json.loads(message), given)
            tellers[pid] = given.pop()
            for number in given:
                os.close(number)


def _received(control: socket.socket) -> tuple[bytes, list[int]]:
    message, ancillary, _, _ = control.recvmsg(_MOST_BYTES, socket.CMSG_SPACE(4 * array.array("i").itemsize))
    given = array.array("i")
    for _, _, numbers in ancillary:
        given.frombytes(numbers)
    return message, list(given)


def _tell_ended(tellers: dict[int, int]) -> None:
    while tellers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with contextlib.suppress(BrokenPipeError):
            os.write(tellers[pid], b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(tellers.pop(pid))


def _become_engine(asked: list[Any], given: list[int]) -> None:
    """Be the engine, to the end of this process."""
    status = 1
    try:
        arguments, folder, environment = asked
        os.setsid()
        for number, mine in enumerate(given[:3]):
            os.dup2(mine, number)
            os.close(mine)
        os.write(given[3], b"%d\n" % os.getpid())
        os.close(given[3])
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        from tui.engine.__main__ import main

        status = main(arguments)
    finally:
        os._exit(status)


def _main() -> None:
    from tui.engine import runtime, server  # noqa: F401 - with all that it imports

    runtime.prepare()
    runtime.Libraries().bring_in()
    _serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    _main()
