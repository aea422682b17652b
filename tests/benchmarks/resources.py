"""What a key costs on the line to the terminal, and the memory of the screen's process."""

from __future__ import annotations

import statistics
from pathlib import Path

import psutil

from tests.benchmarks.keys import SENTENCES, Typist
from tests.benchmarks.result import Log, Result
from tests.benchmarks.start import answer_painted
from tests.benchmarks.surroundings import PLAYGROUND, ROOT, environment
from tests.benchmarks.terminal import Terminal

SIZES = ((120, 40), (80, 24))
GOAL_BYTES = 2000
GOAL_MB = 90.0
QUIET = 0.2
"""Seconds without output after which everything that follows from a key has been sent."""


def sent_bytes(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Bytes sent for each key until nothing more comes: input, tokens, forward, probabilities, answer, status."""
    results = []
    for columns, rows in SIZES:
        counts = []
        with Terminal(PLAYGROUND, environment(home), columns, rows, folder=ROOT) as terminal:
            terminal.wait(lambda screen: "ready" in screen.line(0), "the first answer")
            terminal.settle()
            typist = Typist(terminal)
            for sentence in SENTENCES[:2]:
                typist.clear()
                for character in sentence:
                    first = len(terminal.chunks)
                    terminal.press(character.encode())
                    terminal.settle(QUIET)
                    counts.append(sum(len(chunk.sent) for chunk in terminal.chunks[first:]))
        middle, most = statistics.median(counts), max(counts)
        goal = (columns, rows) == SIZES[0]
        results.append(
            Result(
                f"bytes for a key, {columns}x{rows}",
                f"median {middle:,.0f}, mean {statistics.mean(counts):,.0f}, max {most:,} (n={len(counts)})",
                goal=f"< {GOAL_BYTES:,}" if goal else "",
                met=middle < GOAL_BYTES if goal else None,
                samples={"bytes": [float(count) for count in counts]},
            )
        )
    return results


def memory(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Memory of the screen's process, after the first answer and after 200 keys and more."""
    results = []
    with Terminal(PLAYGROUND, environment(home), folder=ROOT) as terminal:
        terminal.wait(answer_painted, "the first answer")
        terminal.settle()
        results.append(_memory("memory after the first answer", terminal.process.pid))
        typist = Typist(terminal)
        for sentence in SENTENCES:
            typist.clear()
            typist.type(sentence)
        terminal.settle()
        results.append(_memory(f"memory after {sum(map(len, SENTENCES))} keys", terminal.process.pid))
    return results


def _memory(name: str, pid: int) -> Result:
    used = psutil.Process(pid).memory_full_info()
    megabytes = {kind: getattr(used, kind) / 1e6 for kind in ("rss", "pss", "uss")}
    return Result(
        name,
        ", ".join(f"{kind.upper()} {value:.1f} MB" for kind, value in megabytes.items()),
        goal=f"RSS < {GOAL_MB:.0f} MB",
        met=megabytes["rss"] < GOAL_MB,
        samples={kind: [value] for kind, value in megabytes.items()},
    )
