"""How many tokens a model takes, read from its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.engine.sources.plausible import MOST_POSITIONS

_LARGEST_SANE = 10_000_000
"""Above this a `model_max_length` means "not known": transformers writes 10^30."""

_POSITIONS_START_AFTER_PADDING = frozenset({
    "camembert", "data2vec-text", "esm", "ibert", "jina_embeddings_v3", "layoutlmv3", "lilt", "longformer", "luke",
    "markuplm", "mpnet", "prophetnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod",
})  # fmt: skip
"""Model types that number positions from `pad_token_id + 1`: so many rows of the table are never used."""

_PADDING_IS_ONE = frozenset({"mpnet"})
"""Of these, those whose code takes 1 for the padding's id, whatever the config says."""

_LOOKS_AHEAD = frozenset({"prophetnet"})
"""Model types that also take the position behind the last one."""

_USUAL = "max_position_embeddings"
_OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("gpt2", "gpt-sw3", "gpt_bigcode", "openai-gpt", "ctrl", "codegen", "gptj"), "n_positions"
    ),
    **dict.fromkeys(("mpt", "dbrx"), "max_seq_len"),
}
"""Other names of the length of a position table, by model type; T5's `n_positions` is none."""

_NO_TABLE = frozenset({
    "fsmt", "funnel", "longt5", "m2m_100", "mt5", "nllb-moe", "seamless_m4t", "seamless_m4t_v2",
    "switch_transformers", "t5", "umt5", "xglm", "xlnet",
})  # fmt: skip
"""Model types that see how far apart two tokens are, or whose table of sines grows, whatever their files state."""


def position_limit(config: Mapping[str, Any], stack: str = "encoder") -> int | None:
    """Most positions the model's config allows; None where it names no limit.

    stack: of a model with two of them, the one that is asked about; `encoder` is what reads the text.

    >>> position_limit({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1})
    512
    >>> position_limit({"model_type": "led", "max_decoder_position_embeddings": 1024}, "decoder")
    1024
    """
    stated = config.get("model_type")
    model_type = stated if isinstance(stated, str) else ""
    if model_type in _NO_TABLE or config.get("position_biased_input") is False:  # DeBERTa's way to have none
        return None
    names = (_USUAL, f"max_{stack}_position_embeddings", _OTHER_NAMES.get(model_type))
    limit = next((config[name] for name in names if name and config.get(name) is not None), None)
    if limit is None:
        inner = (config.get(name) for name in (stack, "text_config"))
        return next((position_limit(each, stack) for each in inner if isinstance(each, Mapping)), None)
    if not isinstance(limit, int) or not 0 < limit <= MOST_POSITIONS:
        return None
    if model_type in _POSITIONS_START_AFTER_PADDING:
        padding = 1 if model_type in _PADDING_IS_ONE else config.get("pad_token_id")
        rows = limit - (padding if isinstance(padding, int) else 1) - 1 - (model_type in _LOOKS_AHEAD)
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
