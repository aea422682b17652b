"""Each task that answers against the library's pipeline, by the length of the text and the number of windows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.programs.task_checkpoint import HEADS
from tests.benchmarks.result import Log, Result, ratio_result
from tests.benchmarks.sides import Sides
from tests.benchmarks.surroundings import ROOT, environment
from tests.benchmarks.texts import order

GOAL, GOAL_FROM = 1.1, 90
"""The goal holds from so many words on."""
WORDS = (8, 90, 300)
LONG = (2_000, 20_000)
"""Words of a context that is read in windows."""
MAKE = """\
import pathlib, sys
from tests.benchmarks.programs.task_checkpoint import make
make(sys.argv[1], pathlib.Path(sys.argv[2]))
"""


def measured(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Everything that `run --json` tells, made ready to be printed, against what the pipeline returns."""
    results = []
    for task in HEADS:
        folder = home / task
        make = [sys.executable, "-c", MAKE, task, str(folder)]
        subprocess.run(make, env=environment(home), cwd=ROOT, check=True)
        with Sides(task, folder, home) as sides:
            for count in (*WORDS, *(LONG if task == "question-answering" else ())):
                name = f"{task}, {count:,} words"
                orders = [order(task, count, number) for number in range(pair_count + 1)]
                seconds = sides.pairs(name, [(each, each) for each in orders], log)
                goal = GOAL if count >= GOAL_FROM else None
                name = f"{name}, pipeline with {sides.theirs.threads} threads"
                results.append(ratio_result(name, seconds["ours"], seconds["theirs"], goal))
    return results
