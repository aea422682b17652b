"""One text's way through the model, as lines to read or as one JSON object."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from tui.headless.text import cells, visible
from tui.protocol import Answered, Loaded, Readout, Tokenized

LONGEST_INPUT_SHOWN = 300
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Reading:
    """Everything the engine said about one text; `readout` holds a row for every label."""

    task: str
    text: str
    loaded: Loaded
    tokenized: Tokenized
    readout: Readout
    answered: Answered


def as_json(reading: Reading) -> str:
    """One line of valid JSON; numbers that JSON doesn't have (NaN, infinities) become null."""
    rows = sorted(reading.readout.rows, key=lambda row: row.index)
    values = {
        "task": reading.task,
        "model": reading.loaded.checkpoint.reference,
        "input": reading.text,
        "tokens": [
            {"id": t.id, "text": t.text, "start": t.start, "end": t.end, "special": t.special}
            for t in reading.tokenized.tokens
        ],
        "logits": [_finite(row.logit) for row in rows],
        "probabilities": [_finite(row.probability) for row in rows],
        "answer": [{"label": s.label, "score": _finite(s.score)} for s in reading.answered.answer],
        "seconds": _finite(reading.answered.seconds),
        "labels": [row.label for row in rows],
        "total_tokens": reading.tokenized.total,
        "truncated": reading.tokenized.total > len(reading.tokenized.tokens),
    }
    return dumps(values)


def dumps(values: dict[str, Any]) -> str:
    """JSON in plain UTF-8 text; a lone surrogate, which UTF-8 can't hold, as its escape."""
    written = json.dumps(values, ensure_ascii=False, allow_nan=False)
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", written)


def heading(loaded: Loaded) -> str:
    """Which model answers, and where it runs."""
    parts = (
        loaded.task,
        loaded.checkpoint.name,
        loaded.device,
        loaded.dtype,
        f"{loaded.parameters:,} parameters",
    )
    return " · ".join(visible(part) for part in parts)


def as_text(reading: Reading) -> str:
    """The text, its answer, what was read of it, and a row for every label, highest score first."""
    answer = ", ".join(f"{visible(s.label)} {number(s.score)}" for s in reading.answered.answer)
    lines = [
        shown(reading.text),
        f"{answer}   ({_count(reading.tokenized)}, {reading.answered.seconds * 1000:,.0f} ms)",
        *_table(reading.readout),
    ]
    return "\n".join(lines)


def shown(text: str) -> str:
    """The text in one line, the end of a very long one counted instead of printed."""
    if len(text) <= LONGEST_INPUT_SHOWN:
        return visible(text) or "(an empty text)"
    return f"{visible(text[:LONGEST_INPUT_SHOWN])}… ({len(text):,} characters)"


def number(value: float | None) -> str:
    """Six decimals; very small ones by their exponent; what isn't known as a dash."""
    if value is None:
        return "–"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.3e}"
    return f"{value:.6f}"


def _count(tokenized: Tokenized) -> str:
    shown_tokens = len(tokenized.tokens)
    if tokenized.total > shown_tokens:
        cut = f"first {shown_tokens:,} of {tokenized.total:,} tokens"
        if tokenized.unread_from is None:
            return cut
        return f"{cut}; characters from {tokenized.unread_from:,} on are not read"
    return f"{shown_tokens:,} token{'' if shown_tokens == 1 else 's'}"


def _table(readout: Readout) -> list[str]:
    rows = [("label", "logit", f"probability ({readout.function})")]
    if readout.function == "none":
        rows = [("label", "logit", "probability (the score is none)")]
    rows += [(visible(row.label), number(row.logit), number(row.probability)) for row in readout.rows]
    label_width, logit_width = (max(cells(row[column]) for row in rows) for column in (0, 1))
    return [
        f"  {label}{' ' * (label_width - cells(label))}  {logit:>{logit_width}}  {probability}"
        for label, logit, probability in rows
    ]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
