"""Text classification: a text, or two → ids → hidden states → head → logits → label scores."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.engine.forward.outcome import Outcome, Prepared, one_text, refuse_empty
from tui.protocol import Readout
from tui.protocol.answers import AnyView, Classified, Score
from tui.protocol.rows import Function, ReadoutSettings, RowAddress
from tui.protocol.walk import Step

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from tui.engine.checkpoint.loading import LoadedCheckpoint

prepare = one_text


@dataclass(frozen=True, kw_only=True)
class Classification(Outcome):
    """The logits of one text, still on their device."""

    logits: torch.Tensor
    """[labels], in the model's dtype."""
    labels: tuple[str, ...]
    own_labels: tuple[Any, ...]
    """As the config has them: a number, say."""
    function: Function
    """What the pipeline makes of these logits, or what was asked for."""
    reason: str
    top_k: int
    note: str

    def row(self) -> NDArray[np.float32]:
        """The logits as float32 [labels], which holds every half-precision number exactly."""
        return self.logits.float().cpu().numpy()


def forward(loaded: LoadedCheckpoint, prepared: Prepared, check: Callable[[], None]) -> Classification:
    """Run the model on one text. Raises EngineError when the text gave no token at all."""
    from tui.engine.forward.running import label_names, own_labels, run
    from tui.engine.rows import readout

    refuse_empty(prepared)
    ran = run(loaded, prepared.readings[0])
    function, reason = readout.pipeline_function(loaded.model.config)
    chosen = prepared.options["function_to_apply"]
    if chosen in ("softmax", "sigmoid", "none"):
        function, reason = chosen, "the option function_to_apply"  # type: ignore[assignment]
    top_k = prepared.options["top_k"]
    assert isinstance(top_k, int)
    return Classification(
        logits=ran.logits[0],
        labels=label_names(loaded.model.config, ran.logits.shape[-1]),
        own_labels=own_labels(loaded.model.config, ran.logits.shape[-1]),
        function=function,
        reason=reason,
        top_k=top_k,
        note=_note(ran.logits.shape[-1], function),
        steps=ran.steps,
        seconds=ran.seconds,
        norms=ran.norms,
    )


def _note(count: int, function: Function) -> str:
    if count != 1:
        return ""
    if function == "sigmoid":
        return (
            "One logit: the pipeline reads it by sigmoid, as the probability of the one label. If the head was "
            "trained to give a number (regression), that is wrong: function_to_apply none shows it as it is."
        )
    return (
        "One logit: softmax of it is always 1." if function == "softmax" else "One logit: a regression score."
    )


def read_out(
    request_id: int, outcome: Classification, settings: ReadoutSettings, address: RowAddress
) -> tuple[Readout, Step]:
    """The logits as probabilities under some settings, and that as the last step of the walk."""
    import numpy as np

    from tui.engine.rows import readout

    began = time.perf_counter()
    function, reason = outcome.function, outcome.reason
    if settings.function != "auto":
        function, reason = settings.function, "chosen in the readout settings"
    row = outcome.row().astype(np.float64)
    reading = readout.read_out(request_id, row, outcome.labels, settings, function, reason)
    seconds = time.perf_counter() - began
    name, detail = ("scores", "the logits") if function == "none" else ("probabilities", function)
    return reading, Step(name, detail, tuple(outcome.logits.shape), "float64", seconds)


def answer(outcome: Classification) -> tuple[Any, AnyView]:
    """What `pipeline("text-classification")` returns for the text, given its `top_k`."""
    from tui.engine.rows import readout

    scores = readout.pipeline_scores(outcome.row(), outcome.function)
    order = sorted(range(len(scores)), key=lambda index: scores[index], reverse=True)[: outcome.top_k]
    found = tuple(Score(outcome.labels[index], float(scores[index])) for index in order)
    view = Classified(found, outcome.note, outcome.function, len(scores))
    plain = [{"label": outcome.own_labels[index], "score": float(scores[index])} for index in order]
    return plain, view
