"""Greedy decoding by transformers' own `generate`, whose first forward is watched as any other is."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList
from transformers.generation.configuration_utils import GenerationMode

from tui.engine import device
from tui.engine.tasks import generation_settings
from tui.engine.tasks.running import Run, check_ids, its_own_code, run, tensors, told
from tui.engine.tasks.walk import walked
from tui.engine.tokenization.reading import Reading

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from tui.engine.loading import LoadedCheckpoint


@dataclass(frozen=True)
class Continuation:
    """What a model wrote after a prompt."""

    ids: tuple[int, ...] = ()
    text: str = ""
    """Without special tokens."""
    stopped: str = ""
    """Why it ended; empty where nothing was written."""
    seconds: float | None = None


class _Check(StoppingCriteria):
    """Never stops by itself: it lets `check` raise between two tokens, and measures what `check` takes."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self.seconds = 0.0

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:  # noqa: ARG002
        began = time.perf_counter()
        self._check()
        self.seconds += time.perf_counter() - began
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


class _FirstForward:
    """Watches the model's next forward, which is all there is to know of the prompt, and tells of it."""

    def __init__(
        self,
        loaded: LoadedCheckpoint,
        inputs: dict[str, torch.Tensor],
        began: float,
        read: Callable[[Run], None],
    ) -> None:
        self._model, self._on = loaded.model, loaded.placement.device
        self._inputs, self._began, self._read = inputs, began, read
        self._started = began
        self._hooks = ExitStack()
        self.ran: Run | None = None
        self.done = began
        """When it was over and told."""

    def __enter__(self) -> _FirstForward:
        self._walk = self._hooks.enter_context(walked(self._model, self._on))
        for handle in (
            self._model.register_forward_pre_hook(self._enter_model),
            self._model.register_forward_hook(self._left_model),
        ):
            self._hooks.callback(handle.remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def _enter_model(self, *_: Any) -> None:
        device.synchronize(self._on)
        self._started = time.perf_counter()

    def _left_model(self, _: Any, __: Any, output: Any) -> None:
        device.synchronize(self._on)
        self.ran = told(output, output.logits, self._inputs, self._walk, self._began, self._started)
        self._hooks.close()
        self._read(self.ran)
        self.done = time.perf_counter()


def read_and_go_on(
    loaded: LoadedCheckpoint,
    reading: Reading,
    most: int,
    check: Callable[[], None],
    read: Callable[[Run], None],
) -> tuple[Run, Continuation]:
    """Run the model on a prompt and let it write up to `most` tokens, the likeliest each time.

    `read` is told of the prompt's forward before anything is written, if anything is. The settings of the
    checkpoint's generation_config.json hold, but for sampling. Nothing is written beyond what the model's positions
    allow. Raises what `check` and `read` raise.
    """
    count = len(reading.ids)
    limit = loaded.tokenizer.limit
    room = most if limit is None else min(most, limit + 1 - count)  # the last one is not read again
    if room <= 0:
        return run(loaded, reading), Continuation()
    check_ids(loaded.model, reading.ids)
    generation_settings.refuse_stated(loaded.model, loaded.tokenizer.folder)
    model, began = loaded.model, time.perf_counter()
    inputs = tensors(loaded, reading)
    settings: dict[str, Any] = {"do_sample": False, "max_new_tokens": room}
    settings |= generation_settings.growing_cache(model)
    if model.generation_config.pad_token_id is None and loaded.tokenizer.pad_id is not None:
        settings["pad_token_id"] = loaded.tokenizer.pad_id
    watch = _FirstForward(loaded, inputs, began, read) if _is_plain(model) else None
    first = None
    if watch is None:
        first = run(loaded, reading)
        read(first)
    elif "logits_to_keep" in loaded.accepts:
        settings["logits_to_keep"] = 0  # all of them
    started, pause = time.perf_counter(), _Check(check)
    with torch.inference_mode(), its_own_code(), ExitStack() as watched:
        if watch is not None:
            watched.enter_context(watch)
        generated = model.generate(  # type: ignore[operator]
            **inputs, **settings, stopping_criteria=StoppingCriteriaList([pause])
        )
        ids = tuple(getattr(generated, "sequences", generated)[0, count:].tolist())
    if watch is not None:
        first, started = watch.ran, watch.done
    assert first is not None
    seconds = time.perf_counter() - started - pause.seconds
    text = loaded.tokenizer.decode(ids, skip_special=True)
    return first, Continuation(ids, text, _why(loaded, ids, room, most), seconds)


def note_on_sampling(model: PreTrainedModel) -> str:
    """What to say where the checkpoint's own settings ask for sampling."""
    config = model.generation_config
    if not config.do_sample:
        return ""
    named = ("temperature", "top_k", "top_p", "min_p")
    asked = ", ".join(
        f"{name} {value:g}" for name in named if (value := getattr(config, name, None)) is not None
    )
    return (
        f"The checkpoint's generation_config.json asks for sampling{f' ({asked})' if asked else ''}; "
        "here the likeliest token is taken each time."
    )


def _is_plain(model: PreTrainedModel) -> bool:
    """Whether the first forward of `generate` reads the whole prompt, once."""
    config = copy.deepcopy(model.generation_config)
    config.do_sample = False
    return config.get_generation_mode() == GenerationMode.GREEDY_SEARCH and config.prefill_chunk_size is None


def _why(loaded: LoadedCheckpoint, ids: tuple[int, ...], room: int, most: int) -> str:
    ends = loaded.model.generation_config.eos_token_id
    known = ends if isinstance(ends, list) else [ends]
    if ids and ids[-1] in known:
        return f"{loaded.tokenizer.entry(ids[-1])}, which ends a text"
    if len(ids) < room:
        return "a setting in generation_config.json"
    return (
        f"max_new_tokens {most:,}"
        if room == most
        else f"the model's limit of {loaded.tokenizer.limit:,} tokens"
    )
