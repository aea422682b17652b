"""What passes between the parts of a task: its inputs as token ids, and what the forward left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.engine.errors import EngineError
from tui.engine.tokenization.reading import Reading
from tui.tasks.forms import Value

if TYPE_CHECKING:
    from tui.engine.tokenization.reading import TextTokenizer
    from tui.protocol.tokens import TokenSequence
    from tui.protocol.walk import Step


@dataclass(frozen=True)
class Prepared:
    """A task's inputs, tokenized."""

    task: str
    tokenizer: TextTokenizer
    readings: tuple[Reading, ...]
    """One for each row of the model's input; the rows may differ in length."""
    inputs: Mapping[str, str]
    """The texts, one for each field of the form."""
    options: Mapping[str, Value]
    """The options, one for each of the form."""
    names: tuple[str, ...] = ("",)
    """What tells the rows apart."""
    first: tuple[int, ...] = ()
    """The id that an empty prompt begins with, which the pipeline takes for the first one that was written."""
    prefix_tokens: int = 0
    """Tokens of what a prompt's text stands behind, special ones left out."""

    def sequences(self) -> tuple[TokenSequence, ...]:
        """The rows for the screen."""
        return tuple(reading.sequence(name) for reading, name in zip(self.readings, self.names, strict=True))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a forward left. Holds nothing of the model, so that a checkpoint no longer in use leaves the memory."""

    steps: tuple[Step, ...]
    """The walk from the ids to the logits."""
    seconds: float
    norms: tuple[tuple[float, ...], ...] = ()
    """[sequences][positions]: length of each position's last hidden state."""
    written: tuple[TokenSequence, ...] = ()
    """The sequences once more with what the model wrote, for tasks that write."""
    readable: bool = True
    """Whether its logits are there to be read; not before the decoder of an encoder has written."""


def one_text(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> Prepared:
    """The `prepare` of tasks that read the field `text` as one row, and `text_pair` with it if there is any."""
    reading = tokenizer.read(inputs["text"], inputs.get("text_pair") or None)
    return Prepared(task, tokenizer, (reading,), inputs, options)


def refuse_empty(prepared: Prepared) -> None:
    """Raise EngineError where a row has no token at all."""
    if any(not reading.tokens for reading in prepared.readings):
        empty = not any(value.strip() for value in prepared.inputs.values())
        of_what = (
            "an empty text" if not any(prepared.inputs.values()) else "spaces alone" if empty else "this text"
        )
        raise EngineError(
            "Nothing to read", f"This tokenizer makes no token of {of_what}.", "Type something else."
        )


def window_names(count: int) -> tuple[str, ...]:
    """What tells the windows of a text apart; empty for a single one."""
    return ("",) if count == 1 else tuple(f"window {number} of {count}" for number in range(1, count + 1))
