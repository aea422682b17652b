"""From a key typed to its tokens and its probabilities on the screen."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.expectation import Expectation
from tests.benchmarks.result import Log, Result, delay_result
from tests.benchmarks.screen import Screen
from tests.benchmarks.start import answer_painted, panes_painted
from tests.benchmarks.surroundings import NANO, PLAYGROUND, PROGRAMS, ROOT, environment
from tests.benchmarks.terminal import Terminal

SENTENCES = (
    "An odd, patient film that grows on you; I would gladly see it again.",
    "The battery died in two days, the shop never wrote back. Avoid it!",
    "Nobody expected the second half to be this funny and this sad at once.",
    "Not bad for the price, but the manual reads like a machine wrote it.",
)
"""Typed one after the other; each is a text of its own."""
SHORTEST, LONGEST = 0.060, 0.100
"""Seconds between two keys."""
GOAL_MS = 50.0
KEYS = 120
"""Keys to be counted at least."""
LOADS = 24
"""Most loads that are tried for it."""
AFTERMATH = 0.25
"""Seconds before the end of a load from which keys aren't counted: the other checkpoint may answer them."""
MODEL_HINT = "folder or Hub id"
"""What the last line offers while the Model pane has the focus."""
ESCAPE, CLEAR_LINE, ENTER = b"\x1b", b"\x15", b"\r"


class Typist:
    """Types texts at a human rate."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._random = random.Random(0)

    def clear(self) -> None:
        """Empty the input and let the screen come to rest."""
        self._terminal.press(CLEAR_LINE)
        self._terminal.settle()

    def type(self, text: str, go_on: Callable[[], bool] = lambda: True) -> list[float]:
        """Type a text, until `go_on` says no; the times of its keys."""
        times = []
        for character in text:
            if not go_on():
                break
            times.append(self._terminal.press(character.encode()))
            self._terminal.record(self._random.uniform(SHORTEST, LONGEST))
        return times


def alone(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Nano-sentiment alone: every key of every sentence."""
    expectation = Expectation.of(SENTENCES, NANO, home)
    with Terminal(PLAYGROUND, environment(home), folder=ROOT) as terminal:
        terminal.wait(answer_painted, "the first answer")
        terminal.settle()
        _type_all(terminal, expectation)
    return _results("", expectation)


def while_starting(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Tokens while the engine imports torch and loads the first checkpoint."""
    expectation = Expectation.of(SENTENCES, NANO, home)
    for sentence in SENTENCES:
        with Terminal((*PLAYGROUND, "--text", ""), environment(home), folder=ROOT) as terminal:
            terminal.wait(panes_painted, "the first frame")
            terminal.record(AFTERMATH)
            with expectation.watch(terminal, sentence) as watch:
                watch.keys = Typist(terminal).type(sentence, lambda: _loading(terminal))
                terminal.wait(_ready, "the first answer")
                terminal.settle()
    return _results(" while torch is imported", expectation)[:1]


def while_loading(pair_count: int, home: Path, log: Log) -> list[Result]:
    """While a large checkpoint loads, again and again, and nano-sentiment answers."""
    large = large_checkpoint(home)
    expectation = Expectation.of(SENTENCES, NANO, home)
    counted = 0
    with Terminal(PLAYGROUND, environment(home), folder=ROOT) as terminal:
        terminal.wait(answer_painted, "the first answer")
        terminal.settle()
        typist = Typist(terminal)
        for number in range(LOADS):
            sentence = SENTENCES[number % len(SENTENCES)]
            typist.clear()
            began = _load(terminal, large)
            with expectation.watch(terminal, sentence) as watch:
                watch.keys = typist.type(sentence, lambda: _loading(terminal))
                watch.counted_until = time.perf_counter() - AFTERMATH
                took = time.perf_counter() - began
                terminal.wait(_ready, "the answer")
            counted += watch.counted
            log(f"load {number + 1}: {watch.counted} keys in {took:.2f} s")
            if counted >= KEYS:
                break
            _load(terminal, NANO)
            terminal.wait(_ready, "nano-sentiment in use again")
    return _results(" while a checkpoint loads", expectation)


def while_busy(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Tokens while each forward pass of the checkpoint in use takes longer than a key."""
    expectation = Expectation.of(SENTENCES, NANO, home)
    with Terminal(PLAYGROUND, environment(home), folder=ROOT) as terminal:
        terminal.wait(answer_painted, "the first answer")
        terminal.settle()
        _load(terminal, large_checkpoint(home))
        terminal.wait(_ready, "the large checkpoint in use")
        terminal.settle()
        _type_all(terminal, expectation)
        log(f"the last forward pass: {terminal.screen.pane(5)[0]}")
    return _results(" while the model is busy", expectation)[:1]


def large_checkpoint(home: Path) -> Path:
    """A folder with a checkpoint that takes a moment to load and to run, made once for a run."""
    folder = home / "random-bert-large"
    if not folder.is_dir():
        program = [sys.executable, str(PROGRAMS / "make_checkpoint.py"), str(NANO), str(folder)]
        subprocess.run(program, env=environment(home), check=True, capture_output=True)
    return folder


def _type_all(terminal: Terminal, expectation: Expectation) -> None:
    typist = Typist(terminal)
    for sentence in SENTENCES:
        typist.clear()
        with expectation.watch(terminal, sentence) as watch:
            watch.keys = typist.type(sentence)
            terminal.wait(_ready, "the answer")
            terminal.settle()


def _load(terminal: Terminal, folder: Path) -> float:
    """Load a checkpoint by the playground's own keys and go back to the input; when it was asked for."""
    for keys in (ESCAPE, b"2", b"a"):
        terminal.press(keys)
        terminal.settle(0.2)
    terminal.press(b"\x1b[200~" + str(folder).encode() + b"\x1b[201~")
    terminal.wait(
        lambda screen: any(str(folder)[:20] in line for line in screen.lines()), "the folder's name"
    )
    began = terminal.press(ENTER)
    terminal.settle(0.05)  # a small checkpoint may be loaded before “loading” is painted
    terminal.press(b"3")
    terminal.wait(lambda screen: MODEL_HINT not in screen.line(screen.rows - 1), "the input's own hints")
    return began


def _loading(terminal: Terminal) -> bool:
    terminal.catch_up()
    return not _ready(terminal.screen)


def _ready(screen: Screen) -> bool:
    return "ready" in screen.line(0)


def _results(name: str, expectation: Expectation) -> list[Result]:
    return [
        delay_result(f"key → {what}{name}", delays.seconds, delays.missed, GOAL_MS)
        for what, delays in (("tokens", expectation.tokens), ("probabilities", expectation.probabilities))
    ]
