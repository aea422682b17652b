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
ESCAPE = b"\x1b"
LOADS = 60
"""Most loads that are tried for it."""
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
    return _delays("", expectation, GOAL_MS)


def while_loading(pair_count: int, home: Path, log: Log) -> list[Result]:
    """The same while a checkpoint of 66 M parameters loads, again and again, and nano-sentiment answers."""
    large = Checkpoints.under(home).distilbert
    expectation = Expectation.of(SENTENCES, [NANO, large], home)
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
                watch.keys = typist.type(sentence, lambda: _still_loading(terminal))
                terminal.settle(0.3)
            counted += len(watch.keys)
            log(f"load {number + 1}: {len(watch.keys)} keys in {watch.keys[-1] - began:.2f} s")
            if counted >= LOADING_KEYS:
                break
            _load(terminal, NANO)
            terminal.wait(lambda screen: "ready" in screen.line(0), "nano-sentiment in use again")
    return _delays(" while loading", expectation, GOAL_MS)


def while_busy(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Tokens while each forward pass of the checkpoint in use takes longer than a key."""
    expectation = Expectation.of(SENTENCES, [NANO], home)
    with Terminal(PLAYGROUND, environment(home), folder=ROOT) as terminal:
        terminal.wait(answer_painted, "the first answer")
        terminal.settle()
        _load(terminal, Checkpoints.under(home).albert)
        terminal.wait(lambda screen: "ready" in screen.line(0), "the large checkpoint in use")
        typist = Typist(terminal)
        for sentence in SENTENCES:
            typist.clear()
            with expectation.watch(terminal, sentence) as watch:
                watch.keys = typist.type(sentence)
                terminal.settle(0.5)
        log(f"a forward pass took {terminal.screen.pane(5)[0]}")
    return _delays(" while the model is busy", expectation, GOAL_MS)[:1]


def _load(terminal: Terminal, folder: Path) -> float:
    """Load a checkpoint by the playground's own keys and go back to the input; when it was asked for."""
    terminal.press(ESCAPE)
    terminal.settle(0.15)
    terminal.press(b"2")
    terminal.settle(0.15)
    terminal.press(b"a")
    terminal.wait(lambda screen: any("a folder, or a Hub id" in line for line in screen.lines()), "the question")
    terminal.press(b"\x1b[200~" + str(folder).encode() + b"\x1b[201~")
    terminal.wait(lambda screen: any(str(folder)[:20] in line for line in screen.lines()), "the folder's name")
    began = terminal.press(b"\r")
    terminal.wait(lambda screen: "loading" in screen.line(0), "the load")
    terminal.press(b"3")
    return began


def _still_loading(terminal: Terminal) -> bool:
    terminal.catch_up()
    return "loading" in terminal.screen.line(0)


def _delays(name: str, expectation: Expectation, goal_ms: float) -> list[Result]:
    return [
        delay_result(f"key → {what}{name}", delays.seconds, delays.missed, goal_ms)
        for what, delays in (("tokens", expectation.tokens), ("probabilities", expectation.probabilities))
    ]
