"""Writing token by token: its pace against a bare `model.generate`, and a step after an edit of a long prompt."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.result import Log, Result
from tests.benchmarks.sides import Sides
from tests.benchmarks.surroundings import ROOT, environment

GOAL_PACE = 0.97
GOAL_EDIT = 10.0
TOKENS, PROMPT = 256, 1000
TEXT = "The film was dull, the acting was worse, and nobody laughed; not even once. "
MAKE = """\
import pathlib, sys
from tests.benchmarks.programs.writing_checkpoint import make
make(pathlib.Path(sys.argv[1]))
"""


def measured(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Tokens a second with everything told of each, and one step where only the end of the prompt is new."""
    folder = home / "writer"
    subprocess.run([sys.executable, "-c", MAKE, str(folder)], env=environment(home), cwd=ROOT, check=True)
    with Sides("text-generation", folder, home) as sides:
        texts = [f"{TEXT}{number} " for number in range(pair_count + 1)]  # nothing is kept of a text before
        written = [{"write": text, "most": TOKENS} for text in texts]
        writing = sides.pairs("writing", [(each, each) for each in written], log, same=True)
        long = TEXT * (PROMPT // 20)
        edits = [{"write": f"{long}{number}", "most": 1} for number in range(pair_count + 1)]
        sides.ours.do({"write": long, "most": 1})
        edited = sides.pairs("edit", [(each, each) for each in edits], log, same=True)
        threads = sides.theirs.threads
    return [
        _faster(f"writing, against bare generate with {threads} threads", writing, GOAL_PACE),
        _faster(f"a step after an edit at the end of {PROMPT:,} tokens", edited, GOAL_EDIT),
    ]


def _faster(name: str, seconds: dict[str, list[float]], goal: float) -> Result:
    """How many times faster ours is, by the minimum of each side; and by the median of the pairs."""
    ours, theirs = seconds["ours"], seconds["theirs"]
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
