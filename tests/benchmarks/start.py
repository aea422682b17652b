"""From the start to the first frame and to the first answer."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.result import Log, Result, pairs, ratio_result
from tests.benchmarks.screen import Screen
from tests.benchmarks.surroundings import NANO, PLAYGROUND, PROGRAMS, ROOT, environment
from tests.benchmarks.terminal import Terminal

TEXT = "I've been waiting for a course like this my whole life."
ANSWER = re.compile(r"(POSITIVE|NEGATIVE) +[01]\.\d{4}")
TITLES = ("1 Task", "2 Model", "3 Input", "4 Tokens", "5 Forward", "6 Logits → probabilities", "7 Answer")
"""What the top border of each pane says first."""
SETTLED_SECONDS = 0.3


def panes_painted(screen: Screen) -> bool:
    """Whether the title of every pane stands on the screen."""
    text = "\n".join(screen.lines())
    return all(title in text for title in TITLES)


def answer_painted(screen: Screen) -> bool:
    """Whether the Answer pane shows a label and its score."""
    return any(ANSWER.search(line) for line in screen.pane(7)[1:])


def first_frame(pair_count: int, home: Path, log: Log) -> list[Result]:
    """The first frame of the real command, engine started too, against an empty app with as many panes."""
    empty = (sys.executable, str(PROGRAMS / "empty_app.py"))
    ours, theirs = pairs(
        partial(_frame_seconds, PLAYGROUND, home),
        partial(_frame_seconds, empty, home),
        pair_count,
        log,
    )
    return [ratio_result("first frame / empty app", ours, theirs, 1.15)]


def _frame_seconds(command: Sequence[str], home: Path) -> float:
    with Terminal(command, environment(home), folder=ROOT) as terminal:
        painted = terminal.wait(panes_painted, "the first frame")
        seconds = painted - terminal.started
        terminal.record(SETTLED_SECONDS)
    return seconds


def first_answer(pair_count: int, home: Path, log: Log) -> list[Result]:
    """The first answer, on the screen and without it, against the shortest script that prints the same."""
    shortest = (sys.executable, str(PROGRAMS / "shortest.py"), str(NANO), TEXT)
    headless = (*PLAYGROUND, "run", "sentiment-analysis", TEXT)
    reference = partial(_printed_seconds, shortest, home)
    log("on the screen")
    screen = pairs(partial(_answer_seconds, home), reference, pair_count, log)
    log("without the screen")
    printed = pairs(partial(_printed_seconds, headless, home), reference, pair_count, log)
    return [
        ratio_result("first answer / shortest script", *screen, 1.2),
        ratio_result("headless answer / shortest script", *printed, 1.2),
    ]


def _answer_seconds(home: Path) -> float:
    with Terminal((*PLAYGROUND, "--text", TEXT), environment(home), folder=ROOT) as terminal:
        return terminal.wait(answer_painted, "the first answer") - terminal.started


def _printed_seconds(command: Sequence[str], home: Path) -> float:
    """Until the answer comes out of the pipe."""
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        env=environment(home),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        seconds = next(
            (time.perf_counter() - started for line in process.stdout if ANSWER.search(line)), None
        )
    if seconds is None:
        raise RuntimeError(f"no answer from {command}")
    return seconds
