"""A tiny seeded checkpoint of any family that transformers has, made from the family's own config class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors
from transformers import CONFIG_MAPPING, PreTrainedTokenizerFast

from tests.checkpoints import trained_once

POSITIONS = 64
MOST_PARAMETERS = 8_000_000
SMALL: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "d_embed", "embedding_size"), 64),
    **dict.fromkeys(
        ("decoder_hidden_size", "encoder_hidden_size", "true_hidden_size", "rnn_hidden_size"), 64
    ),
    **dict.fromkeys(("intermediate_size", "d_ff", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim"), 96),
    **dict.fromkeys(("n_inner", "d_inner", "hidden_dim", "feed_forward_size", "ffn_hidden_size"), 96),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers"), 2),
    **dict.fromkeys(("decoder_layers", "num_decoder_layers", "num_encoder_layers", "num_blocks"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "num_key_value_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads", "mamba_n_heads"), 4),
    **dict.fromkeys(("head_dim", "d_kv", "d_head", "attention_head_size", "attention_head_dim"), 16),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts"), 2),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 32),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"), POSITIONS),
    **dict.fromkeys(("vocab_size_per_layer_input", "char_vocab_size"), 512),
    "max_encoder_position_embeddings": POSITIONS,
    "max_decoder_position_embeddings": POSITIONS,
    "state_size": 8,
    "initializer_range": 0.3,
    "init_std": 0.3,
}
"""What makes a model small, by the names that config classes have for it; each takes those that it knows."""

VARIANTS: tuple[dict[str, Any], ...] = ({}, {"num_key_value_heads": 2}, {"num_key_value_heads": 1})


class CannotBeMadeError(Exception):
    """Why a family has no tiny checkpoint."""


OWN: dict[str, dict[str, Any]] = {
    "dory": {"num_hidden_layers": 3, "n_input_layers": 1, "n_recurrent_layers": 1, "n_output_layers": 1},
    "reformer": {"is_decoder": True, "axial_pos_embds_dim": (32, 32), "axial_pos_shape": (8, 8)},
    "codegen": {"rotary_dim": 8},
    "gptj": {"rotary_dim": 8},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "roc_bert": {"pronunciation_vocab_size": 32, "shape_vocab_size": 32},
    "mamba2": {"num_heads": 8, "head_dim": 16, "expand": 2, "n_groups": 1},
    "zamba": {"layers_block_type": ["mamba", "hybrid"]},
    "zamba2": {"layers_block_type": ["mamba", "hybrid"], "layer_types": ["mamba", "hybrid"]},
    "led": {"attention_window": [8, 8]},
    "layoutlmv3": {"coordinate_size": 11, "shape_size": 10},
    "bamba": {"attn_layer_indices": [1]},
}
"""What a family needs besides."""


def tokenizer() -> PreTrainedTokenizerFast:
    """WordPiece with every special token that a family may want, and [CLS] and [SEP] around a text."""
    backend = Tokenizer.from_str(trained_once("wordpiece"))
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        bos_token="[CLS]",
        eos_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    )


def small(default: Any, vocabulary: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that make a config like `default` a tiny one, those of the configs in it too."""
    known = default.to_dict()
    mapped = set(getattr(default, "attribute_map", {}))
    ids = {
        "vocab_size": vocabulary,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "decoder_start_token_id": 2,
    }
    wanted = SMALL | ids | dict(changes)
    taken = {name: value for name, value in wanted.items() if name in known and name not in mapped}
    if getattr(default, "is_encoder_decoder", False):
        taken["decoder_start_token_id"] = ids["decoder_start_token_id"]
    for name in getattr(default, "sub_configs", {}):
        inner = getattr(default, name, None)
        if inner is not None:
            taken[name] = {"model_type": inner.model_type, **small(inner, vocabulary, changes)}
    return taken


def config_of(model_type: str, vocabulary: int, **changes: Any) -> Any:
    """The family's config, tiny. Raises CannotBeMadeError."""
    reasons = []
    for variant in VARIANTS:
        try:
            default = CONFIG_MAPPING[model_type]()
            return CONFIG_MAPPING[model_type](
                **small(default, vocabulary, variant | changes) | OWN.get(model_type, {})
            )
        except Exception as error:  # noqa: BLE001 - each class refuses in its own way
            reasons.append(f"{type(error).__name__}: {error}")
    raise CannotBeMadeError(f"no tiny config: {reasons[0].splitlines()[0][:150]}")


def make_family(folder: Path, model_type: str, auto_class: str, seed: int = 0, **changes: Any) -> Path:
    """Write a checkpoint of a family with an auto class's head into a folder; raises CannotBeMadeError."""
    tokens = tokenizer()
    config = config_of(model_type, len(tokens), **changes)
    made: Any = getattr(transformers, auto_class)
    try:
        with torch.device("meta"):
            size = sum(each.numel() for each in made.from_config(config).parameters())
    except Exception as error:
        raise CannotBeMadeError(
            f"no model: {type(error).__name__}: {str(error).splitlines()[0][:150]}"
        ) from error
    if size > MOST_PARAMETERS:
        raise CannotBeMadeError(f"{size:,} parameters at its smallest")
    torch.manual_seed(seed)
    try:
        made.from_config(config).save_pretrained(folder)
    except Exception as error:
        raise CannotBeMadeError(f"no file: {type(error).__name__}: {error}"[:200]) from error
    tokens.save_pretrained(folder)
    return folder
