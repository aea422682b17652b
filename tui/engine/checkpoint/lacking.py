"""Weights that a checkpoint's files lack: what transformers filled them with, and what answers are worth then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.engine.errors import EngineError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_MOST_NAMED = 4
_RANDOM = "random numbers"
_CALLED = {0.0: "zeros", 1.0: "ones"}


def told(model: PreTrainedModel, missing: Sequence[str], head: str, task: str) -> tuple[str, str]:
    """What is to be said of a model whose files lack some weights: a warning, or a note; the other one is empty.

    A warning says that no answer means anything: a matrix of the head is not in the files, or random numbers stand
    in it. Where only vectors of one number are (biases of zeros, say), the head is the checkpoint's own but for
    them, which is the note. missing: in the model's own names, at least one. Raises EngineError where more than the
    head is missing.
    """
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    filled = {name: _content(tensors.get(name)) for name in missing}
    base = f"{model.base_model_prefix}."
    # A pooler stands in the base model, but is trained with the head.
    inside = (name for name in missing if name.startswith(base) and not name.startswith(f"{base}pooler."))
    if model.base_model is model or any(inside):
        raise EngineError(
            "Weights are missing",
            f"The files lack {_named(missing)}; transformers would fill them with {' and '.join(_kinds(filled))}.",
            "Copy or download the checkpoint again.",
        )
    if all(
        content != _RANDOM and name in tensors and tensors[name].dim() < 2 for name, content in filled.items()
    ):
        return "", (
            f"The files lack a part of the {head}: transformers fills {_with(filled)}. Where the checkpoint was "
            "trained with other numbers, its answers were others."
        )
    return (
        f"This checkpoint has no trained {head}: transformers fills {_with(filled)}, so no answer means anything. "
        f"A checkpoint that was fine-tuned for {task} would work."
    ), ""


def _content(tensor: torch.Tensor | None) -> str:
    """What a tensor was filled with, by its values; one number alone is only known where it is 0 or 1."""
    if tensor is None or not tensor.numel():
        return _RANDOM
    first = float(tensor.detach().flatten()[0])
    if not bool((tensor == first).all()):
        return _RANDOM
    called = _CALLED.get(first)
    return called or (_RANDOM if tensor.numel() == 1 else f"{first:g} everywhere")


def _with(filled: dict[str, str]) -> str:
    """Names and what they are filled with: `a and b with zeros, c with random numbers`."""
    return ", ".join(
        f"{_named([name for name, content in filled.items() if content == kind])} with {kind}"
        for kind in _kinds(filled)
    )


def _kinds(filled: dict[str, str]) -> list[str]:
    return sorted(set(filled.values()), key=lambda kind: (kind != _RANDOM, kind))


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(name[:100] for name in names[:_MOST_NAMED]) + more
