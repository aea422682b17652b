"""How many cores the model computes on: all of them, but for one while somebody types or others need it.

Threads that wait for each other spin for a bounded time (`GOMP_SPINCOUNT`), which loses none where all of them run.
Beside another busy process the thread that shares its core keeps the others waiting: then one core less is faster.
That shows in the time in which the forward's own thread did not run, and is believed if fewer threads are faster.
While a model writes one token after the other the numbers are compared, and the fastest is kept. Who sets
`OMP_NUM_THREADS` has as many always.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
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
_GAIN = 0.9
"""Fewer threads are faster where they take no more than this share of the time for a position."""
_ALIKE = 2.0
"""Forwards are compared whose numbers of positions are no further apart than this."""
SHORTEST, LONGEST = 2.0, 32.0
"""Seconds for which a core is left to others until all are tried again, or all are used until that is judged again;
each twice as long after each vain trial."""


@dataclass
class Judged:
    """Forwards that are judged together."""

    count: int = 0
    positions: int = 0
    wall: float = 0.0
    ran: float = 0.0

    def add(self, positions: int, wall: float, ran: float) -> bool:
        """Whether there are enough of them with one more."""
        self.count += 1
        self.positions += positions
        self.wall += wall
        self.ran += ran
        return self.wall >= _JUDGED_SECONDS

    @property
    def pace(self) -> float:
        """Seconds for a position."""
        return self.wall / max(1, self.positions)

    def is_like(self, positions: int) -> bool:
        """Whether a forward of so many positions can be compared with them."""
        each = self.positions / self.count
        return each / _ALIKE <= positions <= each * _ALIKE


@dataclass
class Use:
    """Who has the cores: decided anew before each forward."""

    most: int
    keys_until: float = 0.0
    others_until: float = 0.0
    pause: float = SHORTEST
    all_until: float = 0.0
    trust: float = SHORTEST
    judged: Judged = field(default_factory=Judged)
    doubted: Judged | None = None
    """Forwards with all threads that seemed disturbed, until fewer were tried."""
    fewer: Judged = field(default_factory=Judged)
    writing: tuple[object, StepsTimed] | None = None
    """What is written by, and the forwards of that."""

    def threads(self, now: float, positions: int) -> int:
        """For the next forward; now: seconds of `time.monotonic`. positions: that it is over."""
        others_until = self.others_until
        if self.doubted is not None and not self.doubted.is_like(positions):
            others_until = 0.0  # it would be with fewer what nobody could compare
        return max(1, self.most - 1) if now < max(self.keys_until, others_until) else self.most

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

    def computed(self, now: float, threads: int, positions: int, wall: float, ran: float) -> None:
        """A forward over some positions took `wall` seconds, in `ran` of which its own thread ran."""
        if self.most < 2:
            return
        if threads == self.most:
            if self.judged.add(positions, wall, ran):
                self._judge(now)
            return
        doubted = self.doubted
        if doubted is not None and doubted.is_like(positions) and self.fewer.add(positions, wall, ran):
            self._compare(now, doubted)

    def _judge(self, now: float) -> None:
        """Leave a core to others where all threads had to wait."""
        judged, self.judged, self.fewer, self.doubted = self.judged, Judged(), Judged(), None
        if judged.ran >= _RUNS * judged.wall:
            self.pause = SHORTEST
        elif now >= self.all_until:
            self.doubted, self.others_until = judged, now + self.pause
            self.pause = min(LONGEST, 2 * self.pause)

    def _compare(self, now: float, doubted: Judged) -> None:
        """Take all again where fewer are no faster: a thread waits for other reasons, too."""
        fewer, self.fewer, self.doubted = self.fewer, Judged(), None
        if fewer.pace <= _GAIN * doubted.pace:
            self.trust = SHORTEST
            return
        self.others_until, self.all_until, self.pause = 0.0, now + self.trust, SHORTEST
        self.trust = min(LONGEST, 2 * self.trust)


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
        use, now, shape = self._use, time.monotonic(), _shape_of(arguments, keywords)
        writes = shape[1] == 1
        threads = (
            use.threads_to_write(now, (id(model), shape[0]))
            if writes
            else use.threads(now, shape[0] * shape[1])
        )
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        self._began.at = threads, shape, time.perf_counter(), time.thread_time()

    def _after(self, *_: Any) -> None:
        began = getattr(self._began, "at", None)
        if self._use is None or began is None:
            return
        threads, (rows, positions), wall, ran = began
        took, ran = time.perf_counter() - wall, time.thread_time() - ran
        if positions == 1:
            self._use.wrote(threads, took)
        else:
            self._use.computed(time.monotonic(), threads, rows * positions, took, ran)


def _shape_of(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[int, int]:
    """Rows and positions of what a forward reads; one position of each is read by those that write."""
    ids = keywords.get("decoder_input_ids", keywords.get("input_ids", arguments[0] if arguments else None))
    return (ids.shape[0], ids.shape[1]) if ids is not None and ids.dim() > 1 else (1, 0)


CORES = Cores()
"""The threads of torch belong to the process, and so does this."""
