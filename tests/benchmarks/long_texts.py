"""Long texts: a key typed into one until its tokens are painted; reading one against the bare library."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.keys import LONGEST, SHORTEST
from tests.benchmarks.result import Log, Result, delay_result, pairs, ratio_result
from tests.benchmarks.screen import Screen
from tests.benchmarks.start import answer_painted
from tests.benchmarks.surroundings import NANO, PLAYGROUND, ROOT, environment
from tests.benchmarks.terminal import Terminal
from tui.app.desks import Desk
from tui.app.session import Session, SessionFile

SIZES = (1_000, 100_000, 1_000_000)
KEYS = 60
GOAL_MS = {1_000: 50.0, 100_000: 50.0, 1_000_000: None}
READINGS = {1_000: 50, 100_000: 10, 1_000_000: 2}
"""By size: edited texts read for one measurement."""


def words(size: int) -> str:
    """So many characters of words, the same each time."""
    chance = random.Random(size)
    letters = "etaoinshrdlu"
    parts = ["".join(chance.choices(letters, k=chance.randrange(2, 9))) for _ in range(size // 4)]
    return " ".join(parts)[:size]


def typed(pair_count: int, home: Path, log: Log) -> list[Result]:
    """A key at the beginning of a text until the tokens on screen are others."""
    results = []
    for size in SIZES:
        desk = Desk({"text": words(size)}, model=NANO.name)
        surroundings = environment(home)
        SessionFile(Path(surroundings["LOGITSCOPE_STATE"])).save(
            Session("sentiment-analysis", 0, {"sentiment-analysis": desk})
        )
        with Terminal((*PLAYGROUND, "--resume"), surroundings, folder=ROOT) as terminal:
            answered = terminal.wait(answer_painted, "the answer")
            log(f"{size:,} characters resumed and answered in {answered - terminal.started:.2f} s")
            terminal.settle()
            seconds, chance = [], random.Random(0)
            for _ in range(KEYS):
                terminal.catch_up()
                before = terminal.screen.pane(4)
                pressed = terminal.press(chance.choice("qxzvkj").encode())
                painted = terminal.wait(_others(before), "other tokens")
                seconds.append(painted - pressed)
                terminal.record(chance.uniform(SHORTEST, LONGEST))
        results.append(delay_result(f"key → tokens in {size // 1000:,} kB", seconds, 0, GOAL_MS[size]))
    return results


def _others(before: list[str]) -> Callable[[Screen], bool]:
    return lambda screen: screen.pane(4) != before


def read(pair_count: int, home: Path, log: Log) -> list[Result]:
    """Readings of a text that changes a little, as the Tokens pane has it, against the library's `encode` alone."""
    from tokenizers import Tokenizer

    from tui.engine.checkpoint.loading import built_in_tokenizer

    results = []
    for size in SIZES:
        reader = built_in_tokenizer(NANO)
        backend = Tokenizer.from_file(str(NANO / "tokenizer.json"))
        backend.enable_truncation(reader.limit or size)
        text = words(size)
        middle = size // 2
        texts = [f"{text[:middle]}{number}{text[middle:]}" for number in range(READINGS[size])]

        def ours(texts: list[str] = texts) -> float:
            began = time.perf_counter()
            for each in texts:
                reader.read(each)  # noqa: B023 - called within this turn of the loop
            return time.perf_counter() - began

        def theirs(texts: list[str] = texts) -> float:
            began = time.perf_counter()
            for each in texts:
                backend.encode(each)  # noqa: B023 - the same
            return time.perf_counter() - began

        results.append(
            ratio_result(
                f"{READINGS[size]} readings of {size // 1000:,} kB / bare encode",
                *pairs(ours, theirs, pair_count, log),
                None,
            )
        )
    return results
