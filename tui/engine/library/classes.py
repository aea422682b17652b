"""Which classes transformers has for a config or a name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any


def auto_class(name: str) -> Any:
    """A class of transformers by its name."""
    import transformers

    return getattr(transformers, name)


def has_head(name: str, config: object) -> bool:
    """Whether the auto class of that name has a model for a config."""
    return type(config) in auto_class(name)._model_mapping


def tokenizer_classes() -> dict[str, str | None]:
    """The name of the tokenizer's class of every model type; None where it has none."""
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    return dict(TOKENIZER_MAPPING_NAMES)


def tokenizer_class(name: str) -> Any:
    """A tokenizer's class by its name; None where there is none."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    return tokenizer_class_from_name(name)


def without_weights() -> AbstractContextManager[Any]:
    """Around the making of a model: nothing is filled with random numbers."""
    from transformers import initialization

    context: AbstractContextManager[Any] = initialization.no_init_weights()
    return context
