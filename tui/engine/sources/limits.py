"""How many tokens a model takes, read from its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.engine.sources.plausible import MOST_POSITIONS

_LARGEST_SANE = 10_000_000
"""Above this a `model_max_length` means "not known": transformers writes 10^30."""

_POSITIONS_START_AFTER_PADDING = frozenset({
    "camembert", "data2vec-text", "esm", "ibert", "jina_embeddings_v3", "lilt", "longformer", "luke",
    "markuplm", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod",
})  # fmt: skip
"""Model types that number positions from `pad_token_id + 1`: so many rows of the table are never used."""

_N_POSITIONS = frozenset({"gpt2", "openai-gpt", "ctrl", "codegen", "gptj"})
"""Model types that call the length of their position table `n_positions`; T5's of that name is no limit."""


def position_limit(config: Mapping[str, Any]) -> int | None:
    """Most positions the model's config allows; None where it names no limit.

    >>> position_limit({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1})
    512
    """
    stated = config.get("model_type")
    model_type = stated if isinstance(stated, str) else None
    limit = config.get("max_position_embeddings")
    if limit is None and model_type in _N_POSITIONS:
        limit = config.get("n_positions")
    if not isinstance(limit, int) or not 0 < limit <= MOST_POSITIONS:
        return None
    if model_type in _POSITIONS_START_AFTER_PADDING:
        padding = config.get("pad_token_id")
        rows = limit - (padding if isinstance(padding, int) else 1) - 1
        return rows if 0 < rows <= limit else None
    return limit


UNSTATED_LIMIT = 4096
"""Most tokens for a model that names no limit: attention over a pasted megabyte would take all memory."""


def token_limit(positions: int | None, model_max_length: object) -> int | None:
    """The smaller of what the model and its tokenizer say; None where neither says anything sane."""
    stated = isinstance(model_max_length, int | float) and 0 < model_max_length <= _LARGEST_SANE
    tokenizer_limit = int(model_max_length) if stated else None  # type: ignore[call-overload]
    limits = [limit for limit in (positions, tokenizer_limit) if limit is not None]
    return min(limits, default=None)
