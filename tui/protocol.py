"""The whole contract between the screen and the engine: typed requests and events, plain values only.

The two sides are processes joined by two byte streams (`tui.framing` says how messages become bytes). A request
(screen → engine) carries a new, growing `id`; every event (engine → screen) carries the id it answers, or 0.

Life of a request: any number of `Progress`, then its own events, and exactly one *last* event: `Pong`,
`CheckpointsListed`, `Inspected`, `Loaded`, `Reweighed` or `Answered`, and for every kind `Failed`,
`Cancelled` or `Superseded`. No request is dropped silently.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tui.choices import DtypeName

PROTOCOL_VERSION = 1
Function: TypeAlias = Literal["softmax", "sigmoid", "none"]
Source: TypeAlias = Literal["built-in", "hub-cache", "folder", "hub"]


# --------------------------------------------------------------------------------------------- values


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


class Token(msgspec.Struct, frozen=True, array_like=True):
    """One token of the model's input; its position is its place in the list."""

    id: int
    text: str
    """The entry of the vocabulary, as the tokenizer spells it (`##ing`, `Ġcourse`)."""
    start: int | None
    """First character in the input text, in code points; None where the tokenizer knows no offsets."""
    end: int | None
    """One past the last character; `start == end` for special tokens, which come from no character."""
    special: bool
    mask: int
    """Attention mask: 1 attended, 0 padding."""
    type_id: int
    """Token type (segment) id; 0 where the model has none."""
    word: int | None
    """Index of the pre-token it belongs to; None for special tokens."""


class Memory(msgspec.Struct, frozen=True):
    """Memory in bytes: of the engine process on a CPU, of the accelerator otherwise; None where unknown."""

    used: int | None
    free: int | None


class Checkpoint(msgspec.Struct, frozen=True):
    """What a checkpoint is, read from its files before its weights are loaded. Unknown facts are None."""

    reference: str
    """What to pass to `Load`: the name of a built-in, a folder's path, or a Hub id."""
    name: str
    source: Source
    architecture: str | None = None
    model_type: str | None = None
    family: str | None = None
    """encoder, decoder or encoder-decoder."""
    labels: tuple[str, ...] = ()
    parameters: int | None = None
    dtype: str | None = None
    """Number format of the stored weights."""
    size_bytes: int | None = None
    """Size of the weight files on disk (or to download)."""
    hidden_size: int | None = None
    layers: int | None = None
    vocabulary_size: int | None = None
    max_tokens: int | None = None
    """Most tokens one input may have."""
    license: str | None = None
    serves: bool = True
    """Whether it can do the task it was asked about."""
    note: str = ""
    """Why it does not serve, or what to know about it; empty when there is nothing to say."""


class Step(msgspec.Struct, frozen=True):
    """One station of the walk from ids to probabilities."""

    name: str
    """What stands here, in the field's words: `ids`, `hidden states`, `pre_classifier`, `logits`."""
    detail: str
    """What made it: the module's class with its sizes (`Linear(128 → 2)`), or the function."""
    shape: tuple[int, ...]
    dtype: str
    seconds: float | None
    """Wall time of this part, the device synchronized; None where it is not a part of its own."""


class ReadoutSettings(msgspec.Struct, frozen=True):
    """How logits are turned into probabilities. The default is the pipeline's own reading."""

    temperature: float = 1.0
    """Divides the logits; finite and > 0."""
    function: Literal["auto", "softmax", "sigmoid", "none"] = "auto"
    """`auto`: by the pipeline's rules from the checkpoint's config."""
    top: int = 50
    """How many rows to send, highest score first."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One label's way from logit to probability, float64 arithmetic on the model's logit.

    softmax:  scaled = logit / T, shifted = scaled - max(scaled), exponential = e^shifted,
              probability = exponential / sum(exponential over all labels).
    sigmoid:  scaled = logit / T, shifted = -scaled, exponential = e^shifted,
              probability = 1 / (1 + exponential).
    none:     probability is None: a regression score, the scaled logit itself.
    """

    index: int
    """Row in the head's output: the label's or the token's id."""
    label: str
    logit: float
    scaled: float
    shifted: float
    exponential: float
    probability: float | None


# ------------------------------------------------------------------------------------------- requests


class Request(msgspec.Struct, frozen=True, tag=True):
    """Base of everything the screen asks; `id` is unique and grows."""

    id: int


class Ping(Request, frozen=True, tag=True):
    """Are you alive? Answered by `Pong` at once, whatever the lanes do."""


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
    """Run a task on a text. → `Tokenized`, `Forwarded`, `Readout`, `Answered`."""

    task: str
    text: str
    readout: ReadoutSettings = ReadoutSettings()


class Reweigh(Request, frozen=True, tag=True):
    """Read the stored logits of the latest forward again under other settings. → `Readout`, `Reweighed`."""

    readout: ReadoutSettings


class Cancel(Request, frozen=True, tag=True):
    """Stop the request `target`, waiting or running. The target's own last event follows; this has none."""

    target: int


class Shutdown(Request, frozen=True, tag=True):
    """End the engine. The end of the request stream means the same."""


# --------------------------------------------------------------------------------------------- events


class Event(msgspec.Struct, frozen=True, tag=True):
    """Base of everything the engine reports; `id` is the request's, or 0."""

    id: int


class Ready(Event, frozen=True, tag=True):
    """The engine is up and reads requests. Sent once, first."""

    protocol: int
    version: str
    """Version of Logitscope on the engine's machine."""
    pid: int
    host: str
    log_path: str


class Pong(Event, frozen=True, tag=True):
    """Alive."""

    memory: Memory


class CheckpointsListed(Event, frozen=True, tag=True):
    """The checkpoints at hand for `task`, those that serve it first."""

    task: str
    checkpoints: tuple[Checkpoint, ...]


class Inspected(Event, frozen=True, tag=True):
    """What a checkpoint is."""

    checkpoint: Checkpoint


class Progress(Event, frozen=True, tag=True):
    """How far a long request has come; at most some ten a second."""

    stage: str
    """What is being done now: `download`, `import torch`, `tokenizer`, `weights`."""
    done: int | None = None
    total: int | None = None
    unit: str = ""
    """`bytes`, or what is counted; empty with no counts."""


class Loaded(Event, frozen=True, tag=True):
    """The checkpoint is in use from here on."""

    checkpoint: Checkpoint
    task: str
    device: str
    """Where it runs: `cpu`, `cuda:0`, `mps`."""
    device_name: str
    """The hardware's own name, or empty."""
    dtype: str
    parameters: int
    seconds: float
    memory: Memory
    note: str = ""
    """What differs from what was asked (a device that was not there, say)."""


class Tokenized(Event, frozen=True, tag=True):
    """The model's input as tokens; positions beyond the model's limit are cut and counted."""

    reference: str
    """The checkpoint whose tokenizer this is."""
    tokens: tuple[Token, ...]
    total: int
    """Tokens of the whole text with its special tokens; `total > len(tokens)` says it was truncated."""
    limit: int | None
    """Most tokens the model takes."""
    unread_from: int | None
    """First character the model doesn't read, when truncated; None when it reads all."""
    seconds: float


class Forwarded(Event, frozen=True, tag=True):
    """The forward pass ran."""

    steps: tuple[Step, ...]
    seconds: float
    memory: Memory


class Readout(Event, frozen=True, tag=True):
    """Logits read as probabilities."""

    settings: ReadoutSettings
    function: Function
    """The function in force, `auto` resolved."""
    reason: str
    """Which rule chose it."""
    rows: tuple[Row, ...]
    """Highest score first, ties by index."""
    total: int
    """Rows of the whole output; `total - len(rows)` are not shown."""
    tail: float | None
    """Probability mass of the rows not shown; None where the scores aren't a distribution."""
    maximum: float
    """Largest scaled logit: what `− max` subtracts."""
    sum_exponentials: float
    """Sum of e^(z − max) over all rows: what `÷ Σ` divides by."""
    entropy_bits: float | None
    """Entropy of the distribution; None where the scores aren't one."""


class Score(msgspec.Struct, frozen=True):
    """A label with its score, as transformers' pipeline returns it."""

    label: str
    score: float


class Answered(Event, frozen=True, tag=True):
    """The task's answer under the pipeline's own reading, whatever the readout settings are."""

    answer: tuple[Score, ...]
    seconds: float
    """From the engine's receipt of the request to its answer."""


class Reweighed(Event, frozen=True, tag=True):
    """The last event of a `Reweigh`."""

    seconds: float


class Failed(Event, frozen=True, tag=True):
    """The request could not be done."""

    failure: Failure


class Cancelled(Event, frozen=True, tag=True):
    """The request was stopped by a `Cancel`."""


class Superseded(Event, frozen=True, tag=True):
    """A newer request of the same kind took this one's place before it ran."""

    by: int


AnyRequest: TypeAlias = Ping | ListCheckpoints | Inspect | Load | Analyze | Reweigh | Cancel | Shutdown
AnyEvent: TypeAlias = (
    Ready
    | Pong
    | CheckpointsListed
    | Inspected
    | Progress
    | Loaded
    | Tokenized
    | Forwarded
    | Readout
    | Answered
    | Reweighed
    | Failed
    | Cancelled
    | Superseded
)
LAST_EVENTS: tuple[type[Event], ...] = (
    Pong,
    CheckpointsListed,
    Inspected,
    Loaded,
    Answered,
    Reweighed,
    Failed,
    Cancelled,
    Superseded,
)
