"""Lanes, the book of open requests, and the failure no computation survives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from tests.patience import PATIENCE
from tui.engine.errors import Abandoned, EngineError
from tui.engine.frames import FrameReader, Outbox
from tui.engine.lanes import Job, Lane
from tui.engine.session import EngineSession
from tui.protocol import AnyEvent, Cancelled, Failed, Pong, Progress, Superseded, Tokenized, frames
from tui.protocol.checkpoints import Memory
from tui.protocol.failures import Failure
from tui.protocol.tokens import Token, TokenSequence


class Wire:
    """An outbox on a pipe, and what was written into it."""

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        self.broken = threading.Event()
        self.outbox = Outbox(writing, self.broken.set)
        self._writing = writing
        self._reader = FrameReader(self._reading)

    def next(self) -> AnyEvent:
        body = self._reader.next_body()
        assert body is not None
        return frames.decode_event(body)

    def break_off(self) -> None:
        """Nobody reads any more."""
        os.close(self._reading)
        self._reading = -1

    def close(self) -> None:
        """A lane may still have a job: what it writes goes nowhere, not to the test that gets the number next."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._writing)
        os.close(nowhere)
        if self._reading >= 0:
            os.close(self._reading)


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


class Bench:
    """A lane whose jobs wait for a word, and the order they ran in."""

    def __init__(self, *priority: str) -> None:
        self.superseded: list[tuple[int, int]] = []
        self.lane = Lane("bench", priority, lambda older, newer: self.superseded.append((older, newer)))
        self.order: list[int] = []
        self.go = threading.Event()
        self.done = threading.Semaphore(0)
        self.lane.start()

    def job(self, request_id: int, kind: str = "Analyze") -> Job:
        def run() -> None:
            self.go.wait(PATIENCE)
            self.order.append(request_id)
            self.done.release()

        return Job(request_id, kind, run)

    def occupy(self) -> None:
        started = threading.Event()

        def run() -> None:
            started.set()
            self.go.wait(PATIENCE)

        self.lane.submit(Job(0, self.lane._priority[0], run))
        assert started.wait(PATIENCE)


def test_the_newest_of_a_kind_replaces_the_waiting_one_and_never_the_running_one() -> None:
    bench = Bench("Analyze", "Reweigh")
    bench.occupy()
    bench.lane.submit(bench.job(1))
    bench.lane.submit(bench.job(2, "Reweigh"))
    assert bench.superseded == []
    bench.lane.submit(bench.job(3))
    assert bench.superseded == [(1, 3)]
    bench.lane.submit(bench.job(1))
    assert bench.superseded == [(1, 3), (1, 3)], "an older job must not push out a newer one"
    bench.go.set()
    for _ in range(2):
        assert bench.done.acquire(timeout=PATIENCE)
    assert bench.order == [3, 2]


def test_the_more_urgent_kind_goes_first() -> None:
    bench = Bench("Analyze", "Reweigh")
    bench.occupy()
    bench.lane.submit(bench.job(1, "Reweigh"))
    bench.lane.submit(bench.job(2))
    bench.go.set()
    for _ in range(2):
        assert bench.done.acquire(timeout=PATIENCE)
    assert bench.order == [2, 1]


def test_what_waits_can_be_taken_out() -> None:
    bench = Bench("Analyze", "Reweigh")
    bench.occupy()
    bench.lane.submit(bench.job(1))
    bench.lane.submit(bench.job(2, "Reweigh"))
    bench.lane.forget(1)
    bench.lane.forget(2)
    bench.lane.submit(bench.job(3))
    bench.go.set()
    assert bench.done.acquire(timeout=PATIENCE)
    assert bench.order == [3]
    assert bench.superseded == []


def test_a_lane_refuses_what_it_was_not_made_for() -> None:
    with pytest.raises(ValueError, match="Load"):
        Bench("Analyze").lane.submit(Job(1, "Load", lambda: None))


def test_what_the_other_side_could_not_read_is_not_sent(wire: Wire) -> None:
    """It would end the stream; so it is the failure of its request."""
    wire.outbox.open(7)
    nameless = Token(2**32 - 1, cast("str", None), None, None, False, 1, 0, None)
    for event in (
        Tokenized(7, "x", (TokenSequence((nameless,), 1),), None, 0.0),
        Progress(7, "half a character: \ud800"),
        Progress(7, cast("str", object())),
    ):
        with pytest.raises(EngineError) as told:
            wire.outbox.send(event)
        assert told.value.failure.title == "The answer holds what can't be told"
    assert wire.outbox.is_open(7)


def test_a_request_gets_one_last_event_and_nothing_after_it(wire: Wire) -> None:
    wire.outbox.open(7)
    assert wire.outbox.send(Progress(7, "weights"))
    assert wire.outbox.send(Cancelled(7))
    assert not wire.outbox.send(Pong(7, Memory(None, None)))
    assert not wire.outbox.send(Progress(7, "weights"))
    assert not wire.outbox.send(Cancelled(8)), "never opened"
    with pytest.raises(Abandoned):
        wire.outbox.check(7)
    wire.outbox.open(9)
    wire.outbox.check(9)
    wire.outbox.send(Superseded(9, 10))
    assert [wire.next(), wire.next(), wire.next()] == [
        Progress(7, "weights"),
        Cancelled(7),
        Superseded(9, 10),
    ]


def test_a_claimed_request_can_not_be_cancelled_any_more(wire: Wire) -> None:
    wire.outbox.open(1)
    assert wire.outbox.claim(1)
    assert not wire.outbox.send(Cancelled(1))
    assert not wire.outbox.send(Superseded(1, 2))
    assert wire.outbox.send(Pong(1, Memory(1, 2)))
    assert not wire.outbox.claim(1)
    assert wire.next() == Pong(1, Memory(1, 2))


def test_frames_of_many_threads_do_not_mix(wire: Wire) -> None:
    def write(request_id: int) -> None:
        for count in range(200):
            wire.outbox.send(Progress(request_id, "x" * request_id, count))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 7)]
    for number in range(1, 7):
        wire.outbox.open(number)
    for thread in threads:
        thread.start()
    counts = dict.fromkeys(range(1, 7), 0)
    for _ in range(6 * 200):
        event = wire.next()
        assert event == Progress(event.id, "x" * event.id, counts[event.id])
        counts[event.id] += 1


def test_a_broken_pipe_is_told(wire: Wire) -> None:
    wire.break_off()
    wire.outbox.preamble()
    assert wire.broken.is_set()


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (RuntimeError("CUDA error: device-side assert triggered"), True),
        (RuntimeError("shapes do not match"), False),
        (MemoryError(), False),
    ],
)
def test_only_a_lost_accelerator_ends_the_engine(wire: Wire, error: Exception, ends: bool) -> None:
    lost = threading.Event()
    session = EngineSession(wire.outbox, lost.set)
    wire.outbox.open(1)

    def work() -> None:
        raise error

    failure = session.attempt(1, "Analyze", work)
    failed = wire.next()
    assert isinstance(failed, Failed)
    assert failed.failure == failure
    assert failed.failure.fatal == ends
    assert lost.is_set() == ends


def test_work_that_is_abandoned_or_over_says_nothing(wire: Wire) -> None:
    session = EngineSession(wire.outbox, lambda: None)
    ran: list[Any] = []

    def abandoning() -> None:
        ran.append(1)
        raise Abandoned

    work: Callable[[], None] = abandoning
    wire.outbox.open(1)
    assert session.attempt(1, "Analyze", work) is None
    wire.outbox.send(Cancelled(1))
    assert session.attempt(1, "Analyze", work) is None
    assert ran == [1]
    assert wire.next() == Cancelled(1)


def test_an_answer_that_no_frame_holds_is_told_and_the_request_has_its_last_event(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = EngineSession(wire.outbox, lost=lambda: None)
    wire.outbox.open(1)

    def work() -> None:
        with monkeypatch.context() as small:
            small.setattr("tui.protocol.frames.MAX_FRAME_BYTES", 10)
            wire.outbox.send(Failed(1, Failure("much", "too", "long")))

    failure = session.attempt(1, "Analyze", work)
    assert failure is not None
    assert "too large" in failure.title
    assert wire.next() == Failed(1, failure)
