"""How many cores the model computes on: all of them, but for one while somebody types or others need it.

Threads that wait for each other spin for a bounded time (`GOMP_SPINCOUNT`), which loses none where all of them run.
Beside another busy process the thread that shares its core keeps the others waiting: then one core less is faster.
That shows in the time in which the forward's own thread did not run. While a model writes one token after the other
the numbers are compared, and the fastest is kept. Who sets `OMP_NUM_THREADS` has as many always.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.engine import device
from tui.engine.steps_timed import StepsTimed

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ENVIRONMENT = {"GOMP_SPINCOUNT": "20000"}
"""Read by the library of torch's threads as it is loaded: rounds that a thread spins before it sleeps."""
_CHOSEN = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
KEYS_SECONDS = 1.0
"""How long after a key the next one is expected."""
_JUDGED_SECONDS = 0.1
"""Of forwards, after which it is judged whether others need a core."""
_RUNS = 0.85
"""Share of that time in which a forward's own thread runs where nothing else wants its core."""
SHORTEST, LONGEST = 2.0, 32.0
"""Seconds for which a core is left to others until all are tried again; twice as long after each vain trial."""


@dataclass
class Use:
    """Who has the cores: decided anew before each forward."""

    most: int
    keys_until: float = 0.0
    others_until: float = 0.0
    pause: float = SHORTEST
    wall: float = 0.0
    ran: float = 0.0
    writing: tuple[object, StepsTimed] | None = None
    """What is written by, and the forwards of that."""

    def threads(self, now: float) -> int:
        """For the next forward; now: seconds of `time.monotonic`."""
        return max(1, self.most - 1) if now < max(self.keys_until, self.others_until) else self.most

    def threads_to_write(self, now: float, what: object) -> int:
        """For a forward that writes a token; what: equal for forwards that do the same work."""
        if self.writing is None or self.writing[0] != what:
            numbers = dict.fromkeys(max(1, number) for number in (self.most, self.most - 1, self.most // 2))
            self.writing = what, StepsTimed(tuple(numbers))
        threads = self.writing[1].threads()
        return min(threads, max(1, self.most - 1)) if now < self.keys_until else threads

    def wrote(self, threads: int, wall: float) -> None:
        """A forward that writes a token took `wall` seconds."""
        if self.writing is not None:
            self.writing[1].computed(threads, wall)

    def typed(self, now: float) -> None:
        """A key was pressed: the screen wants to draw."""
        self.keys_until = now + KEYS_SECONDS

    def computed(self, now: float, threads: int, wall: float, ran: float) -> None:
        """A forward took `wall` seconds, in `ran` of which its own thread ran."""
        if threads < 2 or threads < self.most:
            return
        self.wall, self.ran = self.wall + wall, self.ran + ran
        if self.wall < _JUDGED_SECONDS:
            return
        if self.ran < _RUNS * self.wall:
            self.others_until = now + self.pause
            self.pause = min(LONGEST, 2 * self.pause)
        else:
            self.pause = SHORTEST
        self.wall = self.ran = 0.0


class Cores:
    """Those of this process: torch has one number of threads for all."""

    def __init__(self) -> None:
        self._use: Use | None = None
        """None until torch is there, and where the number is chosen by whoever started the engine."""
        self._began = threading.local()

    def prepare(self) -> None:
        """Before torch is imported."""
        if "OMP_WAIT_POLICY" not in os.environ:
            for name, value in ENVIRONMENT.items():
                os.environ.setdefault(name, value)

    def torch_is_there(self) -> None:
        """Take what torch takes by itself, but no more than the process may use."""
        import torch

        if not any(name in os.environ for name in _CHOSEN):
            self._use = Use(min(torch.get_num_threads(), device.cores()))

    def typed(self) -> None:
        """A key was pressed on the screen."""
        if self._use is not None:
            self._use.typed(time.monotonic())

    def follow(self, model: PreTrainedModel) -> None:
        """Decide before each forward of a model on the CPU."""
        if self._use is not None:
            model.register_forward_pre_hook(self._before, with_kwargs=True)
            model.register_forward_hook(self._after)
            if model.config.is_encoder_decoder:  # whose encoder `generate` calls by itself
                model.get_encoder().register_forward_pre_hook(self._before, with_kwargs=True)

    def _before(self, model: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        import torch

        if self._use is None:
            return
        now = time.monotonic()
        rows = _rows_of_one_position(arguments, keywords)
        use = self._use
        threads = use.threads(now) if rows is None else use.threads_to_write(now, (id(model), rows))
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        self._began.at = threads, rows is not None, time.perf_counter(), time.thread_time()

    def _after(self, *_: Any) -> None:
        began = getattr(self._began, "at", None)
        if self._use is None or began is None:
            return
        threads, writes, wall, ran = began
        took = time.perf_counter() - wall
        if writes:
            self._use.wrote(threads, took)
        else:
            self._use.computed(time.monotonic(), threads, took, time.thread_time() - ran)


def _rows_of_one_position(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> int | None:
    """Rows of a forward that reads one position of each, as those do that write; None for any other."""
    ids = keywords.get("decoder_input_ids", keywords.get("input_ids", arguments[0] if arguments else None))
    return len(ids) if ids is not None and ids.dim() == 2 and ids.shape[1] == 1 else None


CORES = Cores()
"""The threads of torch belong to the process, and so does this."""
