"""What a job may take, and what a person is told when it takes more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tui.engine.errors import EngineError

Bound: TypeAlias = Literal["time", "memory", "size", "death"]


@dataclass(frozen=True)
class Limits:
    """What one job may take."""

    seconds: float
    """Of the processor, so that a busy machine breaks no limit."""
    megabytes: int = 512
    """Of memory, over what its process has when the job begins."""
    characters: int = 20_000_000
    """Of its result."""


class OutOfBounds(Exception):  # noqa: N818 - it is the job that went too far
    """A job broke one of its limits, or its process died of it."""

    def __init__(self, bound: Bound, limits: Limits, ended: str = "") -> None:
        self.bound: Bound = bound
        self.reason = {
            "time": f"it was stopped after {limits.seconds:.3g} s of work",
            "memory": f"it was stopped when it took more than {limits.megabytes:,} MB of memory",
            "size": f"its result has more than {limits.characters:,} characters",
            "death": f"the process that did it died ({ended})",
        }[bound]
        super().__init__(self.reason)


class Raised(Exception):  # noqa: N818 - the message is the job's own
    """What a job raised: the exception's message, and its class by name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def of_limit(broken: OutOfBounds, what: str, hint: str) -> EngineError:
    """What a person is told of a limit that is broken; what: whose work it was, as a sentence begins."""
    title = {
        "time": "It takes too long",
        "memory": "It takes too much memory",
        "size": "It gives too much",
        "death": "It crashes",
    }[broken.bound]
    return EngineError(title, f"{what}: {broken.reason}.", hint)
