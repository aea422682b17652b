"""Reading the list of words that fill-mask is held to."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'\s*"([^"]*)"\s*(?:,|\Z)')


def targets_of(listed: str) -> list[str]:
    """The words in a list with commas; one in double quotes is taken as it stands, spaces and commas included.

    >>> targets_of('Paris, " France",, "a, b"')
    ['Paris', ' France', 'a, b']
    """
    found, at = [], 0
    while at < len(listed):
        quoted = _QUOTED.match(listed, at)
        if quoted is not None:
            word, at = quoted.group(1), quoted.end()
        else:
            comma = listed.find(",", at)
            end = len(listed) if comma < 0 else comma
            word, at = listed[at:end].strip(), end + 1
        if word:
            found.append(word)
    return found
