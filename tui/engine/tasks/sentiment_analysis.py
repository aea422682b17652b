"""Text classification: one text → ids → hidden states → head → logits → label scores."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from tui.engine import device, readout
from tui.engine.errors import EngineError
from tui.engine.loading import LoadedCheckpoint
from tui.engine.tasks.walk import walked
from tui.engine.tokenization.reading import Reading
from tui.protocol import Function, Readout, ReadoutSettings, Score, Step


@dataclass(frozen=True)
class Outcome:
    """The logits of one text, still on their device, and how the model came to them.

    Holds nothing of the model, so that a checkpoint no longer in use leaves the memory.
    """

    logits: torch.Tensor
    """[labels], in the model's dtype."""
    labels: tuple[str, ...]
    function: Function
    """What the pipeline makes of these logits."""
    reason: str
    steps: tuple[Step, ...]
    seconds: float

    def row(self) -> NDArray[np.float32]:
        """The logits as float32 [labels], which holds every half-precision number exactly."""
        return self.logits.float().cpu().numpy()


def forward(loaded: LoadedCheckpoint, reading: Reading) -> Outcome:
    """Run the model on one text. Raises EngineError when the text gave no token at all."""
    if not reading.tokens:
        raise EngineError(
            "Nothing to read", "This tokenizer makes no token of an empty text.", "Type something."
        )
    on, model = loaded.placement.device, loaded.model
    _check_ids(model, reading.inputs["input_ids"])
    options = {"use_cache": False} if "use_cache" in loaded.accepts else {}
    began = time.perf_counter()
    inputs = {
        name: torch.tensor([values], device=on)
        for name, values in reading.inputs.items()
        if name in loaded.accepts
    }
    device.synchronize(on)
    started = time.perf_counter()
    with torch.inference_mode():
        with walked(model, on) as walk:
            logits = model(**inputs, **options).logits
            device.synchronize(on)
        seconds = time.perf_counter() - began
        walked_steps = tuple(walk.steps(started, logits))
    ids = Step("ids", " + ".join(inputs), tuple(inputs["input_ids"].shape), "int64", started - began)
    function, reason = readout.pipeline_function(model.config)
    names = {int(index): str(name) for index, name in (model.config.id2label or {}).items()}
    labels = tuple(names.get(index, f"LABEL_{index}") for index in range(logits.shape[-1]))
    return Outcome(logits[0], labels, function, reason, (ids, *walked_steps), seconds)


def _check_ids(model: PreTrainedModel, ids: list[int]) -> None:
    """An id without an embedding would be an exception on a CPU, and the end of the process on a GPU."""
    embeddings = model.get_input_embeddings()
    if isinstance(embeddings, torch.nn.Embedding) and max(ids) >= embeddings.num_embeddings:
        raise EngineError(
            "The tokenizer doesn't fit the model",
            f"It made the id {max(ids):,}; the model's vocabulary ends at {embeddings.num_embeddings - 1:,}.",
            "Copy the tokenizer and the weights from the same checkpoint.",
        )


def read_out(request_id: int, outcome: Outcome, settings: ReadoutSettings) -> tuple[Readout, Step]:
    """The logits as probabilities under some settings, and that as the last step of the walk."""
    began = time.perf_counter()
    function, reason = outcome.function, outcome.reason
    if settings.function != "auto":
        function, reason = settings.function, "chosen in the readout settings"
    row = outcome.row().astype(np.float64)
    reading = readout.read_out(request_id, row, outcome.labels, settings, function, reason)
    seconds = time.perf_counter() - began
    name, detail = ("scores", "the logits") if function == "none" else ("probabilities", function)
    return reading, Step(name, detail, tuple(outcome.logits.shape), "float64", seconds)


def answer(outcome: Outcome) -> tuple[Score, ...]:
    """What `pipeline("text-classification")` returns for the text."""
    return readout.pipeline_answer(outcome.row(), outcome.labels, outcome.function)
