"""The stations from ids to logits."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True):
    """One station of the walk from ids to probabilities."""

    name: str
    """What stands here, in the field's words: `ids`, `hidden states`, `pre_classifier`, `logits`."""
    detail: str
    """What made it: the module's class with its sizes (`Linear(128 → 2)`), or the function."""
    shape: tuple[int, ...]
    dtype: str
    seconds: float | None
    """Wall time of this part, the device synchronized; None where it is not a part of its own."""
