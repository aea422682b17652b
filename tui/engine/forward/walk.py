"""The walk from ids to logits: every tensor that leaves a station of the model, and the time it took.

Hooks are set for one forward and removed after it; none of them can stop what it watches: a family whose parts
can't be told apart has a shorter walk. What lies between two hooked modules (an activation called
as a function, the choice of one position) is named only when the numbers prove it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from tui.engine import device
from tui.engine.errors import Abandoned, EngineError, is_out_of_memory
from tui.engine.forward.model_parts import input_embeddings, output_embeddings
from tui.protocol.walk import Step

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LOG = logging.getLogger(__name__)
_PASSED_OVER = (nn.Dropout, nn.Identity)
_ACTIVATIONS: tuple[tuple[str, Callable[[Tensor], Tensor]], ...] = (
    ("ReLU", torch.relu),
    ("tanh", torch.tanh),
    ("GELU", nn.functional.gelu),
    ("SiLU", nn.functional.silu),
)


@dataclass(frozen=True)
class _Station:
    name: str
    detail: str
    before: Tensor | None
    after: Tensor
    at: float


@dataclass
class Walk:
    """The stations one forward passed, in order of time."""

    device: str
    stations: list[_Station] = field(default_factory=list)
    hidden: Tensor | None = None
    """The base model's last hidden states, [1, positions, width], once they are there."""
    encoder_hidden: Tensor | None = None
    """Those of the encoder, where a decoder's hidden states are the last ones."""
    _pooler_entered: tuple[int, float] | None = None
    """How many stations stood, and when, as the base model's pooler began."""

    def note(self, name: str, detail: str, before: Tensor | None, after: Tensor) -> None:
        """A tensor left a module just now."""
        if not any(station.name == name for station in self.stations):
            self.stations.append(_Station(name, detail, before, after, self._now()))

    def note_pooler_entry(self) -> None:
        """The base model's hidden states are done; its pooler begins."""
        self._pooler_entered = len(self.stations), self._now()

    def note_hidden_states(self, detail: str, after: Tensor) -> None:
        """The base model ended. Its hidden states were there before its pooler, if it has one."""
        self.hidden = after if after.dim() == 3 else None
        place, at = self._pooler_entered or (len(self.stations), self._now())
        self.stations.insert(place, _Station("hidden states", detail, None, after, at))

    def note_stack(self, stack: str, detail: str, after: Tensor) -> None:
        """The encoder or the decoder of a model that writes ended."""
        if stack == "encoder":
            self.encoder_hidden = after
        else:
            self.hidden = after
        self.note(f"{stack} hidden states", detail, None, after)

    def _now(self) -> float:
        device.synchronize(self.device)
        return time.perf_counter()

    def steps(self, started: float, logits: Tensor | None) -> Iterator[Step]:
        """The stations as steps; each one's seconds count from the station before it.

        `started`: when the forward began, seconds of `time.perf_counter`. logits: [1, labels], None while the
        forward has not come to them.
        """
        last, current = started, None
        for number, station in enumerate(self.stations):
            if current is not None and station.before is not None:
                yield from _between(current, station.before)
            last_one = number == len(self.stations) - 1
            final = logits is not None and last_one and _same(station.after, logits)
            yield Step(
                "logits" if final else station.name,
                f"{station.name}: {station.detail}" if final else station.detail,
                tuple(station.after.shape),
                device.dtype_name(station.after.dtype),
                station.at - last,
            )
            last, current = station.at, station.after
            if final:
                return
        if logits is None:
            return
        for step in () if current is None else _between(current, logits):
            yield Step("logits", f"{step.name}: {step.detail}", step.shape, step.dtype, None)
            return
        yield Step("logits", "", tuple(logits.shape), device.dtype_name(logits.dtype), None)


@contextmanager
def walked(model: PreTrainedModel, on: str) -> Iterator[Walk]:
    """Watch the forward that runs inside; the hooks are gone afterwards, whatever happens."""
    walk = Walk(on)
    handles: list[torch.utils.hooks.RemovableHandle] = []
    try:
        with harmless():
            for handle in _hook(model, walk):
                handles.append(handle)  # noqa: PERF402 - those that stand are removed, whatever the next one raises
        yield walk
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def harmless() -> Iterator[None]:
    """Around what only watches: what it raises goes to the log. Memory that runs out and giving up go through."""
    try:
        yield
    except (Abandoned, EngineError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        _LOG.info("a part of the model can't be watched", exc_info=True)


def _hook(model: PreTrainedModel, walk: Walk) -> Iterator[torch.utils.hooks.RemovableHandle]:
    stacks = two_stacks(model)
    if stacks is not None:
        yield from _hook_stacks(*stacks, walk)
        return
    base: Any = model.base_model
    embeddings = input_embeddings(base) or input_embeddings(model)
    if embeddings is not None:
        yield _hook_exit(embeddings, "token embeddings", walk)
    if base is model:
        return
    layers = getattr(base.config, "num_hidden_layers", None)
    detail = type(base).__name__ + (f", {layers} layers" if isinstance(layers, int) else "")

    def left_base(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        with harmless():
            hidden = _tensor(output)
            if hidden is not None:
                walk.note_hidden_states(detail, hidden)

    def entered_pooler(_: nn.Module, __: tuple[Any, ...]) -> None:
        with harmless():
            walk.note_pooler_entry()

    yield base.register_forward_hook(left_base)
    pooler = getattr(base, "pooler", None)
    if isinstance(pooler, nn.Module):
        yield pooler.register_forward_pre_hook(entered_pooler)
        yield from _hook_leaves(pooler, "pooler", walk)
    for name, child in model.named_children():
        if child is not base:
            yield from _hook_leaves(child, name, walk)


def two_stacks(model: Any) -> tuple[Any, Any, nn.Module] | None:
    """Encoder, decoder and the module that holds the head, of a model whose decoder writes tokens.

    A decoder may come with a head of its own, as in `EncoderDecoderModel`. None for any other model.
    """
    if not getattr(model.config, "is_encoder_decoder", False) or output_embeddings(model) is None:
        return None
    encoder, decoder = model.get_encoder(), model.get_decoder()
    if encoder is model or decoder is model:
        return None
    whole = getattr(decoder, "base_model", decoder)
    return (encoder, decoder, model) if whole is decoder else (encoder, whole, decoder)


def _hook_stacks(
    encoder: Any, decoder: Any, holder: nn.Module, walk: Walk
) -> Iterator[torch.utils.hooks.RemovableHandle]:
    embeddings = input_embeddings(encoder)
    if embeddings is not None:
        yield _hook_exit(embeddings, "token embeddings", walk)
    for stack, module in (("encoder", encoder), ("decoder", decoder)):
        layers = _layers(module)
        detail = type(module).__name__ + ("" if layers is None else f", {layers} layers")

        def left(_: nn.Module, __: Any, output: Any, stack: str = stack, detail: str = detail) -> None:
            with harmless():
                hidden = _tensor(output)
                if hidden is not None:
                    walk.note_stack(stack, detail, hidden)

        yield module.register_forward_hook(left)
    passed = {id(part) for part in (*encoder.modules(), *decoder.modules())}
    for name, child in holder.named_children():
        if not any(id(part) in passed for part in child.modules()):
            yield from _hook_leaves(child, name, walk)


def _layers(stack: Any) -> int | None:
    """How many layers a stack has, by its own list of them where its config says it of another stack."""
    for name in ("block", "layers", "layer"):
        blocks = getattr(stack, name, None)
        if isinstance(blocks, nn.ModuleList):
            return len(blocks)
    layers = getattr(stack.config, "num_hidden_layers", None)
    return layers if isinstance(layers, int) else None


def _hook_leaves(module: nn.Module, path: str, walk: Walk) -> Iterator[torch.utils.hooks.RemovableHandle]:
    for name, part in module.named_modules(prefix=path):
        if not isinstance(part, _PASSED_OVER) and next(part.children(), None) is None:
            yield _hook_exit(part, name, walk)


def _hook_exit(module: nn.Module, name: str, walk: Walk) -> torch.utils.hooks.RemovableHandle:
    detail = _sizes(module)

    def left(_: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        with harmless():
            after = _tensor(output)
            if after is not None:
                walk.note(name, detail, _tensor(arguments), after)

    return module.register_forward_hook(left)


def _tensor(value: Any) -> Tensor | None:
    """The tensor in what a module takes or gives: itself, or the first of a tuple or of a ModelOutput."""
    if isinstance(value, Tensor):
        return value
    try:
        first = value[0]
    except (TypeError, KeyError, IndexError):
        return None
    return first if isinstance(first, Tensor) else None


def _sizes(module: nn.Module) -> str:
    name = type(module).__name__
    if isinstance(module, nn.Linear):
        return f"{name}({module.in_features:,} → {module.out_features:,})"
    if isinstance(module, nn.Embedding):
        return f"{name}({module.num_embeddings:,} → {module.embedding_dim:,})"
    return name


def _same(first: Tensor, second: Tensor) -> bool:
    return first.shape == second.shape and torch.equal(first, second)


def _between(left: Tensor, entered: Tensor) -> Iterator[Step]:
    """What happened to a tensor between two modules, where the numbers prove it."""
    if _same(left, entered):
        return
    shape, dtype = tuple(entered.shape), device.dtype_name(entered.dtype)
    if left.shape == entered.shape:
        for name, function in _ACTIVATIONS:
            if torch.equal(function(left), entered):
                yield Step("activation", name, shape, dtype, None)
                return
        if left.dim() == 3 and torch.equal(left * left.shape[-1] ** -0.5, entered):  # T5 with tied embeddings
            yield Step("scaled", f"× {left.shape[-1]}^−½", shape, dtype, None)
            return
    if left.dim() == 3 and left.shape[0] == 1 and entered.shape == (1, left.shape[2]):
        count = left.shape[1]
        equal = (left[0] == entered[0]).all(dim=-1).nonzero()
        if len(equal):
            where = {count - 1: "last", 0: "first"}.get(int(equal[0]), "chosen")
            yield Step(f"{where} token", f"position {int(equal[0])} of 0–{count - 1}", shape, dtype, None)
        elif torch.equal(left.mean(dim=1), entered):
            yield Step("mean", f"over {count} positions", shape, dtype, None)
