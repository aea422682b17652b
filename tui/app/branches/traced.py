"""The ways of a beam search, followed back from a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tui.protocol.writing.beams import BeamCandidate
from tui.protocol.writing.steps import Chosen

Way: TypeAlias = list[BeamCandidate]
"""Candidates of the steps one after the other, each the parent of the next."""


def ways(steps: Sequence[Sequence[BeamCandidate]]) -> list[Way]:
    """For every candidate of the last step, the way to it.

    >>> a, b = BeamCandidate(0, 5, "a", -1, -1, -1, "kept", ""), BeamCandidate(0, 6, "b", -2, -2, -2, "kept", "")
    >>> c = BeamCandidate(1, 7, "c", -1, -3, -1.5, "cut", "")
    >>> ["".join(each.text for each in way) for way in ways([[a, b], [c]])]
    ['bc']
    """
    beams: list[Way] = [[]]
    found: list[Way] = []
    for candidates in steps:
        found = [
            [*(beams[each.parent] if each.parent < len(beams) else ()), each]  # or it is of no beam yet
            for each in candidates
        ]
        beams = [way for way in found if way[-1].fate == "kept"]
    return found


def shared(one: Way, other: Way) -> int:
    """Tokens that two ways have in common, from the first."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a.id != b.id:
            break
        count += 1
    return count


def chosen(candidate: BeamCandidate, place: int) -> Chosen:
    """A candidate as a token of a branch; its own probability is not known before the branch is visited."""
    return Chosen(
        place=place,
        id=candidate.id,
        text=candidate.text,
        bytes_=candidate.bytes_,
        special=candidate.special,
        kept_log_probability=candidate.log_probability,
        by="beam",
    )
