"""The numbers that re-shape a distribution: what each does and can be, for the screen and the command line."""

from __future__ import annotations

import math
from typing import NamedTuple


class Setting(NamedTuple):
    """One number that can be set."""

    name: str
    """The field of `ReadoutSettings`."""
    head: str
    """A short name of it."""
    about: str
    """What it does, behind its whole name and a colon."""
    step: float
    least: float
    most: float
    off: float
    """What stands for doing nothing."""
    whole: bool = False
    above_least: bool = False
    """Whether the least itself is too little."""

    @property
    def title(self) -> str:
        """Its whole name.

        >>> [setting.title for setting in SETTINGS[:3]]
        ['temperature', 'repetition penalty', 'top-k']
        """
        return self.about.partition(":")[0]

    def parsed(self, typed: str) -> float:
        """The number that was typed; nothing typed is off. Raises ValueError, with what it can be."""
        if not typed.strip():
            return self.off
        try:
            number: float = int(typed) if self.whole else float(typed.replace(",", "."))
        except ValueError:
            raise ValueError(f"{self.title}: {typed.strip()!r} is no {'whole ' * self.whole}number") from None
        if not self.least <= number <= self.most or (self.above_least and number == self.least):
            low = f"above {self.least:g}" if self.above_least else f"from {self.least:g}"
            up = f" to {self.most:,g}" if self.most < math.inf else ""
            raise ValueError(f"{self.title} goes {low}{up}")
        return number

    def moved(self, number: float, by: int) -> float:
        """The number some steps on, within its limits."""
        least = self.step if self.above_least else self.least
        moved = max(least, min(round((number + by * self.step) / self.step) * self.step, self.most))
        return int(moved) if self.whole else round(moved, 6)


SETTINGS = (
    Setting(
        "temperature",
        "T",
        "temperature: divides the logits; above 1 flattens, below 1 sharpens; 1 is off",
        0.1,
        0.0,
        100.0,
        1.0,
        above_least=True,
    ),
    Setting(
        "repetition_penalty",
        "penalty",
        "repetition penalty: makes the tokens that stand before less likely; 1 is off",
        0.05,
        0.0,
        100.0,
        1.0,
        above_least=True,
    ),
    Setting(
        "top_k", "top-k", "top-k: keeps so many of the likeliest rows; 0 is off", 1, 0, 1e9, 0, whole=True
    ),
    Setting(
        "top_p", "top-p", "top-p: keeps the likeliest rows that hold this share; 1 is off", 0.05, 0, 1, 1
    ),
    Setting(
        "min_p",
        "min-p",
        "min-p: keeps rows of at least this share of the likeliest's p; 0 is off",
        0.01,
        0,
        1,
        0,
    ),
    Setting(
        "typical_p",
        "typical-p",
        "typical-p: keeps this share, by how near a surprisal is to the entropy; 1 is off",
        0.05,
        0,
        1,
        1,
        above_least=True,
    ),
)
