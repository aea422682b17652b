"""Looks after the lanes: one whose thread is gone gets another, one that is stuck is left or ends the engine."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.engine.frames import Outbox
from tui.engine.lanes import Job, Lane
from tui.protocol import Failed, Progress
from tui.protocol.failures import Failure

LOOK_SECONDS = 0.5
STUCK_WORK_SECONDS = 30.0
"""How much a job whose request is over may work on while others wait, in processor time of its thread: reading
weights, or one operation of a large model, can't be interrupted and is no reason to lose the checkpoint in use."""
STUCK_SECONDS = 300.0
"""How long it may wait for something; a busy machine makes everything slow."""

WAITING = "waiting for a request that is over but not done"
"""The stage that those are told who wait so long."""

_LOG = logging.getLogger(__name__)


@dataclass
class _Charge:
    lane: Lane
    apart: bool
    """Its jobs hold nothing that others need: a thread that is stuck can be left to itself."""
    over: Job | None = None
    """The job whose request is over while others wait for it."""
    since: tuple[float, float] = (0.0, 0.0)


def clocks(thread: threading.Thread | None) -> tuple[float, float]:
    """Now, and how long a thread has worked, in seconds; 0 where the system doesn't tell."""
    worked = 0.0
    known = thread is not None and thread.is_alive()  # the clock of one that is gone must not be asked for
    if known and thread is not None and thread.ident is not None and hasattr(time, "pthread_getcpuclockid"):
        with contextlib.suppress(OSError):
            worked = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return time.monotonic(), worked


class Supervisor:
    """Looks at the lanes twice a second, from a thread of its own and whenever it is told to."""

    def __init__(
        self,
        outbox: Outbox,
        lost: Callable[[], None],
        clocks: Callable[[threading.Thread | None], tuple[float, float]] = clocks,
    ) -> None:
        """`lost` ends the process: for a stuck lane that can't be replaced."""
        self._outbox = outbox
        self._lost = lost
        self._clocks = clocks
        self._charges: list[_Charge] = []

    def add(self, lane: Lane, apart: bool = False) -> None:
        """Start a lane and look after it. apart: its jobs hold nothing that others need."""
        self._charges.append(_Charge(lane, apart))
        try:
            lane.start()
        except RuntimeError:
            _LOG.error("no thread for the lane %s yet", lane.name, exc_info=True)

    def start(self) -> None:
        """Begin to look. Without a thread for it there are still the looks that others take."""
        try:
            threading.Thread(target=self._watch, name="supervisor", daemon=True).start()
        except RuntimeError:
            _LOG.error("no thread to look after the lanes", exc_info=True)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """See to every lane."""
        for charge in list(self._charges):
            try:
                self._see_to(charge)
            except BaseException:  # noqa: BLE001 - memory or threads may be short: the next look comes soon
                _LOG.error("the lane %s could not be looked after", charge.lane.name, exc_info=True)

    def _see_to(self, charge: _Charge) -> None:
        lane = charge.lane
        left = lane.revive()
        if left is not None:
            _LOG.error("the thread of the lane %s is gone; request %d fails", lane.name, left.request_id)
            self._outbox.send(Failed(left.request_id, _GONE))
        job = lane.running
        waiting = lane.all_waiting()
        if job is None or not waiting or self._outbox.is_open(job.request_id):
            charge.over = None
            return
        now = self._clocks(lane.thread)
        if charge.over is not job:
            charge.over, charge.since = job, now
            for request_id in waiting:
                self._outbox.send(Progress(request_id, WAITING))
            return
        waited, worked = now[0] - charge.since[0], now[1] - charge.since[1]
        if charge.apart or waited >= STUCK_SECONDS or worked >= STUCK_WORK_SECONDS:
            self._give_up(charge, job, waited)

    def _give_up(self, charge: _Charge, job: Job, waited: float) -> None:
        _LOG.error("the lane %s is stuck in request %d, which is over", charge.lane.name, job.request_id)
        charge.over = None
        if charge.apart:
            charge.lane.replace()
            return
        self._outbox.send(Failed(0, _stuck(job, waited)))
        self._lost()


_GONE = Failure(
    "The work was cut off",
    "The thread of the engine that did it is gone; another one has taken its place.",
    "Try again; the engine's log says more.",
)


def _stuck(job: Job, waited: float) -> Failure:
    return Failure(
        "The engine is stuck",
        f"A request that is over ({job.kind}) has kept others waiting for {waited:.0f} s.",
        "The engine ends now and is started again, with what waits.",
        fatal=True,
    )
