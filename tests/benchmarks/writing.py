"""The screen that writes, while a decoder of about 135 million parameters does: keys, and bytes for each token."""

from __future__ import annotations

import random
import re
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.benchmarks.generating import MAKE
from tests.benchmarks.keys import GOAL_MS, LONGEST, SHORTEST
from tests.benchmarks.result import Log, Result, delay_result
from tests.benchmarks.screen import Screen
from tests.benchmarks.sides import Side
from tests.benchmarks.surroundings import PLAYGROUND, ROOT, environment
from tests.benchmarks.terminal import NeverPaintedError, Terminal

F12 = b"\x1b[24~"
KEYS = 150
SECONDS = 6.0
"""How long tokens and bytes are counted at once."""
TASK, TOKENS = "text-generation", 128
GOAL_BYTES = 1500
GOAL_PACE = 0.9
TEXT, ROWS = b"1", b"2"
_TOKENS = re.compile(r"1 Text +A · ([\d,]+) token")


def measured(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Its pace against a bare `generate`, keys that go from pane to pane, and what a token costs on the line."""
    folder = home / "writer"
    subprocess.run([sys.executable, "-c", MAKE, str(folder)], env=environment(home), cwd=ROOT, check=True)
    command = (*PLAYGROUND, "--task", "text-generation", "--model", str(folder), "--text", "The film was")
    cost, written, paces = 0, 0, {"ours": list[float](), "theirs": list[float]()}
    with (
        Terminal(command, environment(home), folder=ROOT) as terminal,
        Side("theirs", TASK, folder, home) as theirs,
    ):
        terminal.wait(lambda screen: "ready" in screen.line(0), "the checkpoint in use")
        terminal.settle()
        terminal.press(F12)
        terminal.wait(lambda screen: _tokens(screen) == 0, "the screen")
        terminal.settle()
        for number in range(pair_count + 1):
            _go_on(terminal)
            sent, count, start = len(terminal.chunks), _tokens(terminal.screen), time.perf_counter()
            terminal.record(SECONDS)
            terminal.catch_up()
            count, seconds = _tokens(terminal.screen) - count, time.perf_counter() - start
            bytes_ = sum(len(chunk.sent) for chunk in terminal.chunks[sent:])
            terminal.press(b" ")  # pause
            terminal.settle()
            alone = theirs.do({"write": f"The film was {number}", "most": TOKENS})
            log(f"{count / seconds:.1f} tokens/s against {TOKENS / alone.seconds:.1f}")
            if number:  # the first is for warming up
                cost += bytes_
                written += count
                paces["ours"].append(count / seconds)
                paces["theirs"].append(TOKENS / alone.seconds)
        _go_on(terminal)
        delays, missed = _keys(terminal)
        threads = theirs.threads
    each = cost / written
    return [
        _pace(f"tokens on the screen, against bare generate with {threads} threads", paces),
        delay_result("key → paint while it writes", delays, missed, GOAL_MS),
        Result(
            "bytes for a token, 120x40",
            f"mean {each:,.0f} of {written} tokens",
            goal=f"< {GOAL_BYTES:,}",
            met=each < GOAL_BYTES,
            samples={"bytes": [each]},
        ),
    ]


def _go_on(terminal: Terminal) -> None:
    """Let it write until some tokens more are on the screen."""
    began = _tokens(terminal.screen)
    terminal.press(b" ")
    terminal.wait(lambda screen: _tokens(screen) > began + 2, "the first tokens")


def _pace(name: str, paces: dict[str, list[float]]) -> Result:
    """Tokens a second against tokens a second: the best of each side, and the median."""
    ours, theirs = paces["ours"], paces["theirs"]
    best, middle = max(ours) / max(theirs), statistics.median(ours) / statistics.median(theirs)
    return Result(
        name,
        f"{max(ours):.1f}/s ({statistics.median(ours):.1f})",
        f"{max(theirs):.1f}/s ({statistics.median(theirs):.1f})",
        f"{best:.2f}× ({middle:.2f}×)",
        f"≥ {GOAL_PACE:g}×",
        max(best, middle) >= GOAL_PACE,
        paces,
    )


def _keys(terminal: Terminal) -> tuple[list[float], int]:
    """Go from Text to the probabilities and back; from each key until the hints are those of the other pane."""
    pause, seconds, missed = random.Random(0), [], 0
    for number in range(KEYS):
        to_rows = number % 2 == 0
        terminal.catch_up()
        pressed = terminal.press(ROWS if to_rows else TEXT)
        try:
            painted = terminal.wait(partial(_in_rows, to_rows), "the pane's hints", 5.0)
        except NeverPaintedError:
            missed += 1
            continue
        seconds.append(painted - pressed)
        terminal.record(pause.uniform(SHORTEST, LONGEST))
    return seconds, missed


def _in_rows(wanted: bool, screen: Screen) -> bool:
    """Whether the hints are those of the probabilities, or not as `wanted`."""
    return ("take" in screen.line(screen.rows - 1)[:10]) == wanted


def _tokens(screen: Screen) -> int:
    """Tokens of the branch by the title of the text; −1 where it is not there."""
    found = _TOKENS.search("\n".join(screen.lines()))
    return int(found[1].replace(",", "")) if found else -1
