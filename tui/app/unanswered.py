"""What the engine was asked and has not answered, for a program that goes on with this session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.app.engine_client import EngineLost, EngineSilent
from tui.app.engine_client.failures import HeldBack
from tui.protocol import Answered, Failed, Loaded

if TYPE_CHECKING:
    from tui.app.engine_client import Notice
    from tui.app.pending import Pending
    from tui.protocol import Analyze, AnyRequest, Load

LOADING, RUNNING = "load", "text"
"""It was loading the checkpoint, or running the text on it."""


class Unanswered:
    """Marks before it can be too late: a text that ends the engine, or all of the machine, does so once.

    A session that is gone on with is marked before its text is sent, until the first answer; any session when the
    engine dies or falls silent over it.
    """

    def __init__(self, mark: Callable[[str], None]) -> None:
        """`mark` keeps the word; empty: nothing is unanswered."""
        self._mark = mark
        self._marked = ""
        self._in_trouble = False

    def resume(self, left_open: str, hold: Callable[[AnyRequest], None], load: Load, analyze: Analyze) -> str:
        """Hold what a session was left with, and answer what is to be marked before anything is asked."""
        if left_open:
            hold(analyze)
        if left_open == LOADING:
            hold(load)
        self._marked, self._in_trouble = left_open or LOADING, bool(left_open)
        return self._marked

    @property
    def left_open(self) -> str:
        """What is left for the next program: what there was trouble with."""
        return self._marked if self._in_trouble else ""

    def hear(self, notice: Notice, pending: Pending) -> None:
        """Take a notice, before anything else is done about it."""
        match notice:
            case EngineLost() | EngineSilent(answering=False):
                if pending.load is not None or pending.analyze is not None:
                    self._in_trouble = True
                    self._now(RUNNING if pending.load is None else LOADING)
            case Loaded() if self._marked:
                self._now(RUNNING)
            case Answered() | Failed() if self._is_answer(notice, pending):
                self._in_trouble = False
                self._now("")
            case _:
                pass

    @staticmethod
    def _is_answer(event: Answered | Failed, pending: Pending) -> bool:
        """Whether the engine answered the latest text, if only by saying what is wrong with it."""
        held = isinstance(event, Failed) and isinstance(event.failure, HeldBack)
        return not held and pending.analyze is not None and pending.analyze.id == event.id

    def _now(self, left_open: str) -> None:
        if left_open != self._marked:
            self._marked = left_open
            self._mark(left_open)
