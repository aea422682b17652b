"""Writes a trained tokenizer so that every transformers version reads it as it is."""

import json
from pathlib import Path

from transformers import PreTrainedTokenizerFast


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json in the form that every transformers version reads as is.

    transformers 5 writes its internal class name. `PreTrainedTokenizerFast` is known to versions 4 and 5 alike,
    and both then take tokenizer.json unchanged instead of rebuilding it from the vocabulary.
    """
    tokenizer.backend_tokenizer.no_truncation()  # training cuts and pads; the file is for texts as they come
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.save_pretrained(str(folder))
    config_path = folder / "tokenizer_config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
