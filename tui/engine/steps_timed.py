"""Which number of threads writes a token soonest: found by trying, while the model writes.

One position at a time is bound by memory: there a further core gains a lot on one machine and nothing on another.
"""

from __future__ import annotations

from statistics import median

TRIED = 6
"""Forwards with a number of threads that are compared, after one in which the threads come to be."""
SHORTEST, LONGEST = 48, 768
"""Forwards until the other numbers are tried again; twice as many after each trial that changes nothing."""
_GAIN = 0.97
"""A number takes the place of another where its forwards take no more than this share of the time."""
_SLOWER = 1.5
"""Where forwards take so much longer than when their number was chosen, all are tried at once."""


class StepsTimed:
    """Forwards that do the same work over and over."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        """numbers: of threads to choose from, the one to begin with first."""
        self._numbers = numbers
        self._chosen = numbers[0]
        self._trials = list(numbers)
        """Those that are still to be timed in this trial, the present one first; none between two trials."""
        self._found: dict[int, float] = {}
        self._times: list[float] = []
        self._warm = False
        self._pause = SHORTEST
        self._left = 0

    def threads(self) -> int:
        """For the next forward."""
        return self._trials[0] if self._trials else self._chosen

    def computed(self, threads: int, seconds: float) -> None:
        """A forward took so long; one with another number than `threads()` says counts for nothing."""
        if threads != self.threads() or len(self._numbers) < 2:
            self._warm = False
            return
        if not self._warm:
            self._warm = True
            return
        self._times.append(seconds)
        if self._trials:
            if len(self._times) == TRIED:
                self._tried(threads)
            return
        self._left -= 1
        del self._times[:-TRIED]
        if self._left <= 0:
            self._try_all()
        elif len(self._times) == TRIED and median(self._times) > _SLOWER * self._found[self._chosen]:
            self._pause = SHORTEST
            self._try_all()

    def _try_all(self) -> None:
        others = [number for number in self._numbers if number != self._chosen]
        self._trials, self._found, self._times = [self._chosen, *others], {}, []

    def _tried(self, threads: int) -> None:
        self._found[threads] = median(self._times)
        self._times, self._warm = [], False
        del self._trials[0]
        if self._trials:
            return
        fastest = min(self._found, key=lambda number: self._found[number])
        if self._found[fastest] <= _GAIN * self._found[self._chosen]:
            self._chosen, self._pause = fastest, SHORTEST
        else:
            self._pause = min(LONGEST, 2 * self._pause)
        self._left = self._pause
