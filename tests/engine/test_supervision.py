"""A lane whose thread dies gets another one; one that is stuck is replaced, or ends the engine with a word."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator

import pytest

from tests.engine.test_lanes import Wire
from tui.engine.lanes import Job, Lane
from tui.engine.session import EngineSession
from tui.engine.supervision import (
    LOOK_SECONDS,
    STUCK_SECONDS,
    STUCK_WORK_SECONDS,
    WAITING,
    Supervisor,
    clocks,
)
from tui.protocol import Cancelled, Failed, Pong, Progress
from tui.protocol.checkpoints import Memory

DONE = Memory(1, 2)


class Watched:
    """A lane under a supervisor whose clock stands still until it is moved."""

    def __init__(self, wire: Wire, apart: bool = False) -> None:
        self.wire, self.now, self.worked, self.ended = wire, 0.0, 0.0, threading.Event()
        self.lane = Lane("watched", ("Analyze", "Load"), wire.outbox.supersede)
        self.supervisor = Supervisor(wire.outbox, self.ended.set, lambda _: (self.now, self.worked))
        self.supervisor.add(self.lane, apart)

    def ask(self, request_id: int) -> None:
        """A request that is answered as soon as the lane comes to it."""
        self.wire.outbox.open(request_id)
        self.lane.submit(Job(request_id, "Analyze", lambda: self.wire.outbox.send(Pong(request_id, DONE))))

    def occupy(self, request_id: int) -> threading.Event:
        """A request whose job ends when the event is set."""
        started, go = threading.Event(), threading.Event()

        def run() -> None:
            started.set()
            go.wait(30)

        self.wire.outbox.open(request_id)
        self.lane.submit(Job(request_id, "Load", run))
        assert started.wait(30)
        return go

    def later(self, seconds: float, worked: float = 0.0) -> None:
        self.now, self.worked = self.now + seconds, self.worked + worked
        self.supervisor.look()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


def kill(thread: threading.Thread | None) -> None:
    """End a thread from inside, whatever it is doing when it runs Python code next."""
    assert thread is not None
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), MemoryError(), RecursionError(), BaseException("x")]
)
def test_whatever_a_job_raises_its_lane_goes_on(wire: Wire, error: BaseException) -> None:
    session = EngineSession(wire.outbox, lambda: None)
    watched = Watched(wire)

    def work() -> None:
        raise error

    def bare() -> None:
        raise error

    wire.outbox.open(1)
    watched.lane.submit(Job(1, "Analyze", lambda: session.attempt(1, "Analyze", work)))
    failed = wire.next()
    assert isinstance(failed, Failed)
    assert "Something went wrong" not in failed.failure.title
    watched.lane.submit(Job(2, "Analyze", bare))
    watched.lane.submit(Job(3, "Load", bare))
    watched.ask(4)
    assert wire.next() == Pong(4, DONE)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_lane_whose_thread_is_gone_gets_another_and_its_request_its_last_event(wire: Wire) -> None:
    watched = Watched(wire)
    go = watched.occupy(1)
    thread = watched.lane._thread
    # twice: the first is met by the lane's own guard around its job
    kill(thread)
    go.set()
    assert thread is not None
    gone = False
    for number in range(2, 1000):
        if gone := not thread.is_alive():
            break
        kill(thread)
        watched.ask(number)
        thread.join(0.01)
    assert gone
    watched.supervisor.look()
    watched.ask(1000)
    while (event := wire.next()).id != 1000:
        pass
    assert event == Pong(1000, DONE)
    assert watched.lane._thread is not thread


def test_the_request_of_a_thread_that_is_gone_fails(wire: Wire) -> None:
    watched = Watched(wire)
    go = watched.occupy(1)
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join()
    watched.lane._thread = dead
    watched.supervisor.look()
    failed = wire.next()
    assert isinstance(failed, Failed)
    assert failed.id == 1
    assert "another one has taken its place" in failed.failure.detail
    watched.ask(2)
    assert wire.next() == Pong(2, DONE)
    go.set()


def test_a_stuck_thread_of_a_lane_apart_is_left_to_itself(wire: Wire) -> None:
    watched = Watched(wire, apart=True)
    go = watched.occupy(1)
    watched.ask(2)
    watched.later(1000)
    watched.later(1000)
    assert not watched.ended.is_set(), "as long as its request is wanted, a job takes the time it takes"
    assert wire.outbox.send(Cancelled(1))
    watched.later(0)
    watched.later(LOOK_SECONDS)
    told = [wire.next() for _ in range(3)]
    assert told == [Cancelled(1), Progress(2, WAITING), Pong(2, DONE)]
    go.set()
    watched.ask(3)
    assert wire.next() == Pong(3, DONE)
    assert not watched.ended.is_set()


@pytest.mark.parametrize(("waited", "worked"), [(STUCK_SECONDS, 0.0), (50.0, STUCK_WORK_SECONDS)])
def test_a_stuck_lane_that_holds_what_others_need_ends_the_engine_with_a_word(
    wire: Wire, waited: float, worked: float
) -> None:
    watched = Watched(wire)
    go = watched.occupy(1)
    assert wire.outbox.send(Cancelled(1))
    watched.later(1000)
    watched.later(1000)
    assert not watched.ended.is_set(), "nobody waits for it"
    watched.ask(2)
    watched.later(0)
    watched.later(waited / 2, worked / 2)
    assert not watched.ended.is_set()
    watched.later(waited / 2, worked / 2)
    assert watched.ended.is_set()
    assert [wire.next(), wire.next()] == [Cancelled(1), Progress(2, WAITING)]
    told = wire.next()
    assert isinstance(told, Failed)
    assert told.id == 0
    assert told.failure.fatal
    go.set()


def test_the_work_of_a_thread_is_measured() -> None:
    def spin() -> None:
        while not seen.is_set():
            pass

    seen = threading.Event()
    thread = threading.Thread(target=spin)
    thread.start()
    while clocks(thread)[1] < 0.05 and hasattr(time, "pthread_getcpuclockid"):
        thread.join(0.01)
    seen.set()
    thread.join()
    assert clocks(None)[1] == 0.0
