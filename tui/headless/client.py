"""A small blocking client of the engine: one request at a time, over the same protocol as the screen's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from tui.framing import ANY_PREAMBLE, HEADER, PREAMBLE, body_length, decode_event, encode_frame
from tui.headless.text import visible
from tui.protocol import (
    LAST_EVENTS,
    PROTOCOL_VERSION,
    AnyEvent,
    AnyRequest,
    Failed,
    Failure,
    Ready,
)

BANNER_BYTES = 64 * 1024
LOG_TAIL_BYTES = 4096
LOG_TAIL_LINES = 6
HANDSHAKE_SECONDS = 30.0
GRACE_SECONDS = 2.0


class EngineError(Exception):
    """What the engine, or its process, failed with."""

    def __init__(self, failure: Failure, lost: bool = True) -> None:
        super().__init__(failure.title)
        self.failure = failure
        self.lost = lost
        """The engine takes no more requests."""


class BlockingEngine:
    """An engine process, ended by the end of a `with` block. Every method raises EngineError."""

    def __init__(self, command: Sequence[str], log_path: Path) -> None:
        self._command = tuple(command)
        self._log_path = log_path
        self._last_id = 0
        try:
            log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            log = os.open(os.devnull, os.O_WRONLY)
        self._log_start = os.fstat(log).st_size
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # ctrl+c ends this side, which ends the engine
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "Check the command given to --engine."
            raise self._failure("The engine can't be started", reason, hint) from error
        finally:
            os.close(log)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._events = self._process.stdout

    def __enter__(self) -> BlockingEngine:
        try:
            self._greet()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def next_id(self) -> int:
        """A new request id."""
        self._last_id += 1
        return self._last_id

    def ask(self, request: AnyRequest) -> Iterator[AnyEvent]:
        """Send a request and give its events as they come, up to the last one; `Failed` is raised."""
        try:
            self._requests.write(encode_frame(request))
            self._requests.flush()
        except OSError as error:
            raise self._ended() from error
        while True:
            event = self._next_event()
            if event.id != request.id:
                continue
            if isinstance(event, Failed):
                raise EngineError(event.failure, lost=event.failure.fatal)
            yield event
            if isinstance(event, LAST_EVENTS):
                return

    def close(self) -> None:
        """End the engine and everything it started."""
        with contextlib.suppress(OSError):
            self._requests.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        self._kill()
        self._process.wait()
        self._events.close()

    def _kill(self) -> None:
        """The process and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    # ------------------------------------------------------------------------------- the byte stream

    def _greet(self) -> None:
        """Skip what a login prints, up to the preamble, and check the version."""
        patience = threading.Timer(HANDSHAKE_SECONDS, self._kill)
        patience.daemon = True
        patience.start()
        try:
            seen = bytearray()
            while not seen.endswith(PREAMBLE):
                byte = self._events.read(1)
                seen += byte
                if other := ANY_PREAMBLE.search(seen, max(0, len(seen) - 64)):
                    if int(other[1]) != PROTOCOL_VERSION:
                        raise self._other_version(int(other[1]))
                elif len(seen) > BANNER_BYTES or not (byte or patience.is_alive()):
                    raise self._no_engine(seen)
                elif not byte:
                    raise self._no_engine(seen) if seen and self._status() == 0 else self._ended()
            ready = self._next_event()
        finally:
            patience.cancel()
        if isinstance(ready, Ready) and ready.protocol != PROTOCOL_VERSION:
            raise self._other_version(ready.protocol)

    def _next_event(self) -> AnyEvent:
        header = self._events.read(HEADER.size)
        if len(header) < HEADER.size:
            raise self._ended()
        try:
            body = self._events.read(length := body_length(header))
            if len(body) < length:
                raise self._ended()
            return decode_event(body)
        except (ValueError, msgspec.MsgspecError) as error:
            hint = f"The log may say what wrote into it: {visible(str(self._log_path))}"
            raise self._failure("The engine's stream is broken", str(error), hint) from error

    def _status(self) -> int | None:
        """The exit status, waited for a little; None when it still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(GRACE_SECONDS)
        return None

    # -------------------------------------------------------------------------------------- failures

    def _failure(self, title: str, detail: str, hint: str) -> EngineError:
        return EngineError(Failure(title, f"{visible(' '.join(self._command))}: {visible(detail)}", hint))

    def _no_engine(self, seen: bytearray) -> EngineError:
        return self._failure(
            "The command does not speak Logitscope's protocol",
            f"it wrote {bytes(seen[:200]).decode(errors='replace')!r}" if seen else "it is silent",
            "Give --engine a command that ends in `logitscope engine`.",
        )

    def _other_version(self, protocol: int) -> EngineError:
        return self._failure(
            "The engine speaks another version of the protocol",
            f"its protocol is {protocol}, this one is {PROTOCOL_VERSION}",
            "Install the same version of Logitscope on both sides.",
        )

    def _ended(self) -> EngineError:
        status = self._status()
        if status is None:
            return self._failure("The engine closed its output", "it still runs", "It is ended now.")
        if status < 0:
            name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
            return self._failure(
                f"The engine was killed ({name})",
                "the system does this when memory runs out",
                "Run it again, with a smaller checkpoint if memory is short.",
            )
        words = "; ".join(self._log_tail())
        return self._failure(
            f"The engine ended (exit status {status})",
            f"its last words: {words}" if words else "it wrote nothing",
            f"Try the command by itself; the log is {visible(str(self._log_path))}.",
        )

    def _log_tail(self) -> list[str]:
        try:
            with self._log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                start = self._log_start if self._log_start <= size else 0  # it may have been emptied
                log.seek(max(start, size - LOG_TAIL_BYTES))
                lines = log.read(LOG_TAIL_BYTES).decode(errors="replace").splitlines()
        except OSError:
            return []
        return [visible(line.rstrip()) for line in lines if line.strip()][-LOG_TAIL_LINES:]
