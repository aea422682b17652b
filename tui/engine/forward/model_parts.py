"""The parts of a model that the library names, asked for in a way that no family can refuse. Imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def input_embeddings(module: Any) -> nn.Module | None:
    """What makes vectors of ids; None where the library finds none, which some families raise for."""
    return _part(module, "get_input_embeddings")


def output_embeddings(module: Any) -> nn.Module | None:
    """The head that makes logits over the vocabulary; None where the library names none."""
    return _part(module, "get_output_embeddings")


def _part(module: Any, getter: str) -> nn.Module | None:
    try:
        found = getattr(module, getter)()
    except (NotImplementedError, AttributeError):
        return None
    return found if isinstance(found, nn.Module) else None


def head_rows(model: PreTrainedModel) -> int | None:
    """How many ids a model has logits for; None where it doesn't say."""
    weight = getattr(output_embeddings(model), "weight", None)
    if weight is not None:
        return int(weight.shape[0])
    stated = getattr(model.config.get_text_config(decoder=True), "vocab_size", None)
    return stated if isinstance(stated, int) else None


def counts_from_padding(model: nn.Module) -> bool:
    """Whether positions left to the model begin behind the padding's place in their table, as RoBERTa's do."""
    return any(
        isinstance(part, nn.Embedding) and part.padding_idx is not None and "position" in name
        for name, part in model.named_modules()
    )
