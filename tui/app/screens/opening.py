"""A tokenizer that is being opened: what is told of it meanwhile, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.app.render.glyphs import fit_end, visible
from tui.protocol import Progress
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import Open, Opened

if TYPE_CHECKING:
    from tui.app.enquiries import Answer, Enquiries
    from tui.app.widgets.one_line import Part
    from tui.protocol.microscope.questions import Subject

TICK_SECONDS = 0.5
_REFERENCE_CELLS = 28


class Opening:
    """One at a time: the newest is the one that is wanted. What is looked at stays until it is ready."""

    def __init__(self, enquiries: Enquiries, changed: Callable[[], None]) -> None:
        """`changed` is told that there is something else to tell."""
        self._enquiries = enquiries
        self._changed = changed
        self._since = 0.0
        self.reference = ""
        """What is being opened; empty: nothing is."""
        self._stage = ""

    def begin(
        self, reference: str, ready: Callable[[Subject], None], failed: Callable[[Failure], None]
    ) -> None:
        """Have it opened; `ready` or `failed` is told what became of it, unless it is given up."""
        if self.reference:
            self.give_up()  # else the engine would open the one before first
        self.reference, self._stage, self._since = reference, "", time.monotonic()

        def heard(answer: Answer) -> None:
            if isinstance(answer, Progress):
                self._stage = answer.stage
                self._changed()
                return
            self.reference = ""
            self._changed()
            if isinstance(answer, Opened):
                ready(answer.subject)
            elif isinstance(answer, Failure):
                failed(answer)

        self._enquiries.ask(Open(reference), heard)
        self._changed()

    def give_up(self) -> None:
        """It is not wanted any more."""
        self._enquiries.cancel(Open)

    def parts(self) -> tuple[tuple[Part, ...], ...]:
        """What is told of it, most important first."""
        elapsed = time.monotonic() - self._since
        said = f" opening {fit_end(self.reference, _REFERENCE_CELLS)} {elapsed:.1f} s"
        return ((said, "strong"),), ((f" {visible(self._stage)}", "muted"),)
