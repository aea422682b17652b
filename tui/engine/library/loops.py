"""The loop of `generate` as somebody else runs it: what goes in, what grows along, what its cache is called."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

CACHE = "cache"
"""The keyword argument that holds keys and values: `past_key_values` before 5.24."""
_OF_THE_LOOP = ("logits_processor", "stopping_criteria", "generation_config")


class OwnLoop(Protocol):
    """What `generate` can call in the place of its loop."""

    def __call__(self, model: Any, input_ids: torch.Tensor, **keywords: Any) -> torch.Tensor:
        """Go on from input_ids [rows, positions]; keywords: those of the model, and `logits_processor`,
        `stopping_criteria`, `generation_config`."""


def generate_by(loop: OwnLoop, model: Any, **arguments: Any) -> None:
    """Let `generate` make everything ready and `loop` take the place of its own (`custom_generate`, since 4.53)."""
    model.generate(**arguments, custom_generate=loop)


def of_the_model(keywords: MutableMapping[str, Any]) -> dict[str, Any]:
    """Of a loop's keywords those that the model takes."""
    return {name: value for name, value in keywords.items() if name not in _OF_THE_LOOP}


def grown(model: Any, output: Any, keywords: dict[str, Any], count: int = 1) -> dict[str, Any]:
    """The model's keywords for a row that is longer by `count` ids: masks, positions and token types follow."""
    encoder = bool(model.config.is_encoder_decoder)
    more: dict[str, Any] = model._update_model_kwargs_for_generation(
        output, keywords, encoder, num_new_tokens=count
    )
    return more


def reordered(model: Any, cache: Any, parents: torch.Tensor) -> Any:
    """A cache whose rows are some of the rows before. parents: int64 [rows]."""
    if hasattr(model, "_reorder_cache"):
        return model._reorder_cache(cache, parents)
    cache.reorder_cache(parents)
    return cache


def ends_of(config: Any) -> tuple[int, ...]:
    """The ids that end a text, of the generation config that a loop was called with."""
    ends = config._eos_token_tensor
    return () if ends is None else tuple(ends.flatten().tolist())


def writing(model: Any) -> AbstractContextManager[Any]:
    """Around a loop that runs the model for one id at a time, as `generate` has it around its own."""
    context: AbstractContextManager[Any] = model._optimize_model_for_decode()
    return context


def default_settings() -> dict[str, Any]:
    """What `generate` takes for each setting that nobody states."""
    from transformers import GenerationConfig

    return dict(GenerationConfig._get_default_generation_params())


def has_own_code(config: Any) -> bool:
    """Whether transformers itself has the code for the search that a generation config asks for."""
    from transformers.generation.utils import GENERATION_MODES_MAPPING

    return "/" not in GENERATION_MODES_MAPPING[config.get_generation_mode()]  # code of a repository


def is_greedy(config: Any) -> bool:
    """Whether a generation config asks for greedy search."""
    from transformers.generation.configuration_utils import GenerationMode

    return bool(config.get_generation_mode() == GenerationMode.GREEDY_SEARCH)
