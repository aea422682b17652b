"""Asking a checkpoint in this process, without the engine around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tui.engine import tasks
from tui.engine.checkpoint.loading import LoadedCheckpoint
from tui.engine.forward.outcome import Outcome, Prepared
from tui.engine.tasks import TaskCode
from tui.protocol import Readout
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.tasks import TASKS
from tui.tasks.forms import Value

EVERY_ROW = 1_000_000


@dataclass(frozen=True)
class Told:
    """What a task made of its inputs."""

    runner: TaskCode[Any, Any]
    prepared: Prepared
    outcome: Outcome

    @property
    def answer(self) -> Any:
        """What the pipeline returns."""
        return self.runner.answer(self.outcome)[0]

    @property
    def view(self) -> Any:
        """The task's own struct of `tui.protocol.answers`; untyped, so that a test can name its fields at once."""
        return self.runner.answer(self.outcome)[1]

    @property
    def texts(self) -> tuple[str, ...]:
        """The fields' texts in the form's order."""
        return tuple(self.prepared.inputs[field.name] for field in TASKS[self.prepared.task].form.fields)

    def readout(self, address: RowAddress | None = None, **settings: Any) -> Readout:
        wanted = ReadoutSettings(**{"top": EVERY_ROW} | settings)
        return self.runner.read_out(1, self.outcome, wanted, address or RowAddress())[0]


def ask(loaded: LoadedCheckpoint, inputs: dict[str, str] | str, **options: Value) -> Told:
    """Run a checkpoint's task; one text stands for the field `text`."""
    fields = {"text": inputs} if isinstance(inputs, str) else inputs
    runner = tasks.code_of(loaded.task)
    prepared = tasks.prepare(loaded.task, loaded.tokenizer, fields, options)
    return Told(runner, prepared, runner.forward(loaded, prepared, lambda: None))


def by_index(readout: Readout) -> tuple[list[float], list[float]]:
    """The logits, and the probabilities (or the scaled logits, where there are none), by index."""
    rows = sorted(readout.rows, key=lambda row: row.index)
    return (
        [row.logit for row in rows],
        [row.scaled if row.probability is None else row.probability for row in rows],
    )
