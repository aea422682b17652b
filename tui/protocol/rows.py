"""Rows of logits: which one is read, how it becomes probabilities, and what came of each label."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Function: TypeAlias = Literal["softmax", "sigmoid", "none"]


class RowAddress(msgspec.Struct, frozen=True):
    """Which row of logits is read."""

    sequence: int = 0
    """Index of the token sequence."""
    position: int | None = None
    """Position in it, for heads that have logits at every position; None: where the task's answer comes from."""
    part: int = 0
    """Which of the head's outputs, for heads with several (0 start, 1 end)."""


class Watch(msgspec.Struct, frozen=True, array_like=True):
    """A row that is sent whatever its rank."""

    index: int
    """Where it was when it was chosen."""
    label: str
    """What it is called: another text or checkpoint may have it at another index."""


class ReadoutSettings(msgspec.Struct, frozen=True):
    """How logits are turned into probabilities. The default is the pipeline's own reading.

    The filters are those of transformers' `generate`, in its order: repetition penalty, temperature, top-k,
    top-p, min-p, typical-p. Beyond the temperature they apply to softmax alone.
    """

    temperature: float = 1.0
    """Divides the logits; finite and > 0."""
    function: Literal["auto", "softmax", "sigmoid", "none"] = "auto"
    """`auto`: by the pipeline's rules from the checkpoint's config."""
    top: int = 50
    """How many rows to send, highest score first."""
    start: int = 0
    """Rank of the first row to send; brought back to where there are rows."""
    repetition_penalty: float = 1.0
    """Divides the logits > 0 of the tokens that stand before, multiplies the others; > 0, 1 is off."""
    top_k: int = 0
    """Rows to keep; 0 is off."""
    top_p: float = 1.0
    """Mass to keep, likeliest first; 0 to 1, 1 is off."""
    min_p: float = 0.0
    """Least share of the largest probability; 0 to 1, 0 is off."""
    typical_p: float = 1.0
    """Mass to keep, by how near a row's surprisal is to the entropy; above 0 to 1, 1 is off."""
    watched: tuple[Watch, ...] = ()
    find: str = ""
    """An id, a label or a part of one: rows around the hit are sent, `start` is not looked at."""
    hit: int = 0
    """Which of the hits, from 0; beyond the last it starts over."""
    searching: bool = False
    """A `find` is about to come: the names of all rows are made ready beside other work."""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One label's way from logit to probability, float64 arithmetic on the model's logit.

    softmax:  scaled = logit / T, shifted = scaled - max(scaled), exponential = e^shifted,
              probability = exponential / sum(exponential over all labels).
    sigmoid:  scaled = logit / T, shifted = -scaled, exponential = e^shifted,
              probability = 1 / (1 + exponential).
    none:     probability is None: a regression score, the scaled logit itself.

    Under a penalty or a bias `penalized` takes the place of the logit.
    """

    index: int
    """Row in the head's output: the label's or the token's id."""
    label: str
    logit: float
    scaled: float
    shifted: float
    exponential: float
    probability: float | None
    rank: int | None = None
    """Place by score, from 0, ties by index."""
    cumulative: float | None = None
    """Probability of this row and all before it; None where the scores aren't a distribution."""
    log_probability: float | None = None
    """Nats."""
    surprisal_bits: float | None = None
    penalized: float | None = None
    """The logit after all that re-weighs it but the temperature; None where nothing does."""
    kept: bool | None = None
    """Whether all stages left it; None where there are none."""
    dropped_by: str | None = None
    """Which stage dropped it, or `logit` for one that was −∞ before; None for a row that is kept."""
    renormalized: float | None = None
    """Probability among the rows that are kept, 0 for the others; None where there are no filters."""


class FilterStage(msgspec.Struct, frozen=True, array_like=True):
    """What one filter, ban or constraint did."""

    name: str
    """`top-k`, `top-p`, `min-p`, `typical-p`; or another processor of `generate`, see `engine.filtering`."""
    value: float | None
    """What it was set to, where that is one number."""
    kept: int
    """Rows it left."""
    dropped: int
    mass: float
    """Probability, before any stage, of what it dropped."""
    sum_exponentials: float
    """Sum of e^(z − max) over the rows that came to it."""
    limit: float | None
    """Smallest scaled logit that top-k left, largest distance from the entropy (nats) that typical-p left, largest
    e^(z − max) of the rows that came to min-p."""
    entropy: float | None
    """typical-p: entropy of the rows that came to it, nats."""

    @property
    def title(self) -> str:
        """Its name with what it was set to."""
        return self.name if self.value is None else f"{self.name} {self.value:g}"


class Rest(msgspec.Struct, frozen=True, array_like=True):
    """Rows above or below those that were sent."""

    rows: int
    mass: float | None
    """Their probability; None where the scores aren't a distribution."""
    kept: int | None
    """How many of them the filters left; None where there are no filters."""
    renormalized: float | None
    """Their probability among the rows that are kept."""


class Found(msgspec.Struct, frozen=True, array_like=True):
    """What a `find` came to."""

    total: int
    """Hits."""
    hit: int | None
    """Which of them this is, from 0; None where there is none."""
    rank: int | None
    how: str
    """`id`, `text` (all of the label) or `part`; empty where there is none."""
