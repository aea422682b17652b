"""Text classification: one text → ids → hidden states → head → logits → label scores."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tui.engine import device, readout
from tui.engine.errors import EngineError
from tui.engine.loading import LoadedCheckpoint
from tui.engine.tasks.walk import walked
from tui.engine.tokenization.reading import Reading
from tui.protocol import Readout, ReadoutSettings, Score, Step


@dataclass(frozen=True)
class Outcome:
    """The logits of one text, still on their device, and how the model came to them."""

    loaded: LoadedCheckpoint
    logits: torch.Tensor
    """[labels], in the model's dtype."""
    steps: tuple[Step, ...]
    seconds: float

    def row(self) -> NDArray[np.float64]:
        """The logits as float64 [labels]."""
        return self.logits.float().cpu().double().numpy()

    def labels(self) -> tuple[str, ...]:
        """The label of every row of the head's output."""
        names = self.loaded.model.config.id2label or {}
        return tuple(str(names.get(index, f"LABEL_{index}")) for index in range(len(self.logits)))


def forward(loaded: LoadedCheckpoint, reading: Reading) -> Outcome:
    """Run the model on one text. Raises EngineError when the text gave no token at all."""
    if not reading.tokens:
        raise EngineError(
            "Nothing to read", "This tokenizer makes no token of an empty text.", "Type something."
        )
    on = loaded.placement.device
    began = time.perf_counter()
    inputs = _inputs(loaded, reading)
    device.synchronize(on)
    started = time.perf_counter()
    with torch.inference_mode(), walked(loaded.model, on) as walk:
        logits = loaded.model(**inputs, **_options(loaded)).logits
        device.synchronize(on)
    seconds = time.perf_counter() - began
    ids = Step("ids", " + ".join(inputs), tuple(inputs["input_ids"].shape), "int64", started - began)
    with torch.inference_mode():
        steps = (ids, *walk.steps(started, logits))
    return Outcome(loaded, logits[0], steps, seconds)


def _inputs(loaded: LoadedCheckpoint, reading: Reading) -> dict[str, torch.Tensor]:
    """A batch of one, [1, tokens] each, limited to what the model's forward takes."""
    accepted = inspect.signature(loaded.model.forward).parameters
    return {
        name: torch.tensor([values], device=loaded.placement.device)
        for name, values in reading.inputs.items()
        if name in accepted
    }


def _options(loaded: LoadedCheckpoint) -> dict[str, bool]:
    """No key/value cache for a single forward, where the model would make one."""
    return {"use_cache": False} if "use_cache" in inspect.signature(loaded.model.forward).parameters else {}


def read_out(request_id: int, outcome: Outcome, settings: ReadoutSettings) -> tuple[Readout, Step]:
    """The logits as probabilities under some settings, and that as the last step of the walk."""
    began = time.perf_counter()
    function, reason = readout.resolve(settings, outcome.loaded.model.config)
    reading = readout.read_out(request_id, outcome.row(), outcome.labels(), settings, function, reason)
    seconds = time.perf_counter() - began
    name, detail = ("scores", "the logits") if function == "none" else ("probabilities", function)
    return reading, Step(name, detail, tuple(outcome.logits.shape), "float64", seconds)


def answer(outcome: Outcome) -> tuple[Score, ...]:
    """What `pipeline("text-classification")` returns for the text."""
    function, _ = readout.pipeline_function(outcome.loaded.model.config)
    return readout.pipeline_answer(outcome.logits.float().cpu().numpy(), outcome.labels(), function)
