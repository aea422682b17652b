"""A decoder of SmolLM2-135M's shape with random weights, and a tokenizer of its own."""

from pathlib import Path

import torch
import transformers

from tests.checkpoints import bare_byte_level


def make(folder: Path) -> Path:
    """Write the checkpoint into a folder, unless it is there; the folder."""
    if (folder / "config.json").exists():
        return folder
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer = bare_byte_level()
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    return folder
