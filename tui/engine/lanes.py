"""A lane: one thread, one job at a time; of the jobs of one kind that wait, only the newest is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """Work for a lane on behalf of one request."""

    request_id: int
    kind: str
    run: Callable[[], object]


class Lane:
    """Runs jobs in its own daemon thread: waiting kinds by priority, one waiting job of each kind."""

    def __init__(self, name: str, priority: tuple[str, ...]) -> None:
        """`priority`: every kind this lane takes, the most urgent first."""
        self._priority = priority
        self._waiting: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin to run jobs."""
        self._thread.start()

    def submit(self, job: Job) -> Job | None:
        """Queue a job. Of it and the waiting one of its kind the older is dropped and returned."""
        if job.kind not in self._priority:
            raise ValueError(f"this lane takes no {job.kind}")
        with self._changed:
            waiting = self._waiting.get(job.kind)
            if waiting is not None and waiting.request_id > job.request_id:
                return job
            self._waiting[job.kind] = job
            self._changed.notify()
        return waiting

    def withdraw(self, kind: str) -> int | None:
        """Remove the waiting job of a kind; returns its request id."""
        with self._changed:
            job = self._waiting.pop(kind, None)
        return None if job is None else job.request_id

    def forget(self, request_id: int) -> None:
        """Remove whatever waits for a request."""
        with self._changed:
            for kind, job in list(self._waiting.items()):
                if job.request_id == request_id:
                    del self._waiting[kind]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                kind = next(kind for kind in self._priority if kind in self._waiting)
                job = self._waiting.pop(kind)
            job.run()
            del job  # what it holds (a model, say) must not live on while the lane waits
