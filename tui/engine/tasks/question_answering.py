"""Extractive question answering: question and context → ids → hidden states → start and end logits → a span.

The pair is question first and context second, cut in the context into windows. Where the tokenizer pads on the left
(XLNet's, say) the pipeline put the context first, and closed no position at all: so is it done here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import structs

from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Outcome, Prepared, window_names
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout
from tui.protocol.answers import AnyView, Extracted, Span, TokenSpan, Window
from tui.protocol.rows import Function, ReadoutSettings, RowAddress
from tui.protocol.walk import Step
from tui.tasks.forms import Value

if TYPE_CHECKING:
    import torch

    from tui.engine.answers.spans import Head
    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.tokenization.reading import TextTokenizer

PARTS = ("start", "end")
_LONGEST_WINDOW, _LONGEST_STRIDE = 384, 128
_MOST_SHOWN = 50
_FURTHER = 10
"""The pipeline looks at twice the answers asked for and so many more: some become one when widened to words."""
_LEFT = (
    "This tokenizer pads on the left: as the pipeline had it, the context comes first, and question and special "
    "tokens can be answers too."
)
_NO_CLASS = "This tokenizer has no class token in front: nothing stands for “no answer”, which scores 0."


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> Prepared:
    """Question and context as a pair, in as many windows as the context needs.

    Raises EngineError for an empty field, a tokenizer without offsets, and windows with no room for the context.
    """
    for name in ("question", "context"):
        if not inputs[name]:
            raise EngineError(
                f"The {name} is empty", "Both a question and a context are needed.", f"Type a {name}."
            )
    limit = tokenizer.limit or sys.maxsize
    size = min(_number(options["max_seq_len"], _LONGEST_WINDOW), limit)
    stride = _number(options["doc_stride"], min(size // 2, _LONGEST_STRIDE))
    question, context = inputs["question"], inputs["context"]
    if _context_first(tokenizer):
        swapped = tokenizer.windows(context, question, "only_first", size, stride)
        readings = tuple(map(_with_fields_swapped, swapped))
    else:
        readings = tuple(tokenizer.windows(question, context, "only_second", size, stride))
    return Prepared(task, tokenizer, readings, inputs, options, window_names(len(readings)))


def _number(value: Value, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _context_first(tokenizer: TextTokenizer) -> bool:
    return tokenizer.padding_side == "left"


def _with_fields_swapped(reading: Reading) -> Reading:
    tokens = tuple(
        token if token.field is None else structs.replace(token, field=1 - token.field)
        for token in reading.tokens
    )
    return replace(reading, tokens=tokens)


@dataclass(frozen=True, kw_only=True)
class Extraction(Outcome):
    """The logits of a pair's windows, still on their device."""

    logits: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    """Start and end, [positions] each, for each window, in the model's dtype."""
    prepared: Prepared

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """What the head says of each window."""
        from tui.engine.answers.spans import read_head

        return tuple(
            read_head(
                start.float().cpu().numpy(),
                end.float().cpu().numpy(),
                _open(reading, self.prepared.tokenizer),
            )
            for (start, end), reading in zip(self.logits, self.prepared.readings, strict=True)
        )

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """All that the pipeline weighs, best first."""
        from tui.engine.answers.spans import best_spans, merged

        options, readings = self.prepared.options, self.prepared.readings
        top_k, longest = _number(options["top_k"], 1), _number(options["max_answer_len"], 15)
        found = [
            span
            for number, head in enumerate(self.heads)
            for span in best_spans(head, number, top_k * 2 + _FURTHER, longest)
        ]
        windows = [reading.tokens for reading in readings]
        spans = merged(found, windows, self.prepared.inputs["context"])
        if options["handle_impossible_answer"]:
            spans.append(self._no_answer())
        return tuple(sorted(spans, key=lambda span: span.score, reverse=True))

    def _no_answer(self) -> Span:
        """The least null score: the window that is the least sure to hold no answer speaks for all."""
        least = min(range(len(self.heads)), key=lambda number: self.heads[number].null_score)
        head = self.heads[least]
        found = TokenSpan(
            least, 0, 0, head.null_score, float(head.start_logits[0]), float(head.end_logits[0])
        )
        return Span("", 0, 0, head.null_score, (found,), no_answer=True)

    @property
    def winner(self) -> int:
        """The window that the best answer was found in."""
        return self.spans[0].found[0].sequence if self.spans else 0


def _open(reading: Reading, tokenizer: TextTokenizer) -> list[bool]:
    """Where an answer can begin and end, and the class token, for softmax to tell of “no answer”."""
    from tui.engine.answers.spans import CONTEXT

    anywhere = _context_first(tokenizer)
    return [anywhere or token.field == CONTEXT or token.id == tokenizer.class_id for token in reading.tokens]


def forward(loaded: LoadedCheckpoint, prepared: Prepared, check: Callable[[], None]) -> Extraction:
    """Run the model on each window."""
    from tui.engine.forward.running import run_windows

    ran = run_windows(loaded, prepared.readings, check, logits="start_logits")
    *before, last = ran.steps
    start = Step("start logits", last.detail, last.shape, last.dtype, last.seconds)
    end = Step("end logits", "", last.shape, last.dtype, None)
    return Extraction(
        logits=tuple((each.output.start_logits[0], each.output.end_logits[0]) for each in ran.runs),
        prepared=prepared,
        steps=(*before, start, end),
        seconds=ran.seconds,
        norms=ran.norms,
    )


def read_out(
    request_id: int, outcome: Extraction, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The start or the end of one window: a row for each position. Unaddressed, it is the window that won."""
    import numpy as np

    from tui.engine.answers.spans import closed
    from tui.engine.rows import readout

    began = time.perf_counter()
    found = _resolved(outcome, address)
    head, reading = outcome.heads[found.sequence], outcome.prepared.readings[found.sequence]
    function: Function = "softmax"
    closed_count = len(head.open_) - int(head.open_.sum())
    reason = f"of {len(head.open_)} logits the pipeline sets {closed_count} to −10,000: no edge of an answer"
    if settings.function != "auto":
        function, reason = settings.function, "chosen in the readout settings"
    logits = (head.start_logits, head.end_logits)[found.part]
    row = closed(logits, head.open_).astype(np.float64)
    labels = [token.text for token in reading.tokens]
    where = outcome.prepared.names[found.sequence]
    name = f"{PARTS[found.part]} of the answer" + (f" in {where}" if where else "")
    shown = readout.read_out(request_id, row, labels, settings, function, reason, found, name, PARTS)
    seconds = time.perf_counter() - began
    title, detail = (
        ("scores", "the logits") if function == "none" else ("probabilities", f"{function}, start and end")
    )
    return shown, Step(title, detail, (1, len(row)), "float64", seconds)


def _resolved(outcome: Extraction, address: RowAddress) -> RowAddress:
    """An address that exists; with nothing chosen, the window of the answer."""
    part = address.part if 0 <= address.part < len(PARTS) else 0
    chosen = address.position is not None or address.sequence > 0
    if chosen and 0 <= address.sequence < len(outcome.heads):
        return RowAddress(address.sequence, address.position, part)
    return RowAddress(outcome.winner, None, part)


def answer(outcome: Extraction) -> tuple[Any, AnyView]:
    """What `pipeline("question-answering")` of transformers 4.57 returns: a dict, or a list of several."""
    prepared, heads = outcome.prepared, outcome.heads
    top_k = _number(prepared.options["top_k"], 1)
    answers = [
        {"score": span.score, "start": span.start, "end": span.end, "answer": span.text}
        for span in outcome.spans[:top_k]
    ]
    view = Extracted(
        spans=outcome.spans[: max(top_k, _MOST_SHOWN)],
        weighed=len(outcome.spans),
        top_k=top_k,
        max_answer_len=_number(prepared.options["max_answer_len"], 15),
        windows=tuple(map(_window, heads)),
        null_score=min(head.null_score for head in heads),
        impossible=bool(prepared.options["handle_impossible_answer"]),
        note=_note(outcome),
    )
    return answers[0] if len(answers) == 1 else answers, view


def _note(outcome: Extraction) -> str:
    if _context_first(outcome.prepared.tokenizer):
        return _LEFT
    return "" if outcome.heads[0].open_[0] else _NO_CLASS


def _window(head: Head) -> Window:
    return Window(
        start_logits=tuple(head.start_logits.tolist()),
        end_logits=tuple(head.end_logits.tolist()),
        start_probabilities=tuple(head.start.tolist()),
        end_probabilities=tuple(head.end.tolist()),
        open=tuple(head.open_.tolist()),
        null_score=head.null_score,
    )
