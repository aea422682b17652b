"""What has to be painted after each key of a text, and when it was."""

from __future__ import annotations

import json
import math
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


@dataclass
class Delays:
    """Seconds from key to paint over all texts typed so far."""

    seconds: list[float] = field(default_factory=list)
    missed: int = 0

    def add(
        self,
        pressed: Sequence[float],
        count: int,
        wanted: Sequence[Shown],
        seen: Sequence[tuple[float, Shown]],
    ) -> None:
        """Count those of the first `count` keys that change what is to be painted.

        pressed: times of the keys. wanted: what is to be painted before the first key, then after each key.
        A key counts as painted once the effect of it or of a later key that was already sent is.
        """
        for number, at in enumerate(pressed[:count], start=1):
            if wanted[number] == wanted[number - 1]:
                continue
            later = range(number, len(pressed) + 1)
            painted = next(
                (
                    time
                    for time, shown in seen
                    if time >= at and any(shown == wanted[j] and pressed[j - 1] <= time for j in later)
                ),
                None,
            )
            if painted is None:
                self.missed += 1
            else:
                self.seconds.append(painted - at)


class Expectation:
    """The tokens and probabilities of every beginning of some texts, as transformers computes them."""

    def __init__(self, tokens: dict[str, Shown], probabilities: dict[str, Shown]) -> None:
        self._tokens = tokens
        self._probabilities = probabilities
        self.tokens = Delays()
        self.probabilities = Delays()

    @classmethod
    def of(cls, texts: Sequence[str], folder: Path, home: Path) -> Self:
        """Compute it with the checkpoint in a folder."""
        prefixes = sorted({text[:end] for text in texts for end in range(len(text) + 1)})
        done = subprocess.run(
            [sys.executable, str(PROGRAMS / "expected.py")],
            input=json.dumps({"folder": str(folder), "texts": prefixes}),
            env=environment(home),
            capture_output=True,
            text=True,
            check=True,
        )
        tokens, probabilities = {}, {}
        for text, answer in zip(prefixes, json.loads(done.stdout), strict=True):
            tokens[text] = tuple(answer["pieces"])
            shown = (f"{label} {percent(p)}" for label, p in answer["probabilities"].items())
            probabilities[text] = tuple(sorted(shown))
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
        beginnings = [text[:end] for end in range(len(watch.keys) + 1)]
        for delays, wanted, seen in (
            (self.tokens, self._tokens, [(sight.time, sight.tokens) for sight in watch.sights]),
            (self.probabilities, self._probabilities, [(s.time, s.probabilities) for s in watch.sights]),
        ):
            delays.add(watch.keys, watch.counted, [wanted[beginning] for beginning in beginnings], seen)


@dataclass
class Watch:
    """The keys of one text and what was seen meanwhile."""

    keys: list[float] = field(default_factory=list)
    counted_until: float = math.inf
    """Keys pressed later aren't counted."""
    sights: list[Sight] = field(default_factory=list)

    @property
    def counted(self) -> int:
        """How many keys count, from the first on."""
        return sum(at < self.counted_until for at in self.keys)

    def look(self, time: float, screen: Screen) -> None:
        """Note what stands on the screen."""
        self.sights.append(Sight(time, tokens_shown(screen), probabilities_shown(screen)))


def tokens_shown(screen: Screen) -> Shown:
    """The pieces in the Tokens pane."""
    rows = screen.pane(4)[1:]
    return tuple(piece for row in rows if row.startswith(_GUTTER) for piece in row[len(_GUTTER) :].split())


def probabilities_shown(screen: Screen) -> Shown:
    """Labels and probabilities in the probability pane, sorted."""
    found = (_ROW.search(row) for row in screen.pane(6)[1:])
    return tuple(sorted(f"{match[1]} {match[2]}" for match in found if match))
