"""How the cost of a text grows with its length, against the library doing the same: no faster than the library's.

The checkpoints are small and read texts of any length, so that what is done around the forward weighs most.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.benchmarks.programs.task_checkpoint import HEADS
from tests.benchmarks.result import Log, Result
from tests.benchmarks.sides import Sides
from tests.benchmarks.surroundings import ROOT, environment
from tests.benchmarks.texts import order

LENGTHS = (10, 100, 1_000, 10_000)
"""Words of a text."""
WINDOWS = (1, 10, 100)
_WINDOWED: dict[str, tuple[int, dict[str, Any]]] = {
    "question-answering": (240, {}),
    "ner": (380, {"aggregation_strategy": "simple", "stride": 128}),
}
"""Words that one more window takes, and the options by which a text is read in windows."""
_LIMIT = 512
"""Tokens of a window of NER."""
GROWTH = 1.15
"""How many times the ratio to the library may be that of a shorter text."""
MAKE = """\
import pathlib, sys
from tests.benchmarks.programs import task_checkpoint
task_checkpoint.make_long(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]))
"""


def measured(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Everything that `run --json` tells of a text against what the pipeline returns, for each length."""
    results = []
    for task in HEADS:
        if task != "question-answering":  # which reads in windows
            results.append(
                _grown(task, "words", dict(zip(LENGTHS, LENGTHS, strict=True)), {}, pair_count, home, log)
            )
        if task in _WINDOWED:
            words, options = _WINDOWED[task]
            lengths = {count: words * count for count in WINDOWS}
            results.append(_grown(task, "windows", lengths, options, pair_count, home, log))
    return results


def _grown(
    task: str,
    unit: str,
    lengths: dict[int, int],
    options: dict[str, Any],
    pair_count: int,
    home: Path,
    log: Log,
) -> Result:
    """lengths: words by count of the unit."""
    folder = home / f"{task}-{unit}"
    make = [sys.executable, "-c", MAKE, task, str(folder), str(_LIMIT if unit == "windows" else 0)]
    subprocess.run(make, env=environment(home), cwd=ROOT, check=True)
    ratios: dict[int, float] = {}
    samples: dict[str, list[float]] = {}
    last = ("", "")
    with Sides(task, folder, home) as sides:
        for count, words in lengths.items():
            orders = [order(task, words, number, **options) for number in range(pair_count + 1)]
            seconds = sides.pairs(f"{task}, {count:,} {unit}", [(each, each) for each in orders], log)
            ours, theirs = min(seconds["ours"]), min(seconds["theirs"])
            ratios[count], last = ours / theirs, (f"{ours:.3f} s", f"{theirs:.3f} s")
            samples |= {f"{side}, {count:,}": found for side, found in seconds.items()}
        name = f"{task}, {' to '.join(f'{each:,}' for each in (min(lengths), max(lengths)))} {unit}"
        name += f", against the library with {sides.theirs.threads} threads"
    found = [*ratios.values()]
    grows = any(later > GROWTH * max(earlier, 1.0) for earlier, later in pairwise(found))
    return Result(
        name,
        last[0],
        last[1],
        ", ".join(f"{ratio:.2f}×" for ratio in found),
        f"no ratio above {GROWTH:g} times the one before",
        not grows,
        samples,
    )
