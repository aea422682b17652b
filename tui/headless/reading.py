"""Everything the engine said about one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from tui.protocol import Answered, Forwarded, Loaded, Readout, Tokenized
from tui.protocol.rows import ReadoutSettings
from tui.protocol.tokens import TokenSequence
from tui.tasks import TASKS
from tui.tasks.forms import Value

SHOWN_OF_A_VOCABULARY = 50
EVERY_ROW = 1_000_000


def readout_settings(task: str, sampling: Mapping[str, float]) -> ReadoutSettings:
    """How logits are to be read: all labels of a head, the best of a vocabulary, under some sampling settings."""
    top = SHOWN_OF_A_VOCABULARY if TASKS[task].over_vocabulary else EVERY_ROW
    return replace(ReadoutSettings(top=top), **sampling)


@dataclass(frozen=True)
class Reply:
    """One question with all that came back."""

    task: str
    inputs: Mapping[str, str]
    """The texts that were given, by field; those left out have their defaults."""
    loaded: Loaded
    tokenized: Tokenized
    """The last one: for tasks that write, with what was written."""
    readout: Readout
    answered: Answered
    forwarded: Forwarded | None = None
    options: Mapping[str, Value] = field(default_factory=dict)
    """Those that differ from their defaults."""

    @property
    def texts(self) -> dict[str, str]:
        """Every field of the task's form with its text, in the form's order."""
        return TASKS[self.task].form.inputs(self.inputs)

    @property
    def sequences(self) -> tuple[TokenSequence, ...]:
        """The rows of the model's input."""
        return self.tokenized.sequences

    @property
    def truncated(self) -> bool:
        """Whether any of the text was cut."""
        cut = any(sequence.total > len(sequence.tokens) for sequence in self.sequences)
        return cut or any(place is not None for sequence in self.sequences for place in sequence.unread_from)
