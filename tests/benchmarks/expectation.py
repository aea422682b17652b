"""What has to be painted after each key of a text, and when it was."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.benchmarks.screen import Screen
from tests.benchmarks.surroundings import PROGRAMS, environment
from tests.benchmarks.terminal import Terminal
from tui.app.render.numbers import percent

Shown = tuple[str, ...]
_ROW = re.compile(r"(POSITIVE|NEGATIVE) .*?((?:100−)?[\d.e-]+ %)")
_GUTTER = "piece "


@dataclass(frozen=True)
class Sight:
    """What stood on the screen from a time on."""

    time: float
    tokens: Shown
    probabilities: Shown
    status: str


@dataclass
class Delays:
    """Seconds from key to paint over all texts typed so far."""

    seconds: list[float] = field(default_factory=list)
    missed: int = 0

    def add(self, pressed: Sequence[float], wanted: Sequence[set[Shown]], seen: list[tuple[float, Shown]]) -> None:
        """Count every key that changes what is to be painted.

        pressed: times of the keys. wanted: before the first key, then after each key, what may be painted.
        A key counts as painted once the effect of it or of a later key that was already sent is.
        """
        for number, at in enumerate(pressed, start=1):
            if wanted[number] & wanted[number - 1]:
                continue
            later = range(number, len(pressed) + 1)
            painted = next(
                (
                    time
                    for time, shown in seen
                    if time >= at and any(shown in wanted[j] and pressed[j - 1] <= time for j in later)
                ),
                None,
            )
            if painted is None:
                self.missed += 1
            else:
                self.seconds.append(painted - at)


class Expectation:
    """The tokens and probabilities of every prefix of some texts, as transformers computes them."""

    def __init__(self, tokens: dict[str, Shown], probabilities: dict[str, set[Shown]]) -> None:
        self._tokens = tokens
        self._probabilities = probabilities
        self.tokens = Delays()
        self.probabilities = Delays()

    @classmethod
    def of(cls, texts: Sequence[str], folders: Sequence[Path], home: Path) -> Self:
        """Compute it for checkpoints that share one tokenizer; any of them may be in use."""
        prefixes = sorted({text[:end] for text in texts for end in range(len(text) + 1)})
        asked = {"folders": [str(folder) for folder in folders], "texts": prefixes}
        done = subprocess.run(
            [sys.executable, str(PROGRAMS / "expected.py")],
            input=json.dumps(asked),
            env=environment(home),
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(done.stdout)
        probabilities: dict[str, set[Shown]] = {}
        for rows in answer["probabilities"].values():
            for text, row in zip(prefixes, rows, strict=True):
                shown = tuple(sorted(f"{label} {percent(p)}" for label, p in row.items()))
                probabilities.setdefault(text, set()).add(shown)
        tokens = {text: tuple(pieces) for text, pieces in zip(prefixes, answer["pieces"], strict=True)}
        return cls(tokens, probabilities)

    @contextmanager
    def watch(self, terminal: Terminal, text: str) -> Iterator[Watch]:
        """Note what is painted while `text` is typed into an empty input, and count its delays afterwards."""
        watch = Watch()
        terminal.catch_up()
        terminal.observer = watch.look
        try:
            yield watch
            terminal.catch_up()
        finally:
            terminal.observer = None
        prefixes = [text[:end] for end in range(len(watch.keys) + 1)]
        self.tokens.add(
            watch.keys, [{self._tokens[p]} for p in prefixes], [(s.time, s.tokens) for s in watch.sights]
        )
        self.probabilities.add(
            watch.keys,
            [self._probabilities[p] for p in prefixes],
            [(s.time, s.probabilities) for s in watch.sights],
        )


@dataclass
class Watch:
    """The keys of one text and what was seen meanwhile."""

    keys: list[float] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)

    def look(self, time: float, screen: Screen) -> None:
        """Note what stands on the screen."""
        self.sights.append(Sight(time, tokens_shown(screen), probabilities_shown(screen), screen.line(0)))


def tokens_shown(screen: Screen) -> Shown:
    """The pieces in the Tokens pane."""
    rows = screen.pane(4)[1:]
    return tuple(piece for row in rows if row.startswith(_GUTTER) for piece in row[len(_GUTTER) :].split())


def probabilities_shown(screen: Screen) -> Shown:
    """Labels and probabilities in the probability pane, sorted."""
    found = (_ROW.search(row) for row in screen.pane(6)[1:])
    return tuple(sorted(f"{match[1]} {match[2]}" for match in found if match))
