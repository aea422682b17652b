"""Logits read as probabilities: by the pipeline's rules, with every column of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tui import probability
from tui.engine.errors import EngineError
from tui.protocol import Function, Readout, ReadoutSettings, Row, Score

if TYPE_CHECKING:
    from transformers import PreTrainedConfig


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
    logits: NDArray[np.float64],
    labels: tuple[str, ...],
    settings: ReadoutSettings,
    function: Function,
    reason: str,
) -> Readout:
    """Every column of the top rows.

    logits: float64 [labels]. Raises EngineError for a temperature that is not finite and above 0.
    """
    try:
        scaled = probability.scale(logits, settings.temperature)
    except ValueError as error:
        raise EngineError("Impossible temperature", f"{error}.", "Use a number such as 0.7 or 1.") from error
    order = probability.ranking(scaled)
    shown = order[: max(0, settings.top)]
    maximum = float(scaled.max())
    sum_exponentials = float(np.exp(probability.shift(scaled)).sum())
    shifted = -scaled if function == "sigmoid" else probability.shift(scaled)
    with np.errstate(over="ignore"):
        exponentials = np.exp(shifted)
    probabilities, tail, entropy_bits = None, None, None
    if function == "sigmoid":
        probabilities = probability.sigmoid(scaled)
    elif function == "softmax":
        probabilities = probability.softmax(scaled)
        tail = float(probabilities[order[len(shown) :]].sum())
        entropy_bits = probability.entropy_bits(probability.log_softmax(scaled))
    rows = tuple(
        Row(
            index=int(index),
            label=labels[index],
            logit=float(logits[index]),
            scaled=float(scaled[index]),
            shifted=float(shifted[index]),
            exponential=float(exponentials[index]),
            probability=None if probabilities is None else float(probabilities[index]),
        )
        for index in shown
    )
    return Readout(
        id=request_id,
        settings=settings,
        function=function,
        reason=reason,
        rows=rows,
        total=len(logits),
        tail=tail,
        maximum=maximum,
        sum_exponentials=sum_exponentials,
        entropy_bits=entropy_bits,
    )


def pipeline_answer(
    logits: NDArray[np.float32], labels: tuple[str, ...], function: Function
) -> tuple[Score, ...]:
    """What the pipeline returns, by its own float32 arithmetic. logits: float32 [labels]."""
    with np.errstate(over="ignore", invalid="ignore"):
        if function == "sigmoid":
            scores = np.asarray(1.0 / (1.0 + np.exp(-logits)))
        elif function == "softmax":
            exponentials = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
            scores = np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))
        else:
            scores = np.asarray(logits)
    return (Score(labels[int(scores.argmax())], float(scores.max())),)
