"""What a benchmark reports, and how pairs of measurements become a ratio."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Log = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    name: str
    measured: str
    reference: str = ""
    """What it is compared with; empty where the figure stands for itself."""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None
    """None: a figure without a goal."""
    samples: dict[str, list[float]] = field(default_factory=dict)
    """The single measurements, in the order in which they were taken."""


def pairs(
    ours: Callable[[], float], theirs: Callable[[], float], count: int, log: Log
) -> tuple[list[float], list[float]]:
    """Measure in turn, A B A B …, so that what disturbs the machine disturbs both; one pair is for warming up."""
    ours_seconds, theirs_seconds = [], []
    for number in range(count + 1):
        a, b = ours(), theirs()
        if number:
            ours_seconds.append(a)
            theirs_seconds.append(b)
            log(f"pair {number}: {a:.3f} s against {b:.3f} s")
    return ours_seconds, theirs_seconds


def ratio_result(name: str, ours: list[float], theirs: list[float], goal: float | None) -> Result:
    """Seconds against seconds: the minimum of each side, and the median."""
    least = min(ours) / min(theirs)
    middle = statistics.median(ours) / statistics.median(theirs)
    return Result(
        name,
        f"{min(ours):.3f} s ({statistics.median(ours):.3f})",
        f"{min(theirs):.3f} s ({statistics.median(theirs):.3f})",
        f"{least:.2f}× ({middle:.2f}×)",
        f"≤ {goal:.2f}×" if goal is not None else "",
        least <= goal if goal is not None else None,
        {"ours": ours, "theirs": theirs},
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values don't exceed.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5), percentile([1.0, 2.0, 3.0, 4.0], 0.99)
    (2.0, 4.0)
    """
    ordered = sorted(values)
    needed = -(-len(ordered) * share // 1)
    return ordered[max(0, int(needed) - 1)]


def delay_result(name: str, seconds: list[float], missed: int, goal_ms: float | None) -> Result:
    """Delays as median, p99 and largest; the goal is on p99. `missed`: keys whose effect was never painted."""
    if not seconds:
        return Result(name, "no key was painted", goal="", met=False if goal_ms is not None else None)
    high = percentile(seconds, 0.99) * 1000
    said = f"median {percentile(seconds, 0.5) * 1000:.1f}, p99 {high:.1f}, max {max(seconds) * 1000:.1f} ms"
    said += f" (n={len(seconds)}" + (f", {missed} never painted)" if missed else ")")
    return Result(
        name,
        said,
        goal=f"p99 < {goal_ms:.0f} ms" if goal_ms is not None else "",
        met=high < goal_ms and not missed if goal_ms is not None else None,
        samples={"seconds": seconds},
    )
