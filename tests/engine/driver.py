"""A real engine process on two pipes, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.held_engine import Gates
from tests.patience import PATIENCE
from tui.protocol import LAST_EVENTS, AnyEvent, AnyRequest, Event, Ping, Pong, frames

ROOT = Path(__file__).parents[2]

_Kind = TypeVar("_Kind", bound=Event)


class EngineProcess:
    """Starts `python -m tui.engine`, or Python with other arguments; the end of a `with` block kills it."""

    def __init__(
        self, environment: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ("-m", "tui.engine")
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.seen: list[AnyEvent] = []
        self.times: list[float] = []
        """When each of `seen` came, by time.monotonic."""
        self.junk = b""
        """What came before the preamble."""
        self._news = threading.Condition()
        self._over = False
        self.newest = 0
        """The latest id given out."""
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()

    def next_id(self) -> int:
        self.newest += 1
        return self.newest

    def send(self, *requests: AnyRequest) -> None:
        self.send_bytes(b"".join(frames.encode_frame(request) for request in requests))

    def send_bytes(self, raw: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(raw)
        self.process.stdin.flush()

    def until(self, done: Callable[[AnyEvent], bool], since: int = 0) -> AnyEvent:
        """The first event of which `done` holds, waited for when it has not come yet; `since`: index in `seen`."""

        def found() -> AnyEvent | None:
            return next((event for event in self.seen[since:] if done(event)), None)

        with self._news:
            self._news.wait_for(lambda: self._over or found() is not None, PATIENCE)
            event = found()
            last = self.seen[-3:]
        if event is None:
            raise AssertionError(f"the engine {self._state()} after {last}")
        return event

    def _state(self) -> str:
        if not self._over:
            return "is silent"
        try:
            return f"ended with {self.process.wait(10)}"
        except subprocess.TimeoutExpired:
            return "sent what is no event"

    def first(self, kind: type[_Kind], request_id: int) -> _Kind:
        event = self.until(lambda event: isinstance(event, kind) and event.id == request_id)
        assert isinstance(event, kind)
        return event

    def last(self, request_id: int) -> AnyEvent:
        return self.until(lambda event: event.id == request_id and isinstance(event, LAST_EVENTS))

    def of(self, request_id: int) -> list[AnyEvent]:
        """Everything said about a request so far."""
        return [event for event in self.seen if event.id == request_id]

    def time_of(self, event: AnyEvent) -> float:
        return next(when for seen, when in zip(self.seen, self.times, strict=True) if seen is event)

    def close_stdout(self) -> None:
        """Close this side's end of the engine's stdout for good, though a thread is reading it."""
        assert self.process.stdout is not None
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), self.process.stdout.fileno())

    def ended(self, seconds: float = PATIENCE) -> int:
        """Exit status, once the process has ended by itself."""
        return self.process.wait(seconds)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        while not self.junk.endswith(frames.PREAMBLE):
            byte = stream.read(1)
            if not byte:
                break
            self.junk += byte
        self.junk = self.junk.removesuffix(frames.PREAMBLE)
        try:
            while len(header := stream.read(frames.HEADER.size)) == frames.HEADER.size:
                event = frames.decode_event(stream.read(frames.body_length(header)))
                with self._news:
                    self.times.append(time.monotonic())
                    self.seen.append(event)
                    self._news.notify_all()
        finally:  # also where nothing can be made of a frame
            with self._news:
                self._over = True
                self._news.notify_all()


class HeldEngine(EngineProcess):
    """A real engine that a test holds still, see `tests.held_engine`."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, closed: tuple[str, ...] = ()
    ) -> None:
        """folder: for the gates, of the test's own. closed: gates that are closed from the start."""
        self.gates = Gates(folder)
        for point in closed:
            self.gates.close(point)
        super().__init__({"PYTHONPATH": str(ROOT), **(environment or {})}, self.gates.command[1:])

    def until_held(self, point: str) -> None:
        """Wait until a thread of the engine stands in front of a point."""
        self._until(lambda: self.gates.is_waited_at(point), f"something at {point}")

    def until_in_lane(self, request_id: int, lane: str = "model") -> None:
        """Wait until a request is in the hands of a lane."""
        self._until(lambda: self.gates.read(f"{request_id} in the {lane} lane") != "", f"{request_id} in it")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, f"waited for {what}; {self.seen[-3:]}"
            time.sleep(0.005)

    def pinged(self) -> None:
        """Wait until everything that was sent is in the hands of its lane."""
        ping = self.next_id()
        self.send(Ping(ping))
        assert isinstance(self.last(ping), Pong)
