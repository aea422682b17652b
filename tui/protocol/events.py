"""What the engine reports."""

from __future__ import annotations

from typing import Any

import msgspec

from tui.protocol.answers import AnyView, GenerationSetting
from tui.protocol.checkpoints import Checkpoint, Memory
from tui.protocol.failures import Failure
from tui.protocol.microscope.questions import AnyFinding
from tui.protocol.rows import FilterStage, Found, Function, ReadoutSettings, Rest, Row, RowAddress
from tui.protocol.tokens import TokenSequence
from tui.protocol.walk import Step
from tui.protocol.writing.beams import BeamCandidate, Hypothesis
from tui.protocol.writing.kept import CacheUse
from tui.protocol.writing.steps import Chosen, Stop


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
    warning: str = ""
    """Why no answer can be trusted as long as this is in use (a head that was never trained); empty: none."""


class Tokenized(Event, frozen=True, tag=True):
    """The model's input as tokens; positions beyond the model's limit are cut and counted."""

    reference: str
    """The checkpoint whose tokenizer this is."""
    sequences: tuple[TokenSequence, ...]
    """At least one."""
    limit: int | None
    """Most tokens the model takes."""
    seconds: float


class Forwarded(Event, frozen=True, tag=True):
    """The forward pass ran."""

    steps: tuple[Step, ...]
    seconds: float
    memory: Memory
    norms: tuple[tuple[float, ...], ...] = ()
    """[sequences][positions]: length (Euclidean norm) of each position's last hidden state."""


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
    """Probability mass of the rows after those shown; None where the scores aren't a distribution."""
    maximum: float
    """Largest scaled logit: what `− max` subtracts."""
    sum_exponentials: float
    """Sum of e^(z − max) over all rows: what `÷ Σ` divides by."""
    entropy_bits: float | None
    """Entropy of the distribution; None where the scores aren't one."""
    address: RowAddress = RowAddress()
    """Which row was read, its position resolved."""
    name: str = ""
    """What the row is about, in words: `mask at position 5`, `next token after position 7`; empty for the only."""
    parts: tuple[str, ...] = ()
    """Names of the head's outputs, where it has several."""
    start: int = 0
    """Rank of the first of `rows`."""
    above: Rest | None = None
    """The rows ranked before them."""
    below: Rest | None = None
    """The rows ranked after them; its mass is the `tail`."""
    watched: tuple[Row | None, ...] = ()
    """The rows of `settings.watched`, in that order; None where the output has none of that name."""
    found: Found | None = None
    """Where `settings.find` is not empty."""
    penalized: int | None = None
    """How many rows were re-weighed, but for the temperature; None where nothing does so."""
    stages: tuple[FilterStage, ...] = ()
    """The filters, bans and constraints in force, in the order in which they were applied."""
    kept: int | None = None
    """Rows that all filters left; None where there are none, as with the next three."""
    kept_mass: float | None = None
    """Their probability before filtering."""
    kept_sum: float | None = None
    """Sum of their e^(z − max): what renormalizing divides by."""
    kept_entropy_bits: float | None = None
    """Entropy after renormalizing."""
    notes: tuple[str, ...] = ()
    """Settings that do not apply here, and why."""
    reweighed_by: tuple[str, ...] = ()
    """What re-weighed the rows: `repetition penalty`, and others of the checkpoint's own settings."""


class Answered(Event, frozen=True, tag=True):
    """The task's answer under the pipeline's own reading, whatever the readout settings are."""

    answer: Any
    """What transformers' pipeline of the task returns: lists, dicts, texts and numbers; None where not wanted."""
    view: AnyView
    seconds: float
    """From the engine's receipt of the request to its answer."""


class Reweighed(Event, frozen=True, tag=True):
    """The last event of a `Reweigh`."""

    seconds: float


class Examined(Event, frozen=True, tag=True):
    """What was found out about a tokenizer."""

    finding: AnyFinding


class Stepped(Event, frozen=True, tag=True):
    """One more token, or one that stood and is scored now."""

    chosen: Chosen


class Continued(Event, frozen=True, tag=True):
    """Writing came to rest."""

    stop: Stop
    text: str
    """All that was written, special tokens left out."""
    prompt: int
    """Tokens before the first written one: the prompt's, or the decoder's start token."""
    limit: int | None
    """Most positions that the model has, None where it states none."""
    settings: tuple[GenerationSetting, ...]
    """What was in force, and whose it is."""
    cache: CacheUse
    memory: Memory
    seconds: float
    note: str = ""


class BeamsStepped(Event, frozen=True, tag=True):
    """One step of a beam search."""

    step: int
    """Tokens written before it."""
    candidates: tuple[BeamCandidate, ...]
    """By score, the highest first; those that are kept are the beams of the next step, in this order."""
    hypotheses: int
    """How many finished sequences are kept by now."""


class Searched(Event, frozen=True, tag=True):
    """A beam search ended."""

    hypotheses: tuple[Hypothesis, ...]
    """The best first."""
    texts: tuple[str, ...]
    """What each reads as, special tokens left out."""
    stop: Stop
    prompt: int
    settings: tuple[GenerationSetting, ...]
    memory: Memory
    seconds: float
    note: str = ""


class Failed(Event, frozen=True, tag=True):
    """The request could not be done."""

    failure: Failure


class Cancelled(Event, frozen=True, tag=True):
    """The request was stopped by a `Cancel`."""


class Superseded(Event, frozen=True, tag=True):
    """A newer request of the same kind took this one's place before it ran."""

    by: int
