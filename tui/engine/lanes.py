"""A lane: one thread, one job at a time; of the jobs of one kind that wait, only the newest is kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Work for a lane on behalf of one request."""

    request_id: int
    kind: str
    run: Callable[[], object]


class Lane:
    """Runs jobs in its own daemon thread: waiting kinds by priority, one waiting job of each kind.

    Whatever a job raises, the thread goes on to the next; should it end all the same, `revive` gives it another.
    """

    def __init__(
        self, name: str, priority: tuple[str, ...], superseded: Callable[[int, int], object]
    ) -> None:
        """`priority`: every kind this lane takes, the most urgent first.

        `superseded` is told the request ids of a job that is dropped and of the newer one that waits instead.
        """
        self._priority = priority
        self._superseded = superseded
        self._waiting: dict[str, Job] = {}
        self._changed = threading.Condition()
        self.name = name
        self._thread: threading.Thread | None = None
        self._running: Job | None = None

    def start(self) -> None:
        """Begin to run jobs. Raises RuntimeError where the system gives no more threads."""
        thread = threading.Thread(target=self._work, name=self.name, daemon=True)
        self._thread = thread
        thread.start()

    @property
    def thread(self) -> threading.Thread | None:
        """What runs its jobs now."""
        return self._thread

    @property
    def running(self) -> Job | None:
        """The job it is at."""
        return self._running

    def all_waiting(self) -> list[int]:
        """The request ids of all jobs that wait."""
        with self._changed:
            return [job.request_id for job in self._waiting.values()]

    def revive(self) -> Job | None:
        """Give the lane another thread where its own has ended; the job that it was at then."""
        if self._thread is None or self._thread.is_alive():
            return None
        return self.replace()

    def replace(self) -> Job | None:
        """Give the lane another thread, whatever becomes of its own; the job that it is at.

        A thread that comes back from its job and finds another in its place ends.
        """
        left, self._running = self._running, None
        self.start()
        return left

    def submit(self, job: Job) -> None:
        """Queue a job. Of it and the waiting one of its kind only the newer is kept."""
        if job.kind not in self._priority:
            raise ValueError(f"this lane takes no {job.kind}")
        with self._changed:
            waiting = self._waiting.get(job.kind, job)
            older, newer = sorted((waiting, job), key=lambda job: job.request_id)
            self._waiting[job.kind] = newer
            self._changed.notify()
        if older.request_id != newer.request_id:
            self._superseded(older.request_id, newer.request_id)

    def waiting(self, kind: str) -> int | None:
        """The request id of the job of a kind that waits."""
        with self._changed:
            job = self._waiting.get(kind)
        return None if job is None else job.request_id

    def serve(self, kind: str) -> None:
        """Run the waiting job of a kind now: for the lane's own job to call, where it can pause."""
        with self._changed:
            job = self._waiting.pop(kind, None)
        if job is not None:
            job.run()

    def forget(self, request_id: int) -> None:
        """Remove whatever waits for a request."""
        with self._changed:
            for kind, job in list(self._waiting.items()):
                if job.request_id == request_id:
                    del self._waiting[kind]

    def _work(self) -> None:
        this = threading.current_thread()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._thread is not this)
                if self._thread is not this:
                    self._changed.notify()  # what woke it is for the thread in its place
                    return
                kind = next(kind for kind in self._priority if kind in self._waiting)
                job = self._running = self._waiting.pop(kind)
            try:
                job.run()
            except BaseException:  # noqa: BLE001 - whatever a job raises: the next one is waiting
                _LOG.error("a job of the lane %s raised", self.name, exc_info=True)
            if self._thread is this:
                self._running = None
            del job  # what it holds (a model, say) must not live on while the lane waits
