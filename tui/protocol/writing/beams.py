"""Beam search, step by step: every candidate with its scores, and what became of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Fate: TypeAlias = Literal["kept", "finished", "cut"]


class BeamCandidate(msgspec.Struct, frozen=True, array_like=True):
    """One continuation of one beam.

    Scores are float32, as `generate` computes them: sums of processed log-probabilities, nats.
    """

    parent: int
    """Place of the beam it continues among those the step before kept; 0 in the first step."""
    id: int
    text: str
    log_probability: float
    """Of this token after the processors."""
    score: float
    """Of all tokens together."""
    penalized: float
    """`score / length ** length_penalty`, what it would count as if it ended here."""
    fate: Fate
    why: str
    """In words: `rank 3 of 2 beams`, `ends a text, third best hypothesis`."""
    bytes_: bytes | None = None
    """What it stands for; None where that isn't known, or for a special token."""
    special: bool = False


class Hypothesis(msgspec.Struct, frozen=True):
    """A sequence that beam search proposes as its answer."""

    ids: tuple[int, ...]
    """After the prompt (the decoder's start token is part of the prompt), the end token included."""
    score: float
    """With length penalty: what `generate` reports as `sequences_scores`."""
    total: float
    """Without it."""
    finished: bool
    """Whether it ended by itself; False for a beam that the length cut."""
    beams: tuple[int, ...]
    """For each id, which candidate of that step it was: its place in `BeamsStepped.candidates`."""
