"""Token classification: a text → ids → hidden states → head → a label for each token → entities."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError
from tui.engine.forward.outcome import Outcome, Prepared, refuse_empty, window_names
from tui.protocol import Readout
from tui.protocol.answers import AnyView, Entity, Strategy, Tagged
from tui.protocol.rows import Function, ReadoutSettings, RowAddress
from tui.protocol.walk import Step
from tui.tasks.forms import Value

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.tokenization.reading import TextTokenizer

_BY_WORDS = ("first", "average", "max")
_NO_WORDS = "A tokenizer written in Python knows no offsets, and so no words."
_NO_STRIDE = "The pipeline puts windows together by entities; with none there are only tokens."


def prepare(
    tokenizer: TextTokenizer, inputs: Mapping[str, str], options: Mapping[str, Value], task: str
) -> Prepared:
    """The text as one row, or with the option `stride` as windows of the model's limit that share so many tokens.

    Raises EngineError for strategies that the tokenizer, or the stride, doesn't allow.
    """
    strategy, stride = str(options["aggregation_strategy"]), options["stride"]
    reason = _why_not(strategy, tokenizer, stride is not None)
    if reason:
        raise EngineError(
            f"The strategy “{strategy}” can't be had here",
            reason,
            "Unset the stride, or choose another strategy (simple, say)."
            if strategy == "none"
            else "Choose simple or none, or a checkpoint with a tokenizer.json.",
        )
    if stride is None:
        return Prepared(task, tokenizer, (tokenizer.read(inputs["text"]),), inputs, options)
    assert isinstance(stride, int)
    size = tokenizer.limit or sys.maxsize
    readings = tuple(tokenizer.windows(inputs["text"], None, "longest_first", size, stride))
    return Prepared(task, tokenizer, readings, inputs, options, window_names(len(readings)))


def _why_not(strategy: str, tokenizer: TextTokenizer, strided: bool) -> str:
    if strategy in _BY_WORDS and not tokenizer.knows_offsets:
        return _NO_WORDS
    return _NO_STRIDE if strategy == "none" and strided else ""


@dataclass(frozen=True, kw_only=True)
class Labeling(Outcome):
    """The logits of a text's windows, still on their device, and what its tokens are."""

    logits: tuple[torch.Tensor, ...]
    """[positions, labels] for each window, in the model's dtype."""
    labels: tuple[str, ...]
    own_labels: tuple[Any, ...]
    """As the config has them: a number, say."""
    prepared: Prepared

    def rows(self, sequence: int) -> NDArray[np.float32]:
        """A window's logits as float32 [positions, labels], which holds every half-precision number exactly."""
        return self.logits[sequence].float().cpu().numpy()

    @property
    def chosen(self) -> str:
        """The strategy of the answer."""
        return str(self.prepared.options["aggregation_strategy"])

    @cached_property
    def scores(self) -> list[NDArray[np.float32]]:
        """The windows' scores [positions, labels]."""
        from tui.engine.rows import readout

        return [readout.pipeline_scores(self.rows(number), "softmax") for number in range(len(self.logits))]

    @cached_property
    def strategies(self) -> tuple[Strategy, ...]:
        """What each strategy makes of the scores."""
        from tui.engine.answers import entities

        text, tokenizer = self.prepared.inputs["text"], self.prepared.tokenizer
        strided = self.prepared.options["stride"] is not None
        windows = [
            entities.pieces(reading, scores, text, tokenizer)
            for reading, scores in zip(self.prepared.readings, self.scores, strict=True)
        ]
        strategies = []
        for name in entities.STRATEGIES:
            reason = _why_not(name, tokenizer, strided)
            found = [
                (number, marked)
                for number, tokens in enumerate(windows)
                if not reason
                for marked in entities.entities(name, tokens, self.labels, tokenizer.join)
            ]
            if len(windows) > 1:
                found = entities.without_overlaps(found)
            listed = tuple(
                Entity(each.label, each.score, each.start, each.end, each.word, number, each.first, each.last)
                for number, each in found
            )
            strategies.append(Strategy(name, listed, reason))
        return tuple(strategies)

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What the chosen strategy found."""
        return next(each.entities for each in self.strategies if each.name == self.chosen)


def forward(loaded: LoadedCheckpoint, prepared: Prepared, check: Callable[[], None]) -> Labeling:
    """Run the model on each window. Raises EngineError when the text gave no token at all."""
    from tui.engine.forward.running import label_names, own_labels, run_windows

    refuse_empty(prepared)
    ran = run_windows(loaded, prepared.readings, check)
    logits = tuple(each.logits[0] for each in ran.runs)
    return Labeling(
        logits=logits,
        labels=label_names(loaded.model.config, logits[0].shape[-1]),
        own_labels=own_labels(loaded.model.config, logits[0].shape[-1]),
        prepared=prepared,
        steps=ran.steps,
        seconds=ran.seconds,
        norms=ran.norms,
    )


def read_out(
    request_id: int, outcome: Labeling, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The labels of one token: unaddressed, the first of the first entity, or of the text where there is none."""
    import numpy as np

    from tui.engine.rows import readout

    began = time.perf_counter()
    function: Function = "softmax"
    reason = "the labels of a token share 1, as the pipeline has it"
    if settings.function != "auto":
        function, reason = settings.function, "chosen in the readout settings"
    sequence, position = _resolved(outcome, address)
    token = outcome.prepared.readings[sequence].tokens[position]
    where = outcome.prepared.names[sequence]
    name = f"label of “{token.text}” at position {position}" + (f" of {where}" if where else "")
    row = outcome.rows(sequence)[position].astype(np.float64)
    found = RowAddress(sequence, position)
    reading = readout.read_out(request_id, row, outcome.labels, settings, function, reason, found, name)
    seconds = time.perf_counter() - began
    title, detail = (
        ("scores", "the logits") if function == "none" else ("probabilities", f"{function} of each row")
    )
    return reading, Step(title, detail, (1, *outcome.logits[0].shape), "float64", seconds)


def _resolved(outcome: Labeling, address: RowAddress) -> tuple[int, int]:
    """Window and position of an address; where it has no position, or none that exists, where the answer begins."""
    readings = outcome.prepared.readings
    sequence = address.sequence if 0 <= address.sequence < len(readings) else 0
    if address.position is not None and 0 <= address.position < len(readings[sequence].tokens):
        return sequence, address.position
    anywhere = sequence == 0
    for entity in outcome.entities:
        if anywhere or entity.sequence == sequence:
            return entity.sequence, entity.first
    added = readings[sequence].added
    return sequence, added.index(False) if False in added else 0


def answer(outcome: Labeling) -> tuple[Any, AnyView]:
    """What `pipeline("token-classification")` returns under the chosen strategy, and all the others make of it."""
    view = Tagged(
        labels=outcome.labels,
        probabilities=tuple(tuple(map(tuple, scores.tolist())) for scores in outcome.scores),
        strategies=outcome.strategies,
        chosen=outcome.chosen,
    )
    return [_entry(entity, outcome) for entity in outcome.entities], view


def _entry(entity: Entity, outcome: Labeling) -> dict[str, Any]:
    label: dict[str, Any] = {"entity_group": entity.label, "score": entity.score}
    if outcome.chosen == "none":
        best = int(outcome.scores[entity.sequence][entity.first].argmax())
        label = {"entity": outcome.own_labels[best], "score": entity.score, "index": entity.first}
    return label | {"word": entity.word, "start": entity.start, "end": entity.end}
