"""The screen that writes, while a decoder of about 135 million parameters does: keys, and bytes for each token."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.benchmarks.generating import MAKE
from tests.benchmarks.keys import GOAL_MS, LONGEST, SHORTEST
from tests.benchmarks.result import Log, Result, delay_result
from tests.benchmarks.screen import Screen
from tests.benchmarks.surroundings import PLAYGROUND, ROOT, environment
from tests.benchmarks.terminal import NeverPaintedError, Terminal

F12 = b"\x1b[24~"
KEYS = 150
SECONDS = 12.0
"""How long bytes are counted."""
GOAL_BYTES = 1500
TEXT, ROWS = b"1", b"2"
_TOKENS = re.compile(r"1 Text +A · ([\d,]+) token")


def measured(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Keys that go from pane to pane while it writes, and what a token costs on the line to the terminal."""
    folder = home / "writer"
    subprocess.run([sys.executable, "-c", MAKE, str(folder)], env=environment(home), cwd=ROOT, check=True)
    command = (*PLAYGROUND, "--task", "text-generation", "--model", str(folder), "--text", "The film was")
    with Terminal(command, environment(home), folder=ROOT) as terminal:
        terminal.wait(lambda screen: "ready" in screen.line(0), "the checkpoint in use")
        terminal.settle()
        terminal.press(F12)
        terminal.wait(lambda screen: _tokens(screen) == 0, "the screen")
        terminal.settle()
        terminal.press(b" ")
        terminal.wait(lambda screen: _tokens(screen) > 2, "the first tokens")
        terminal.catch_up()
        sent, count = len(terminal.chunks), _tokens(terminal.screen)
        terminal.record(SECONDS)
        cost = sum(len(chunk.sent) for chunk in terminal.chunks[sent:])
        terminal.catch_up()
        count = _tokens(terminal.screen) - count
        log(f"{count} tokens in {SECONDS:.0f} s, {cost:,} bytes")
        seconds, missed = _keys(terminal)
    each = cost / count
    return [
        delay_result("key → paint while it writes", seconds, missed, GOAL_MS),
        Result(
            "bytes for a token, 120x40",
            f"mean {each:,.0f} of {count} tokens",
            goal=f"< {GOAL_BYTES:,}",
            met=each < GOAL_BYTES,
            samples={"bytes": [each]},
        ),
    ]


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
