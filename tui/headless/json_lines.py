"""One question's way through the model as one JSON object on one line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tui.headless.reading import Reply
from tui.protocol import Readout
from tui.protocol.rows import Row
from tui.protocol.tokens import TokenSequence
from tui.tasks import TASKS
from tui.tasks.sampling import SETTINGS

LONGEST = 100
"""Entries of a list that are told unless all are asked for."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def as_json(reading: Reply, whole: bool = False) -> str:
    """One line of valid JSON; numbers that JSON doesn't have (NaN, infinities) become null.

    whole: with every token. Otherwise lists are told up to `LONGEST`, all but the answer, and `left_out` tells how
    many entries each of the others has.
    """
    readout, rows = reading.readout, _rows(reading.readout)
    settings = {setting.name: getattr(readout.settings, setting.name) for setting in SETTINGS}
    first = reading.sequences[0]
    texts = reading.texts
    values = {
        "task": reading.task,
        "model": reading.loaded.checkpoint.reference,
        "input": next(iter(texts.values())),
        "tokens": _tokens(first, reading.task),
        "logits": [row.logit for row in rows],
        "probabilities": [row.probability for row in rows],
        "answer": reading.answered.answer,
        "seconds": reading.answered.seconds,
        "labels": [row.label for row in rows],
        "total_tokens": first.total,
        "truncated": reading.truncated,
        "inputs": texts,
        "options": TASKS[reading.task].form.values(reading.options),
        "rows": {
            "indices": [row.index for row in rows],
            "name": readout.name,
            "sequence": readout.address.sequence,
            "position": readout.address.position,
            "part": readout.address.part,
            "parts": readout.parts,
            "function": readout.function,
            "entropy_bits": readout.entropy_bits,
            "settings": settings,
            "not_applied": readout.notes,
        },
        "rows_total": readout.total,
        "tail": readout.tail,
        "view": reading.answered.view,
    }
    if readout.penalized is not None:
        values["penalized"] = [row.penalized for row in rows]
    if readout.kept is not None:
        values["kept"] = [row.kept for row in rows]
        values["renormalized"] = [row.renormalized for row in rows]
        values["filters"] = readout.stages
        values["kept_rows"] = {
            "total": readout.kept,
            "mass": readout.kept_mass,
            "entropy_bits": readout.kept_entropy_bits,
        }
    if len(reading.sequences) > 1:
        values["sequences"] = [_sequence(sequence, reading.task) for sequence in reading.sequences]
    if reading.loaded.note:
        values["note"] = reading.loaded.note
    if reading.loaded.warning:
        values["warning"] = reading.loaded.warning
    if reading.forwarded is not None:
        values["steps"] = reading.forwarded.steps
        values["norms"] = reading.forwarded.norms
    told = plain(values)
    return dumps(told if whole else _bounded(told))


def dumps(values: dict[str, Any]) -> str:
    """JSON in plain UTF-8 text; a lone surrogate, which UTF-8 can't hold, as its escape."""
    written = json.dumps(values, ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", written)


def plain(value: Any) -> Any:
    """What JSON has for a value: structs are objects with their tag as `type`, NaN and infinities null.

    >>> from tui.protocol.answers import Classified, Score
    >>> plain(Classified((Score("bad", float("nan")),)))["scores"]
    [{'label': 'bad', 'score': None}]
    >>> plain((0.5, float("inf"))), plain((0.5, 1.5))
    ([0.5, None], [0.5, 1.5])
    """
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        named = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        return named if tag is None else {"type": tag, **named}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        if set(map(type, value)) == {float} and all(map(math.isfinite, value)):  # a vector
            return list(value)
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _bounded(told: dict[str, Any]) -> dict[str, Any]:
    """The same with no list longer than `LONGEST` but the answer's."""
    left_out: dict[str, int] = {}

    def cut(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {name: cut(item, f"{path}.{name}") for name, item in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) > LONGEST:
            left_out[path] = max(len(value), left_out.get(path, 0))
        return [cut(item, f"{path}[]") for item in value[:LONGEST]]

    bounded = {name: value if name == "answer" else cut(value, name) for name, value in told.items()}
    return {**bounded, "left_out": left_out}


def _rows(readout: Readout) -> list[Row]:
    """All rows by index; where some are left out, those that came, highest score first."""
    if len(readout.rows) < readout.total:
        return list(readout.rows)
    return sorted(readout.rows, key=lambda row: row.index)


def _sequence(sequence: TokenSequence, task: str) -> dict[str, Any]:
    return {
        "name": sequence.name,
        "tokens": _tokens(sequence, task),
        "total_tokens": sequence.total,
        "truncated": sequence.total > len(sequence.tokens),
    }


def _tokens(sequence: TokenSequence, task: str) -> list[dict[str, Any]]:
    """The tokens; where a task has several fields in one sequence, each says which its characters are in."""
    names = [field.name for field in TASKS[task].form.fields]
    several = any(token.field for token in sequence.tokens)
    tokens = []
    for token in sequence.tokens:
        values = {name: getattr(token, name) for name in ("id", "text", "start", "end", "special")}
        if several:
            values["field"] = None if token.field is None else names[token.field]
        values |= {"mask": token.mask, "type_id": token.type_id}
        tokens.append(values)
    return tokens
