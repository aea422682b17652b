"""Running the model once on one row of ids, watched; what every task's forward shares. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from tui.engine import device
from tui.engine.errors import Abandoned, EngineError, failure_of, is_out_of_memory, plain
from tui.engine.forward.model_parts import input_embeddings
from tui.engine.forward.walk import Walk, harmless, walked
from tui.engine.tokenization.reading import Reading
from tui.protocol.walk import Step

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.forward.outcome import Prepared


@dataclass(frozen=True)
class Run:
    """What one watched forward gave."""

    output: Any
    """The model's own output object."""
    logits: torch.Tensor
    """The output's `logits`, or what `read` took from it; [1, ...]."""
    steps: tuple[Step, ...]
    seconds: float
    norms: tuple[tuple[float, ...], ...]
    """[1][positions]; empty where the walk met no hidden states. A decoder's come after its encoder's."""


def run(
    loaded: LoadedCheckpoint,
    reading: Reading,
    *,
    logits: str = "logits",
    extra: Mapping[str, Any] | None = None,
) -> Run:
    """Run the model on one row of ids. `logits` names the output that the walk ends with.

    Raises EngineError for ids that the model has no embedding for.
    """
    on, model = loaded.placement.device, loaded.model
    check_ids(model, reading.ids)
    options = {"use_cache": False} if "use_cache" in loaded.accepts else {}
    began = time.perf_counter()
    inputs = tensors(loaded, reading)
    device.synchronize(on)
    started = time.perf_counter()
    with torch.inference_mode(), its_own_code():
        with walked(model, on) as walk:
            output = model(**inputs, **options, **(extra or {}))
            device.synchronize(on)
        return told(output, getattr(output, logits), inputs, walk, began, started)


@contextmanager
def its_own_code() -> Iterator[None]:
    """Around a call of the model: what its code raises for values that its config should not have, told as that."""
    try:
        yield
    except (Abandoned, EngineError):
        raise
    except Exception as error:
        if is_out_of_memory(error) or failure_of(error).fatal:
            raise
        raise EngineError(
            "The model can't run this",
            f"Its own code fails with {type(error).__name__}: {plain(error)}.",
            "Try another text. If it fails with any, its config.json or its tokenizer is not that of its weights.",
        ) from error


def told(
    output: Any,
    last: torch.Tensor,
    inputs: Mapping[str, torch.Tensor],
    walk: Walk,
    began: float,
    started: float,
) -> Run:
    """What a forward that ended just now gave. last: what its walk ends with, [1, ...]."""
    so_far = stages(last, inputs, walk, began, started)
    return Run(output, last, so_far.steps, so_far.seconds, so_far.norms)


@dataclass(frozen=True)
class WalkSoFar:
    """How far a watched forward has come."""

    steps: tuple[Step, ...]
    seconds: float
    norms: tuple[tuple[float, ...], ...]
    """[stacks][positions]"""


def stages(
    last: torch.Tensor | None,
    inputs: Mapping[str, torch.Tensor],
    walk: Walk,
    began: float,
    started: float,
) -> WalkSoFar:
    """The walk up to now. last: as for `told`, None while the forward has not come to it."""
    seconds = time.perf_counter() - began
    steps: tuple[Step, ...] = ()
    norms: tuple[tuple[float, ...], ...] = ()
    with harmless():
        steps = tuple(walk.steps(started, last))
        stacks = [hidden for hidden in (walk.encoder_hidden, walk.hidden) if hidden is not None]
        norms = tuple(tuple(hidden[0].float().norm(dim=-1).tolist()) for hidden in stacks)
    ids = Step("ids", " + ".join(inputs), tuple(inputs["input_ids"].shape), "int64", started - began)
    return WalkSoFar((ids, *steps), seconds, norms)


def tensors(loaded: LoadedCheckpoint, reading: Reading) -> dict[str, torch.Tensor]:
    """One row of inputs as int64 tensors [1, positions] on the model's device, those that it takes."""
    return {
        name: torch.tensor([values], device=loaded.placement.device)
        for name, values in reading.inputs.items()
        if name in loaded.accepts
    }


def check_ids(model: PreTrainedModel, ids: list[int]) -> None:
    """An id without an embedding would be an exception on a CPU, and the end of the process on a GPU."""
    embeddings = input_embeddings(model)
    if isinstance(embeddings, torch.nn.Embedding) and max(ids, default=0) >= embeddings.num_embeddings:
        raise EngineError(
            "The tokenizer doesn't fit the model",
            f"It made the id {max(ids):,}; the model's vocabulary ends at {embeddings.num_embeddings - 1:,}.",
            "Copy the tokenizer and the weights from the same checkpoint.",
        )


def own_labels(config: PreTrainedConfig, count: int) -> tuple[Any, ...]:
    """A head's `count` labels by index, as the config has them and pipelines return them: any value of JSON."""
    named = {int(index): label for index, label in (config.id2label or {}).items()}
    return tuple(named.get(index, f"LABEL_{index}") for index in range(count))


def check_first(model: PreTrainedModel, prepared: Prepared) -> None:
    """Raise EngineError where an empty prompt can't begin with the id that the checkpoint names for it."""
    embeddings = input_embeddings(model)
    if (
        isinstance(embeddings, torch.nn.Embedding)
        and max(prepared.first, default=0) >= embeddings.num_embeddings
    ):
        raise EngineError(
            "Nothing to read",
            "This tokenizer makes no token of this text, and bos_token_id, which would begin it, is "
            f"{prepared.first[0]:,}; the model's vocabulary ends at {embeddings.num_embeddings - 1:,}.",
            "Type something, or correct bos_token_id in its generation_config.json.",
        )


def label_names(config: PreTrainedConfig, count: int) -> tuple[str, ...]:
    """The same as text."""
    return tuple(map(str, own_labels(config, count)))


@dataclass(frozen=True)
class WindowRuns:
    """What the forwards over the windows of one text gave."""

    runs: tuple[Run, ...]
    """One for each window."""
    steps: tuple[Step, ...]
    """The walk through the first window."""
    seconds: float
    """Of all windows together."""
    norms: tuple[tuple[float, ...], ...]


def run_windows(
    loaded: LoadedCheckpoint,
    readings: Sequence[Reading],
    check: Callable[[], None],
    *,
    logits: str = "logits",
) -> WindowRuns:
    """Run the model on one window after the other; `check`, called between them, may raise to give up.

    No window is padded: the numbers are those of a batch, where padding is masked, up to rounding.
    """
    runs = []
    for reading in readings:
        check()
        runs.append(run(loaded, reading, logits=logits))
    steps = runs[0].steps
    if len(runs) > 1:
        ids = steps[0]
        detail = f"{ids.detail}, window 1 of {len(runs):,}"
        steps = (Step(ids.name, detail, ids.shape, ids.dtype, ids.seconds), *steps[1:])
    seconds, norms = sum(each.seconds for each in runs), tuple(row for each in runs for row in each.norms)
    return WindowRuns(tuple(runs), steps, seconds, norms)
