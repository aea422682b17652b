"""A small blocking client of the engine: one request at a time, over the same protocol as the screen's."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

import msgspec
from msgspec.structs import replace

from tui.headless.pipes import CANCEL_SECONDS, SILENT_SECONDS, Pipes, SilentError
from tui.headless.text import visible
from tui.protocol import LAST_EVENTS, PROTOCOL_VERSION, AnyEvent, AnyRequest, Cancel, Failed, Ping, Ready
from tui.protocol.failures import Failure
from tui.protocol.frames import ANY_PREAMBLE, HEADER, PREAMBLE, body_length, decode_event, encode_frame
from tui.system.engine_process import EngineProcess, last_lines, name_of, reason_of

BANNER_BYTES = 64 * 1024
HANDSHAKE_SECONDS = 30.0
GRACE_SECONDS = 2.0
_NOBODY_S = 0
"""The id of a request that no method waits for."""


class RequestError(Exception):
    """What the engine, or its process, failed with."""

    def __init__(self, failure: Failure, lost: bool = True) -> None:
        super().__init__(failure.title)
        self.failure = failure
        self.lost = lost
        """The engine takes no more requests."""


class BlockingEngine:
    """An engine process, ended by the end of a `with` block. Every method raises RequestError."""

    def __init__(self, command: Sequence[str], log_path: Path, announced: AnyRequest | None = None) -> None:
        """announced: sent before the engine is up, which prepares for nothing else; nobody hears the answer."""
        self._command = tuple(command)
        self._announced = announced
        self._log_path = log_path
        self._last_id = 0
        try:
            self._engine = EngineProcess(self._command, log_path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "Check the command given to --engine."
            raise self._failure("The engine can't be started", reason, hint) from error
        self._process = self._engine.popen
        self._pipes = Pipes(self._process, self._ping)
        self._greeted = False
        self._newest = 0
        self._asked: dict[int, int] = {}
        """The id on the wire → the request's own: there they grow, with the pings between them."""
        self._writing = False
        self._to_cancel: list[int] = []

    def __enter__(self) -> BlockingEngine:
        try:
            if self._announced is not None:
                with contextlib.suppress(OSError, SilentError):  # the greeting tells what is wrong
                    self._send(replace(self._announced, id=_NOBODY_S))
            self._greet()
        except BaseException as error:
            self._end(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if isinstance(error, KeyboardInterrupt):  # who presses ctrl+c does not wait for it to take its leave
            self._engine.signal(signal.SIGKILL)
        self.close()

    def next_id(self) -> int:
        """A new request id."""
        self._last_id += 1
        return self._last_id

    def ask(self, request: AnyRequest) -> Iterator[AnyEvent]:
        """Send a request at once; its events as they come, up to the last one. `Failed` is raised."""
        self._pipes.patience_seconds = SILENT_SECONDS
        try:
            self._send(request)
        except OSError as error:
            raise self._ended() from error
        except ValueError as error:  # no frame holds it
            raise RequestError(
                Failure("The text is too long", f"{error}.", "Cut it into several texts."), lost=False
            ) from error
        except SilentError as silent:
            raise self._silent(silent) from silent
        return self._events_of(request)

    def cancel(self, target: int) -> None:
        """Ask for the last event of a request now. Can be called from a signal handler."""
        self._to_cancel.append(target)
        self._pipes.patience_seconds = CANCEL_SECONDS
        if not self._writing:  # else the frame that is being written is followed by this one
            with contextlib.suppress(OSError, SilentError):  # whoever reads the events is told
                self._send_cancels()

    def _ping(self) -> None:
        if self._greeted:
            with contextlib.suppress(OSError):  # the end of its output tells that it is gone
                self._send(Ping(0))

    def _send(self, request: AnyRequest) -> None:
        self._newest += 1
        frame = encode_frame(replace(request, id=self._newest))
        if not isinstance(request, Ping | Cancel):
            self._asked[self._newest] = request.id
        self._writing = True
        try:
            self._pipes.write(frame)
        finally:
            self._writing = False
        self._send_cancels()

    def _send_cancels(self) -> None:
        while self._to_cancel:
            own = self._to_cancel.pop()
            for wire in [wire for wire, asked in self._asked.items() if asked == own]:
                self._send(Cancel(0, wire))

    def _events_of(self, request: AnyRequest) -> Iterator[AnyEvent]:
        while True:
            event = self._next_event()
            own = self._asked.get(event.id)
            if isinstance(event, LAST_EVENTS):
                self._asked.pop(event.id, None)
            if isinstance(event, Failed) and (event.failure.fatal or event.id == 0):
                raise RequestError(event.failure)  # the engine is about to end, or understands nothing
            if own != request.id:
                continue
            event = replace(event, id=request.id)
            if isinstance(event, Failed):
                raise RequestError(event.failure, lost=event.failure.fatal)
            yield event
            if isinstance(event, LAST_EVENTS):
                return

    def close(self) -> None:
        """End the engine and everything it started."""
        with contextlib.suppress(OSError):
            self._pipes.end_requests()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        self._engine.signal(signal.SIGKILL)
        self._process.wait()
        self._pipes.end_events()

    # ------------------------------------------------------------------------------- the byte stream

    def _greet(self) -> None:
        """Skip what a login prints, up to the preamble, and check the version."""
        patience = threading.Timer(HANDSHAKE_SECONDS, self._engine.signal, (signal.SIGKILL,))
        patience.daemon = True
        patience.start()
        try:
            seen = bytearray()
            while not seen.endswith(PREAMBLE):
                byte = self._pipes.read(1)
                seen += byte
                if other := ANY_PREAMBLE.search(seen, max(0, len(seen) - 64)):
                    if int(other[1]) != PROTOCOL_VERSION:
                        raise self._other_version(int(other[1]))
                elif len(seen) > BANNER_BYTES or not (byte or patience.is_alive()):
                    raise self._no_engine(seen)
                elif not byte:
                    raise self._no_engine(seen) if seen and self._status() == 0 else self._ended()
            ready = self._next_event()
        except SilentError as silent:
            raise self._silent(silent) from silent
        finally:
            patience.cancel()
        self._greeted = True
        if isinstance(ready, Ready) and ready.protocol != PROTOCOL_VERSION:
            raise self._other_version(ready.protocol)

    def _next_event(self) -> AnyEvent:
        try:
            header = self._pipes.read(HEADER.size)
            if len(header) < HEADER.size:
                raise self._ended()
            body = self._pipes.read(length := body_length(header))
            if len(body) < length:
                raise self._ended()
            return decode_event(body)
        except SilentError as silent:
            raise self._silent(silent) from silent
        except (ValueError, msgspec.MsgspecError) as error:
            hint = f"The log may say what wrote into it: {visible(str(self._log_path))}"
            raise self._failure("The engine's stream is broken", str(error), hint) from error

    def _status(self) -> int | None:
        """The exit status, waited for a little; None when it still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(GRACE_SECONDS)
        return None

    # -------------------------------------------------------------------------------------- failures

    def _failure(self, title: str, detail: str, hint: str) -> RequestError:
        return RequestError(Failure(title, f"{visible(' '.join(self._command))}: {visible(detail)}", hint))

    def _no_engine(self, seen: bytearray) -> RequestError:
        return self._failure(
            "The command does not speak Logitscope's protocol",
            f"it wrote {bytes(seen[:200]).decode(errors='replace')!r}" if seen else "it is silent",
            "Give --engine a command that ends in `logitscope engine`.",
        )

    def _other_version(self, protocol: int) -> RequestError:
        return self._failure(
            "The engine speaks another version of the protocol",
            f"its protocol is {protocol}, this one is {PROTOCOL_VERSION}",
            "Install the same version of Logitscope on both sides.",
        )

    def _silent(self, silent: SilentError) -> RequestError:
        return self._failure(
            "The engine does not answer",
            f"{silent}, whatever it is at",
            f"It is ended now. Run it again; the log is {visible(str(self._log_path))}.",
        )

    def _ended(self) -> RequestError:
        status = self._status()
        if status is None:
            return self._failure("The engine closed its output", "it still runs", "It is ended now.")
        if status < 0:
            return self._failure(
                f"The engine was killed ({name_of(-status)})",
                reason_of(-status) or f"the log is {self._log_path}",
                "Run it again, with a smaller checkpoint if memory is short."
                if status == -signal.SIGKILL
                else "Run it again; if it comes back, choose another checkpoint or text.",
            )
        try:
            words = "; ".join(visible(line) for line in last_lines(self._engine.log_tail()))
        except OSError:
            words = ""
        return self._failure(
            f"The engine ended (exit status {status})",
            f"its last words: {words}" if words else "it wrote nothing",
            f"Try the command by itself; the log is {visible(str(self._log_path))}.",
        )
