"""Whether the model that a config describes has the size of its weights: an outline of it takes no memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tui.engine.errors import EngineError
from tui.engine.library.classes import without_weights
from tui.engine.sources import plausible
from tui.engine.sources.safetensors_header import Weights

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig

_MOST_TIMES = 2
"""So many numbers may come from each byte of the weights: half of float16, four times what a model of them has."""
_MOST_TIMES_PACKED = 16
"""The same where a quantization packs several numbers into each byte."""
_SLACK = 64_000_000
"""Numbers that any model may have beside its weights: a head, a table of positions, a mask for each layer."""
_MODULES_PER_TENSOR = 40
_MOST_MODULES = 100_000
"""Where the weights don't tell how many tensors they hold."""


class _TooLarge(Exception):  # noqa: N818 - the outline has grown beyond the weights; told as an EngineError
    pass


def check(stated: Mapping[str, Any], config: PreTrainedConfig, weights: Weights, auto_class: Any) -> None:
    """Raises EngineError for a config whose model would be far larger than its weights.

    What is missing in the weights is filled with random numbers and buffers are made anew, so memory would follow
    the config. auto_class: the class of transformers that would load it; other errors are left to that.
    """
    import torch

    times = _MOST_TIMES_PACKED if stated.get("quantization_config") else _MOST_TIMES
    outline = _Outline(
        numbers=times * weights.size_bytes + _SLACK,
        modules=_MOST_MODULES if weights.tensors is None else _MODULES_PER_TENSOR * weights.tensors + 4000,
    )
    try:
        with outline, torch.device("meta"), without_weights():
            auto_class.from_config(copy.deepcopy(config), dtype=torch.float32, trust_remote_code=False)
    except _TooLarge as error:
        blame = plausible.culprit(stated, weights)
        raise EngineError(
            "The config doesn't fit the weights",
            f"The model it describes {error}, more than {weights.size_bytes / 1e6:,.1f} MB of weights can fill"
            + (f": {blame}." if blame else "."),
            "Copy config.json and the weights from the same checkpoint.",
        ) from None
    except Exception:  # noqa: BLE001 - the load that follows meets it again, and tells it with its own words
        return


class _Outline:
    """Counts what this thread's modules are made of, and stops them from growing without end."""

    def __init__(self, numbers: int, modules: int) -> None:
        self._numbers = numbers
        self._modules = modules
        self._thread = threading.get_ident()
        self._hooks = ExitStack()

    def __enter__(self) -> _Outline:
        from torch.nn.modules import module

        for register, seen in (
            (module.register_module_module_registration_hook, self._module),
            (module.register_module_parameter_registration_hook, self._numbers_of),
            (module.register_module_buffer_registration_hook, self._numbers_of),
        ):
            self._hooks.callback(register(seen).remove)
        return self

    def __exit__(self, *_: object) -> None:
        self._hooks.close()

    def _module(self, *_: object) -> None:
        if threading.get_ident() == self._thread:
            self._modules -= 1
            if self._modules < 0:
                raise _TooLarge("has ever more layers")

    def _numbers_of(self, _: object, name: str, tensor: torch.Tensor | None) -> None:
        if threading.get_ident() == self._thread and tensor is not None:
            self._numbers -= tensor.numel()
            if self._numbers < 0:
                raise _TooLarge(f"has {name!r} of {list(tensor.shape)} and more")
