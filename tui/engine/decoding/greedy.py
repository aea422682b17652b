"""Greedy decoding by transformers' own `generate`, whose first forward is watched as any other is."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from tui.engine import device
from tui.engine.decoding.settings import told as generation_settings
from tui.engine.decoding.writing import without_padding
from tui.engine.forward.model_parts import counts_from_padding
from tui.engine.forward.running import Run, check_ids, its_own_code, run, tensors, told
from tui.engine.forward.walk import walked
from tui.engine.library.loops import is_greedy
from tui.engine.tokenization.reading import Reading

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.forward.outcome import Prepared


@dataclass(frozen=True)
class Continuation:
    """What a model wrote after a prompt."""

    ids: tuple[int, ...] = ()
    text: str = ""
    """Without special tokens."""
    others: tuple[str, ...] = ()
    """Further texts that the checkpoint asks for, best first."""
    stopped: str = ""
    """Why it ended; empty where nothing was written."""
    seconds: float | None = None
    note: str = ""
    """What to know where the model wrote from other inputs than those that its rows are of."""


_KEEP = "logits_to_keep"


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


def _same(value: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether all rows of an input are as expected, which has one row or none of its own."""
    try:
        return torch.equal(value, expected.expand(value.shape))
    except RuntimeError:  # of another length
        return False


class _FirstForward:
    """Watches the model's next forward, which is all there is to know of the prompt, and tells of it.

    Some families are handed other inputs by `generate` than the prompt's own (positions that count the padding's
    place, a token or a mask more). Then the prompt is read once more by itself: its rows are those of
    `model(**inputs)`, whatever is written after it.
    """

    def __init__(
        self,
        loaded: LoadedCheckpoint,
        reading: Reading,
        inputs: dict[str, torch.Tensor],
        began: float,
        read: Callable[[Run], None],
    ) -> None:
        self._model, self._on = loaded.model, loaded.placement.device
        self._loaded, self._reading = loaded, reading
        self._inputs, self._began, self._read = inputs, began, read
        self._started = began
        self._hooks = ExitStack()
        self.others: list[str] = []
        """The inputs that `generate` hands the model otherwise than a forward over the prompt alone has them."""
        self.ran: Run | None = None
        self.done = began
        """When it was over and told."""

    def __enter__(self) -> _FirstForward:
        self._walk = self._hooks.enter_context(walked(self._model, self._on))
        for handle in (
            self._model.register_forward_pre_hook(self._enter_model, with_kwargs=True),
            self._model.register_forward_hook(self._left_model),
        ):
            self._hooks.callback(handle.remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def _enter_model(self, _: Any, arguments: Any, keywords: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if _KEEP in self._loaded.accepts:
            keywords = {**keywords, _KEEP: 0}  # all of them, also where the family's own preparation says 1
        self.others = list(self._others(keywords))
        device.synchronize(self._on)
        self._started = time.perf_counter()
        return arguments, keywords

    def _others(self, keywords: dict[str, Any]) -> Iterator[str]:
        """The names of the inputs that make a forward another one than that over the prompt alone."""
        ids = self._inputs["input_ids"]
        for name, value in keywords.items():
            expected = self._inputs.get(name)
            if name == "position_ids" and expected is None and not counts_from_padding(self._model):
                expected = torch.arange(ids.shape[1], device=ids.device)
            if name == "attention_mask" and expected is None:
                expected = torch.ones_like(ids)
            if isinstance(value, torch.Tensor) and not (expected is not None and _same(value, expected)):
                yield name
        yield from sorted(self._inputs.keys() - keywords.keys() - {"attention_mask"})

    def _left_model(self, _: Any, __: Any, output: Any) -> None:
        device.synchronize(self._on)
        self._hooks.close()
        if self.others or output.logits.shape[1] != len(self._reading.ids):
            self.ran = run(self._loaded, self._reading)
        else:
            self.ran = told(output, output.logits, self._inputs, self._walk, self._began, self._started)
        self._read(self.ran)
        self.done = time.perf_counter()


def read_and_go_on(
    loaded: LoadedCheckpoint,
    prompt: Prepared,
    most: int,
    check: Callable[[], None],
    read: Callable[[Run], None],
) -> tuple[Run, Continuation]:
    """Run the model on a prompt and let it write up to `most` tokens, the likeliest each time.

    `read` is told of the prompt's forward before anything is written, if anything is. The settings of the
    checkpoint's generation_config.json hold, but for sampling. Nothing is written beyond what the model's positions
    allow. Raises what `check` and `read` raise.
    """
    (reading,) = prompt.readings
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
    texts, note = generation_settings.texts_returned(
        model.generation_config.num_return_sequences or 1, model.generation_config.num_beams or 1
    )
    settings["num_return_sequences"] = texts
    settings |= generation_settings.behind_prefix(model, prompt.prefix_tokens, settings)
    if model.generation_config.pad_token_id is None and loaded.tokenizer.pad_id is not None:
        settings["pad_token_id"] = loaded.tokenizer.pad_id
    watch = _FirstForward(loaded, reading, inputs, began, read) if _is_plain(model) else None
    first = None
    if watch is None:
        first = run(loaded, reading)
        read(first)
    started, pause = time.perf_counter(), _Check(check)
    with torch.inference_mode(), its_own_code(), ExitStack() as watched:
        if watch is not None:
            watched.enter_context(watch)
        generated = model.generate(  # type: ignore[operator]
            **inputs, **settings, stopping_criteria=StoppingCriteriaList([pause])
        )
        padded = getattr(generated, "sequences", generated)[:, count:].tolist()
        ids = tuple(without_padding(padded[0], _ends(model), 0))
    if watch is not None:
        first, started = watch.ran, watch.done
    assert first is not None
    seconds = time.perf_counter() - started - pause.seconds
    text, *further = (loaded.tokenizer.decode([*prompt.first, *each], skip_special=True) for each in padded)
    if watch is not None and watch.others:
        note = " ".join(filter(None, (note, _note_on_inputs(watch.others))))
    return first, Continuation(ids, text, tuple(further), _why(loaded, ids, room, most), seconds, note)


def _note_on_inputs(names: list[str]) -> str:
    return (
        f"generate hands this kind of model another {' and '.join(names)} than a forward over the text has: "
        "probabilities and perplexity are those of the forward, what is written follows generate."
    )


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
    return is_greedy(config) and config.prefill_chunk_size is None


def _ends(model: PreTrainedModel) -> list[int]:
    """The ids that end a text."""
    ends = model.generation_config.eos_token_id
    return [] if ends is None else ends if isinstance(ends, list) else [ends]


def _why(loaded: LoadedCheckpoint, ids: tuple[int, ...], room: int, most: int) -> str:
    if ids and ids[-1] in _ends(loaded.model):
        return f"{loaded.tokenizer.entry(ids[-1])}, which ends a text"
    if len(ids) < room:
        return "a setting in generation_config.json"
    return (
        f"max_new_tokens {most:,}"
        if room == most
        else f"the model's limit of {loaded.tokenizer.limit:,} tokens"
    )
