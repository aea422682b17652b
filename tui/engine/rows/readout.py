"""Logits read as probabilities: by the pipeline's rules, with every column of the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tui.engine.rows import filtering, finding, probability
from tui.engine.rows.finding import Labels
from tui.engine.rows.probability import Floats
from tui.protocol import Readout
from tui.protocol.rows import Function, ReadoutSettings, Rest, Row, RowAddress

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

    from tui.engine.rows.filtering import Chain, Reshaped


def pipeline_function(config: PreTrainedConfig) -> tuple[Function, str]:
    """The function that transformers' text-classification pipeline applies, and the rule that says so.

    The rules stand in `TextClassificationPipeline.postprocess`; with any label at all no further one is reached.
    """
    problem, count = config.problem_type, config.num_labels
    if problem == "regression":
        return "none", "the config's problem_type is regression: the logit is the answer"
    if problem == "multi_label_classification":
        return "sigmoid", "the config's problem_type is multi_label_classification: each label on its own"
    if count == 1:
        return "sigmoid", "the config has one label"
    if problem == "single_label_classification":
        return "softmax", "the config's problem_type is single_label_classification"
    return "softmax", f"the config has {count} labels and no problem_type"


def read_out(
    request_id: int,
    logits: Floats,
    labels: Labels,
    settings: ReadoutSettings,
    function: Function,
    reason: str,
    address: RowAddress = RowAddress(),  # noqa: B008 - a frozen value
    name: str = "",
    parts: tuple[str, ...] = (),
    context_ids: Sequence[int] | None = None,
    chain: Chain | None = None,
) -> Readout:
    """Every column of the rows that are asked for, and what the others amount to.

    logits: float64 [labels]. `labels` may be anything that gives the name of a row by its index. context_ids: for
    a row about the next token, the ids before it. chain: the processors that `generate` applies to it. Raises
    EngineError for settings that nothing can be read under.
    """
    reshaped = filtering.reshape(logits, settings, function, context_ids, chain)
    columns = _Columns(logits, labels, function, reshaped)
    count, top = len(logits), max(0, settings.top)
    found, start = None, settings.start
    if settings.find:
        found, row = finding.find(settings.find, settings.hit, labels, columns.scores)
        if row is not None and found.rank is not None:
            start = found.rank - top // 2
    elif settings.searching:
        finding.prepare(labels, count)
    start = max(0, min(start, count - top))
    shown = probability.ranked(columns.scores, start, top)
    above, below = _outside(columns.scores, shown)
    watched = [finding.follow(each, labels, count) for each in settings.watched]
    below_rest = columns.rest(below)
    penalized, dropped = reshaped.penalized, reshaped.dropped
    return Readout(
        id=request_id,
        settings=settings,
        function=function,
        reason=reason,
        rows=columns.rows(shown, start, columns.mass(above)),
        total=count,
        tail=below_rest.mass,
        maximum=float(reshaped.scaled.max()),
        sum_exponentials=float(np.exp(probability.shift(reshaped.scaled)).sum()),
        entropy_bits=columns.entropy_bits,
        address=address,
        name=name,
        parts=parts,
        start=start,
        above=columns.rest(above),
        below=below_rest,
        watched=tuple(None if index is None else columns.row_by_index(index) for index in watched),
        found=found,
        penalized=None if penalized is None else int((penalized != logits).sum()),
        stages=reshaped.stages,
        kept=None if dropped is None else int((dropped == filtering.KEPT).sum()),
        kept_mass=None if dropped is None else columns.mass(dropped == filtering.KEPT),
        kept_sum=None if dropped is None else float(columns.exponentials[dropped == filtering.KEPT].sum()),
        kept_entropy_bits=columns.kept_entropy_bits,
        notes=reshaped.notes,
        reweighed_by=reshaped.reweighed_by,
    )


def _outside(scores: Floats, shown: NDArray[np.intp]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows ranked before and after those that are shown, all of them after where none is."""
    after = np.ones(len(scores), dtype=np.bool_)
    before = np.zeros(len(scores), dtype=np.bool_)
    if not len(shown):
        return before, after
    first = int(shown[0])
    place, score = np.arange(len(scores)), scores[first]
    if np.isnan(score):
        before = ~np.isnan(scores) | (np.isnan(scores) & (place < first))
    else:
        before = (scores > score) | ((scores == score) & (place < first))
    after[shown] = False
    return before, after & ~before


class _Columns:
    """The columns of all rows, as arrays; rows are taken from them one by one."""

    def __init__(self, logits: Floats, labels: Labels, function: Function, reshaped: Reshaped) -> None:
        self._logits, self._labels, self._reshaped = logits, labels, reshaped
        scaled = reshaped.scaled
        self.scores = scaled
        self._shifted = -scaled if function == "sigmoid" else probability.shift(scaled)
        with np.errstate(over="ignore"):
            self.exponentials = np.exp(self._shifted)
        self._probabilities: Floats | None = None
        self._nats: Floats | None = None
        self._renormalized: Floats | None = None
        self._shared = function == "softmax"
        self.entropy_bits: float | None = None
        self.kept_entropy_bits: float | None = None
        if function == "sigmoid":
            self._probabilities = probability.sigmoid(scaled)
            self._nats = -np.logaddexp(0.0, -scaled)
        elif function == "softmax":
            self._probabilities = probability.softmax(scaled)
            self._nats = probability.log_softmax(scaled)
            self.entropy_bits = probability.entropy_bits(self._nats)
        if reshaped.dropped is not None:
            kept = reshaped.dropped == filtering.KEPT
            self._renormalized = np.zeros_like(scaled)
            if kept.any():
                nats = probability.log_softmax(np.where(kept, scaled, -np.inf))
                self._renormalized = np.exp(nats)
                self.kept_entropy_bits = probability.entropy_bits(nats)

    def mass(self, which: NDArray[np.bool_]) -> float | None:
        """Probability of some rows together; None where it isn't a distribution."""
        if self._probabilities is None or not self._shared:
            return None
        return float(self._probabilities[which].sum())

    def rest(self, which: NDArray[np.bool_]) -> Rest:
        """What rows that are not shown amount to."""
        dropped, renormalized = self._reshaped.dropped, self._renormalized
        return Rest(
            rows=int(which.sum()),
            mass=self.mass(which),
            kept=None if dropped is None else int((dropped[which] == filtering.KEPT).sum()),
            renormalized=None if renormalized is None else float(renormalized[which].sum()),
        )

    def rows(self, shown: NDArray[np.intp], start: int, above: float | None) -> tuple[Row, ...]:
        """Rows that follow each other by rank; `above` is the probability of all before the first."""
        sums: list[float | None] = [None] * len(shown)
        if self._probabilities is not None and above is not None:
            sums = list(above + np.cumsum(self._probabilities[shown]))
        return tuple(
            self._row(int(index), start + number, cumulative)
            for number, (index, cumulative) in enumerate(zip(shown, sums, strict=True))
        )

    def row_by_index(self, index: int) -> Row:
        """A row wherever it ranks."""
        above, _ = _outside(self.scores, np.array([index]))
        mass = self.mass(above)
        cumulative = None
        if self._probabilities is not None and mass is not None:
            cumulative = mass + float(self._probabilities[index])
        return self._row(index, int(above.sum()), cumulative)

    def _row(self, index: int, rank: int, cumulative: float | None) -> Row:
        reshaped = self._reshaped
        stage = None if reshaped.dropped is None else int(reshaped.dropped[index])
        dropped_by = None
        if stage is not None and stage != filtering.KEPT:
            dropped_by = "logit" if stage == filtering.IMPOSSIBLE else reshaped.stages[stage].name
        nats = None if self._nats is None else float(self._nats[index])
        return Row(
            index=index,
            label=self._labels[index],
            logit=float(self._logits[index]),
            scaled=float(self.scores[index]),
            shifted=float(self._shifted[index]),
            exponential=float(self.exponentials[index]),
            probability=None if self._probabilities is None else float(self._probabilities[index]),
            rank=rank,
            cumulative=None if cumulative is None else float(cumulative),
            log_probability=nats,
            surprisal_bits=None if nats is None else abs(nats) / math.log(2.0),
            penalized=None if reshaped.penalized is None else float(reshaped.penalized[index]),
            kept=None if stage is None else stage == filtering.KEPT,
            dropped_by=dropped_by,
            renormalized=None if self._renormalized is None else float(self._renormalized[index]),
        )


def pipeline_scores(logits: NDArray[np.float32], function: Function) -> NDArray[np.float32]:
    """The pipeline's scores, by its own float32 arithmetic. logits: float32 [..., labels]."""
    with np.errstate(over="ignore", invalid="ignore"):
        if function == "sigmoid":
            return np.asarray(1.0 / (1.0 + np.exp(-logits)))
        if function == "softmax":
            exponentials = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
            return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))
    return logits
