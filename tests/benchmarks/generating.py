"""Writing token by token: its pace against a bare `model.generate`, and a step after an edit of a long prompt."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.result import Log, Result
from tests.benchmarks.surroundings import PROGRAMS, ROOT, environment

GOAL_PACE = 0.97
GOAL_EDIT = 10.0


def measured(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Tokens a second with everything told of each, and one step where only the end of the prompt is new."""
    program = [sys.executable, str(PROGRAMS / "writing.py"), str(home / "writer"), str(pair_count)]
    ran = subprocess.run(program, env=environment(home), cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found = json.loads(ran.stdout)
    return [
        _faster("writing, against bare generate", found["writing"], GOAL_PACE, log),
        _faster("a step after an edit at the end of 1,000 tokens", found["edit"], GOAL_EDIT, log),
    ]


def _faster(name: str, seconds: dict[str, list[float]], goal: float, log: Log) -> Result:
    """How many times faster ours is, by the minimum of each side; and by the median of the pairs."""
    ours, theirs = seconds["ours"], seconds["theirs"]
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        log(f"{name}, pair {number}: {a:.3f} s against {b:.3f} s")
    least = min(theirs) / min(ours)
    middle = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    return Result(
        name,
        f"{min(ours):.3f} s ({statistics.median(ours):.3f})",
        f"{min(theirs):.3f} s ({statistics.median(theirs):.3f})",
        f"{least:.2f}× faster ({middle:.2f}×)",
        f"≥ {goal:g}×",
        max(least, middle) >= goal,
        seconds,
    )
