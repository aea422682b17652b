"""What the screen asks of the engine."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tui.protocol.microscope.questions import AnyQuestion
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.writing.decoding import Decoding
from tui.settings import DtypeName
from tui.tasks.forms import Value


class Request(msgspec.Struct, frozen=True, tag=True):
    """Base of everything the screen asks; `id` is unique and grows."""

    id: int


class Ping(Request, frozen=True, tag=True):
    """Are you alive? Answered by `Pong` at once, whatever the lanes do."""

    typing: bool = False
    """Keys come: the screen that draws them wants a core."""


class ListCheckpoints(Request, frozen=True, tag=True):
    """Which checkpoints are at hand for a task: built-in, then the Hub cache. → `CheckpointsListed`."""

    task: str


class Inspect(Request, frozen=True, tag=True):
    """What is this checkpoint, without its weights? → `Inspected`."""

    reference: str
    task: str
    revision: str | None = None


class Load(Request, frozen=True, tag=True):
    """Load a checkpoint; the one in use stays in use until this one is ready. → `Progress`*, `Loaded`."""

    reference: str
    task: str
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    dtype: DtypeName = "auto"
    revision: str | None = None


class Analyze(Request, frozen=True, tag=True):
    """Run a task on its inputs. → `Tokenized`+, `Forwarded`+, `Readout`, `Answered`.

    `Tokenized` comes a second time when an encoder's decoder has written tokens of its own. Of a model that writes
    `Forwarded` comes before it has written, as far as the walk has come then, and again after it; `Readout` comes
    after the first one that has the logits.
    """

    task: str
    inputs: Mapping[str, str]
    """A text for each of the task's fields, see `tui.tasks.forms`; fields left out have their defaults."""
    options: Mapping[str, Value] = {}
    """The task's options that differ from their defaults."""
    readout: ReadoutSettings = ReadoutSettings()
    address: RowAddress = RowAddress()
    plain_answer: bool = True
    """Whether `Answered.answer` is wanted; without it the view says all that is drawn, in a tenth of the bytes."""


class Reweigh(Request, frozen=True, tag=True):
    """Read the stored logits of the latest forward again, or another row of them. → `Readout`, `Reweighed`."""

    readout: ReadoutSettings
    address: RowAddress = RowAddress()
    of: int = 0
    """The request whose logits are meant: the latest `Analyze` or the latest `Continue`; 0 is the later of them."""


class Examine(Request, frozen=True, tag=True):
    """Look at a tokenizer; of questions of one kind the newest wins. → `Progress`*, `Examined`."""

    question: AnyQuestion


class Write(Request, frozen=True, tag=True):
    """Base of what goes on with a text: a prompt, and the ids that were written after it.

    The prompt is that of `text-generation`, or the encoder's input of a task that writes; then the decoder's start
    token stands before `written`.
    """

    task: str
    inputs: Mapping[str, str]
    options: Mapping[str, Value] = {}
    written: tuple[int, ...] = ()
    most: int = 0
    """How many tokens to add."""
    unless_stated: bool = False
    """Whether a length that the checkpoint's own settings state counts in the place of `most`."""
    ends: bool = False
    """Whether the text ends where `most` is reached, as by `max_new_tokens`; otherwise that is a pause."""
    decoding: Decoding = Decoding()
    readout: ReadoutSettings = ReadoutSettings()
    """Temperature, filters and penalty, which sampling obeys; and which rows are sent."""
    unset: tuple[str, ...] = ()
    """Of the settings in `decoding` and `readout` those that nobody chose, by the names of `generate`.

    Of the penalty and what sampling obeys, the checkpoint's own then holds where it states one; the readout is read
    under `readout` all the same.
    """


class Continue(Write, frozen=True, tag=True):
    """Write token by token. → `Tokenized`, `Stepped`*, `Readout`*, `Continued`.

    A `Cancel` ends it within one token's time; the tokens told until then stand. The readout is of what comes next:
    after the last token, and while it writes as often as it can be seen. `Reweigh` reads it again, and with a
    position in its address that of another token: positions count from the prompt's first token (the decoder's
    start token), and the row of position p is about the token at p + 1.
    """

    scored: int = 0
    """Of `written`, how many from the first are told already; a `Stepped` comes for each of the others."""
    alternatives: int = 0
    """How many of the likeliest ids each `Stepped` brings."""
    while_writing: bool = True
    """Whether readouts are wanted before the last token."""
    next_row: bool = True
    """Whether it is wanted what comes after the last token: one more run of the model, and a readout."""


class Search(Write, frozen=True, tag=True):
    """Search with beams. → `Tokenized`, `BeamsStepped`*, `Searched`."""


class Cancel(Request, frozen=True, tag=True):
    """Stop the request `target`, waiting or running. The target's own last event follows; this has none."""

    target: int


class Shutdown(Request, frozen=True, tag=True):
    """End the engine. The end of the request stream means the same."""
