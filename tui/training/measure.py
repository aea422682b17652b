"""Accuracy on held-out examples, with the interval that its sample size allows."""

import math
from dataclasses import dataclass

_Z_95 = 1.959964


@dataclass(frozen=True)
class Accuracy:
    """Right answers out of a number of examples."""

    right: int
    examples: int

    @property
    def share(self) -> float:
        """The accuracy, 0..1; not a number when there are no examples."""
        return self.right / self.examples if self.examples else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson ("Probable Inference", JASA 1927), which stays inside 0..1.

        >>> tuple(round(bound, 3) for bound in Accuracy(90, 100).interval)
        (0.826, 0.945)
        """
        if not self.examples:
            return math.nan, math.nan
        share, n, square = self.share, self.examples, _Z_95**2
        center = (share + square / (2 * n)) / (1 + square / n)
        reach = _Z_95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
        # Rounding may pass the ends by a few billionths when all or none are right.
        return max(0.0, center - reach), min(1.0, center + reach)
