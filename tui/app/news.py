"""What is told of the engine on every screen."""

from __future__ import annotations

from typing import NamedTuple


class News(NamedTuple):
    """What every screen tells."""

    state: str = ""
    """A few words that stand as long as they hold; empty while the engine takes requests."""
    silence: str = ""
    """A sentence in the place of all others while the engine doesn't answer."""
    said: str = ""
    """What happened, in a sentence without its end, until it is dismissed."""
    returned: bool = False
    """Whether it takes requests again after an end."""
