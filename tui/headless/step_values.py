"""A text written token by token as JSON: an object for each token or step of a beam search, one for the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui.headless.json_lines import dumps, plain
from tui.headless.run import write_line
from tui.protocol import BeamsStepped, Searched
from tui.protocol.answers import Candidate
from tui.protocol.writing.beams import BeamCandidate, Hypothesis
from tui.protocol.writing.steps import Chosen
from tui.tasks.sampling import SETTINGS

if TYPE_CHECKING:
    from tui.headless.stepping import TextToWrite, WrittenSoFar


class StepValues:
    """Tells in JSON; numbers that JSON doesn't have become null, and what isn't known is null."""

    def begin(self, asked: TextToWrite) -> None:
        """Nothing is known yet."""

    def step(self, asked: TextToWrite, chosen: Chosen) -> None:
        """An object for a token."""
        write_line(dumps(plain({"input": asked.number, **step_values(chosen)})))

    def beams(self, asked: TextToWrite, stepped: BeamsStepped) -> None:
        """An object for a step of a beam search."""
        values = {
            "input": asked.number,
            "step": stepped.step + 1,
            "candidates": [_candidate(each) for each in stepped.candidates],
            "finished": stepped.hypotheses,
        }
        write_line(dumps(plain(values)))

    def end(self, written: WrittenSoFar) -> None:
        """The object with the answer."""
        write_line(dumps(plain(end_values(written))))


def step_values(chosen: Chosen) -> dict[str, Any]:
    """A token and what it was chosen from; `kept` and `kept_probability` where something re-shaped that."""
    values: dict[str, Any] = {
        "step": chosen.place + 1,
        "token": _token(chosen),
        "probability": _probability(chosen.log_probability),
        "log_probability": chosen.log_probability,
        "rank": chosen.rank,
        "entropy_bits": chosen.entropy_bits,
    }
    if chosen.kept is not None or chosen.kept_log_probability is not None:
        values["kept_probability"] = _probability(chosen.kept_log_probability)
        values["kept"] = chosen.kept
    return {**values, "by": chosen.by, "seconds": chosen.seconds, "top": _top(chosen.top)}


def end_values(written: WrittenSoFar) -> dict[str, Any]:
    """The answer, why it ended, and the figures of all tokens together."""
    asked, last = written.asked, written.last
    loaded, steps = asked.loaded, asked.steps
    values: dict[str, Any] = {
        "input": asked.number,
        "inputs": asked.texts,
        "task": loaded.task,
        "model": loaded.checkpoint.reference,
        "options": steps.values(loaded.task),
        "answer": written.answer,
        "stopped": {"kind": written.kind, "words": written.words},
        "tokens": written.tokens,
        "prompt_tokens": None if last is None else last.prompt,
    }
    if isinstance(last, Searched):
        values["hypotheses"] = [_hypothesis(*each) for each in zip(last.hypotheses, last.texts, strict=True)]
    else:
        values["log_probability"] = written.log_probability
        values["perplexity"] = written.perplexity
    values |= {
        "seconds": written.seconds,
        "tokens_per_second": written.tokens_per_second,
        "settings": [] if last is None else last.settings,
        "decoding": steps.decoding,
        "sampling": {
            each.name: None if each.name in steps.unset else asked.sampling.get(each.name, each.default)
            for each in SETTINGS
        },
    }
    if note := " ".join(filter(None, (loaded.note, "" if last is None else last.note))):
        values["note"] = note
    if loaded.warning:
        values["warning"] = loaded.warning
    return values


def broken_bytes(chosen: Chosen) -> bytes | None:
    """The bytes of a token that hold a part of a character; None for a token that reads as text."""
    if chosen.bytes_ is None:
        return None
    try:
        chosen.bytes_.decode()
    except UnicodeDecodeError:
        return chosen.bytes_
    return None


def _token(chosen: Chosen) -> dict[str, Any]:
    values: dict[str, Any] = {"id": chosen.id, "text": chosen.text}
    if chosen.special:
        values["special"] = True
    if (broken := broken_bytes(chosen)) is not None:
        values["bytes"] = broken.hex()
    return values


def _top(top: Sequence[Candidate]) -> list[dict[str, Any]]:
    return [{"id": each.id, "text": each.text, "probability": each.probability} for each in top]


def _probability(log_probability: float | None) -> float | None:
    return None if log_probability is None else math.exp(log_probability)


def _candidate(each: BeamCandidate) -> dict[str, Any]:
    return {
        "parent": each.parent,
        "token": {"id": each.id, "text": each.text},
        "log_probability": each.log_probability,
        "score": each.score,
        "penalized": each.penalized,
        "fate": each.fate,
        "why": each.why,
    }


def _hypothesis(each: Hypothesis, text: str) -> dict[str, Any]:
    return {
        "text": text,
        "ids": each.ids,
        "score": each.score,
        "total": each.total,
        "finished": each.finished,
        "candidates": each.beams,
    }
