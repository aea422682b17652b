"""The same work asked of two running programs in turn: the engine as commands use it, and the library by itself.

Each is a process of its own with its own defaults, so that neither takes over how the other uses the cores.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.benchmarks.result import Log
from tests.benchmarks.surroundings import PROGRAMS, ROOT, environment

Order = Mapping[str, object]


class Done(NamedTuple):
    """A piece of work."""

    seconds: float
    result: Any


class Side:
    """A program that does what it is asked; the end of a `with` block ends it."""

    def __init__(self, name: str, task: str, folder: Path, home: Path) -> None:
        """name: of the program, `ours` or `theirs`."""
        command = [sys.executable, str(PROGRAMS / f"{name}.py"), task, str(folder)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=environment(home), cwd=ROOT, stdin=pipe, stdout=pipe, text=True
        )
        self.threads = 0
        """Of torch, where the program knows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def do(self, order: Order) -> Done:
        """Ask for one piece of work and wait for it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side ended with {self._process.wait()}")
        said = json.loads(line)
        self.threads = said.get("threads", 0)
        return Done(said["seconds"], said["result"])


class Sides:
    """Both of them for one task and one checkpoint."""

    def __init__(self, task: str, folder: Path, home: Path) -> None:
        self.ours = Side("ours", task, folder, home)
        self.theirs = Side("theirs", task, folder, home)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for side in (self.ours, self.theirs):
            side.__exit__(kind, error, trace)

    def pairs(
        self, name: str, orders: Sequence[tuple[Order, Order]], log: Log, same: bool = False
    ) -> dict[str, list[float]]:
        """Seconds of each order, ours and theirs first in turn; the first pair is for warming up.

        same: whether both must give the same result. Raises RuntimeError where they don't.
        """
        seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number, (ours, theirs) in enumerate(orders):
            turn = [("ours", self.ours, ours), ("theirs", self.theirs, theirs)]
            done = {key: side.do(order) for key, side, order in (turn if number % 2 else turn[::-1])}
            if same and done["ours"].result != done["theirs"].result:
                raise RuntimeError(f"{name}: the two sides differ: {done}")
            if number:
                log(
                    f"{name}, pair {number}: {done['ours'].seconds:.3f} s against {done['theirs'].seconds:.3f} s"
                )
                for key, one in done.items():
                    seconds[key].append(one.seconds)
        return seconds
