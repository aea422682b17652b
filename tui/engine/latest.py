"""What the latest run of the model left to be read again, and where in it a row is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.tokens import TokenSequence

if TYPE_CHECKING:
    from tui.engine.forward.outcome import Outcome
    from tui.engine.tasks import TaskCode
    from tui.protocol import Readout
    from tui.protocol.walk import Step


class Readable(Protocol):
    """Rows of logits that a `Reweigh` reads."""

    @property
    def request_id(self) -> int:
        """The request whose rows they are."""

    def read(self, request_id: int, settings: ReadoutSettings, address: RowAddress) -> tuple[Readout, Step]:
        """One row under some settings; the address is brought back to where there is something."""


@dataclass(frozen=True)
class Forward:
    """What the latest forward of a task left."""

    request_id: int
    task: TaskCode[Any, Any]
    outcome: Outcome
    sequences: tuple[TokenSequence, ...]

    def read(self, request_id: int, settings: ReadoutSettings, address: RowAddress) -> tuple[Readout, Step]:
        """One row under some settings."""
        return self.task.read_out(request_id, self.outcome, settings, _within(address, self.sequences))


def _within(address: RowAddress, sequences: tuple[TokenSequence, ...]) -> RowAddress:
    """The address, brought back to where there is something: the text may be shorter than when it was chosen."""
    sequence = max(0, min(address.sequence, len(sequences) - 1))
    last = len(sequences[sequence].tokens) - 1
    position = address.position
    if position is not None:
        position = max(0, min(position, last)) if last >= 0 else None
    return RowAddress(sequence, position, max(0, address.part))
