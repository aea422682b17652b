"""A clock that is in another year each time a process looks, for tests: nothing may be measured by it."""

from __future__ import annotations

import os
from pathlib import Path

_JUMPS = """
import itertools, os, pathlib, time
pathlib.Path(__file__).with_name(f"{os.getpid()} was here").touch()
years = itertools.cycle([0, 3, -40, 80, -1])
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + next(years) * 365 * 86_400
time.time_ns = lambda: real_ns() + next(years) * 365 * 86_400 * 10**9
"""


class JumpingClock:
    """For every Python that is started with `environment`."""

    def __init__(self, folder: Path) -> None:
        """`folder`: an empty one, for what is imported at the start."""
        self._folder = folder
        (folder / "sitecustomize.py").write_text(_JUMPS)
        self.environment = {
            "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        }

    @property
    def processes(self) -> int:
        """How many ran by it."""
        return len(list(self._folder.glob("* was here")))
