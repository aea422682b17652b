"""`python -m tests.benchmarks [NAME...] [--pairs N] [--json FILE]`: measure, and print one table."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    answering,
    generating,
    growing,
    keys,
    long_texts,
    resources,
    start,
    surroundings,
    tokenizing,
    writing,
)
from tests.benchmarks.result import Log, Result

BENCHMARKS: dict[str, Callable[[int, Path, Log], list[Result]]] = {
    "first-frame": start.first_frame,
    "first-answer": start.first_answer,
    "keys": keys.alone,
    "keys-starting": keys.while_starting,
    "keys-loading": keys.while_loading,
    "keys-busy": keys.while_busy,
    "keys-long": long_texts.typed,
    "tokenizing": long_texts.read,
    "tokenize": tokenizing.told,
    "generating": generating.measured,
    "answering": answering.measured,
    "growing": growing.measured,
    "writing": writing.measured,
    "bytes": resources.sent_bytes,
    "memory": resources.memory,
}


def main() -> int:
    """Run what was asked for; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--pairs", type=int, default=5, help="pairs for each ratio (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")

    console = Console(stderr=True)
    facts = surroundings.facts()
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()), highlight=False)
    results: list[Result] = []
    loads: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="logitscope-benchmarks-") as folder:
        for name in options.names or BENCHMARKS:
            loads[name] = surroundings.busy_share()
            console.print(f"[b]{name}[/b]  (others use {loads[name]:.0%} of the processors)")
            results += BENCHMARKS[name](
                options.pairs, Path(folder), lambda said: console.print("  " + said, highlight=False)
            )
    Console().print(_table(results))
    busiest = max(loads.values())
    if busiest > surroundings.BUSY / 5 or surroundings.load_per_core() > 2 * surroundings.BUSY:
        Console().print(
            f"The machine was busy: other programs used up to {busiest:.0%} of the processors before a "
            f"benchmark, load {surroundings.load_per_core():.1f} a core. Ratios are of interleaved pairs; "
            "delays and seconds are too long."
        )
    if options.json is not None:
        rows = [dataclasses.asdict(result) for result in results]
        options.json.write_text(json.dumps({"facts": facts, "others": loads, "results": rows}, indent=1))
    return 1 if any(result.met is False for result in results) else 0


def _table(results: list[Result]) -> Table:
    table = Table(title="minimum (median)")
    for column in ("benchmark", "measured", "against", "ratio", "goal", ""):
        table.add_column(column)
    for result in results:
        mark = {True: "met", False: "MISSED", None: ""}[result.met]
        table.add_row(result.name, result.measured, result.reference, result.ratio, result.goal, mark)
    return table


if __name__ == "__main__":
    sys.exit(main())
