"""What went wrong, as it crosses between the processes."""

from __future__ import annotations

import msgspec


class Failure(msgspec.Struct, frozen=True):
    """What went wrong, as a person is told it. The traceback is in the engine's log, never in here."""

    title: str
    """What happened, one short line."""
    detail: str
    """Why, with the names and numbers at hand."""
    hint: str
    """What to do next."""
    fatal: bool = False
    """The engine can't go on (a poisoned accelerator, say) and exits after sending this."""
