"""From a key typed to its tokens and its probabilities on the screen."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.checkpoints import Checkpoints
from tests.benchmarks.expectation import Expectation
from tests.benchmarks.result import Log, Result, delay_result
from tests.benchmarks.screen import Screen
from tests.benchmarks.start import answer_painted
from tests.benchmarks.surroundings import NANO, PLAYGROUND, ROOT, environment
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
CLEAR_LINE = b"\x15"
LOADING_KEYS = 200
"""Keys to be typed while a checkpoint is loading."""


class Typist:
    """Types texts at a human rate and notes when which key was sent."""

    def __init__(self, terminal: Terminal, seed: int = 0) -> None:
        self._terminal = terminal
        self._random = random.Random(seed)

    def clear(self) -> None:
        """Empty the input and let the screen come to rest."""
        self._terminal.press(CLEAR_LINE)
        self._terminal.settle()

    def type(self, text: str, go_on: Callable[[], bool] = lambda: True) -> list[float]:
        """Type a text; the times of its keys. Stops early when `go_on` says so."""
        times = []
        for character in text:
            if not go_on():
                break
            times.append(self._terminal.press(character.encode()))
            self._terminal.record(self._random.uniform(SHORTEST, LONGEST))
        return times


def alone(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Nano-sentiment alone: every key of every sentence."""
    expectation = Expectation.of(SENTENCES, [NANO], home)
    with Terminal(PLAYGROUND, environment(home), folder=ROOT) as terminal:
        terminal.wait(answer_painted, "the first answer")
        terminal.settle()
        typist = Typist(terminal)
        for _ in range(max(1, pair_count // 2)):
            for sentence in SENTENCES:
                typist.clear()
                with expectation.watch(terminal, sentence) as watch:
                    watch.keys = typist.type(sentence)
                    terminal.settle(0.3)
    return [
        expectation.tokens.result("key → tokens", GOAL_MS),
        expectation.probabilities.result("key → probabilities", GOAL_MS),
    ]


def while_loading(pair_count: int, home: Path, log: Log) -> list[Result]:
    """The same while a checkpoint of 66 M parameters loads, again and again, and nano-sentiment answers."""
    return []


def while_busy(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Tokens while each forward pass of the checkpoint in use takes longer than a key."""
    return []
