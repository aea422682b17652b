"""The tasks' code: one module for each. What is known of a task without its code stands in `tui.tasks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Outcome, Prepared
from tui.engine.table import task_named
from tui.engine.tasks import (
    feature_extraction,
    fill_mask,
    question_answering,
    sequence_to_sequence,
    text_classification,
    text_generation,
    token_classification,
    zero_shot_classification,
)
from tui.tasks import TASKS
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.tokenization.reading import TextTokenizer
    from tui.protocol import Readout
    from tui.protocol.answers import AnyView
    from tui.protocol.rows import ReadoutSettings, RowAddress
    from tui.protocol.walk import Step

P = TypeVar("P", bound=Prepared)
O = TypeVar("O", bound=Outcome)  # noqa: E741 - as Prepared and Outcome begin


class TaskCode(Protocol[P, O]):
    """What the module of a task offers. Importing it imports no torch: `prepare` answers while torch comes in."""

    def prepare(
        self, tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
    ) -> P:
        """Token lane: the inputs as rows of token ids. All fields and options are there, checked by the form."""

    def forward(self, loaded: LoadedCheckpoint, prepared: P, check: Callable[[], None]) -> O:
        """Model lane: run the model. `check` raises to give up, for work that can stop between two parts."""

    def read_out(
        self, request_id: int, outcome: O, settings: ReadoutSettings, address: RowAddress
    ) -> tuple[Readout, Step]:
        """Read one row of an outcome's logits under some settings; the step is that of the walk."""

    def answer(self, outcome: O) -> tuple[Any, AnyView]:
        """What transformers' pipeline of the task returns, and what there is to see of it."""


class Writer(TaskCode[P, O], Protocol[P, O]):
    """The module of a task whose model writes."""

    def forward(
        self,
        loaded: LoadedCheckpoint,
        prepared: P,
        check: Callable[[], None],
        early: Callable[[O], object] | None = None,
    ) -> O:
        """As any other's. `early` is told, at most once, of the outcome as it is before the model has written."""


def _reader(module: TaskCode[P, O]) -> TaskCode[P, O]:
    """The module, once its functions fit each other: mypy sees to that here."""
    return module


def _writer(module: Writer[P, O]) -> Writer[P, O]:
    return module


_READERS: Mapping[str, TaskCode[Any, Any]] = {
    "text_classification": _reader(text_classification),
    "zero_shot_classification": _reader(zero_shot_classification),
    "fill_mask": _reader(fill_mask),
    "token_classification": _reader(token_classification),
    "question_answering": _reader(question_answering),
    "feature_extraction": _reader(feature_extraction),
}
_WRITERS: Mapping[str, Writer[Any, Any]] = {
    "text_generation": _writer(text_generation),
    "sequence_to_sequence": _writer(sequence_to_sequence),
}
"""By `tui.tasks.task.Task.module`."""


def code_of(task: str) -> TaskCode[Any, Any]:
    """The code of a task."""
    module = TASKS[task].module
    return _WRITERS[module] if TASKS[task].writes else _READERS[module]


def prepare(
    task: str, tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value]
) -> Prepared:
    """The inputs of a task as rows of token ids. Raises EngineError, also for what the form doesn't allow."""
    form = task_named(task).form
    try:
        texts, values = form.inputs(inputs), form.values(options)
    except ValueError as error:
        raise EngineError("This can't be asked", f"{error}.", "See F2 for what the task takes.") from error
    prepared: Prepared = code_of(task).prepare(tokenizer, texts, values, task)
    return prepared


def forward(
    loaded: LoadedCheckpoint,
    prepared: Prepared,
    check: Callable[[], None],
    early: Callable[[Outcome], object],
) -> Outcome:
    """Run the model. `early` is told of an outcome that the model's writing has yet to complete, if any."""
    task = TASKS[prepared.task]
    outcome: Outcome
    if task.writes:
        outcome = _WRITERS[task.module].forward(loaded, prepared, check, early)
    else:
        outcome = _READERS[task.module].forward(loaded, prepared, check)
    return outcome
