"""Numbers as they stand on a screen or in a line, compared as numbers: their last digit is the processor's own."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[-−–]?\d+\.(\d+)")


def shows(text: str, expected: float, error: float = 1e-4) -> bool:
    """Whether a number in the text is the expected one, rounded to the places that are shown.

    error: relative to the number, or to 1 where it is smaller; what float32 may differ by from one processor to
    another.

    >>> shows("POSITIVE 0.1234", 0.12345001), shows("POSITIVE 0.1234", 0.12339999), shows("0.1234", 0.1239)
    (True, True, False)
    """
    for match in _NUMBER.finditer(text):
        found = float(match[0].replace("−", "-").replace("–", "-"))
        rounding = 0.5 * 10.0 ** -len(match[1])
        if abs(found - expected) <= 1.01 * rounding + error * max(1.0, abs(expected)):
            return True
    return False
