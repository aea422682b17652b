"""Random folders whose tokenizer.json is put together of components that nobody would, and settings beside it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tokenizers import AddedToken

from tests.engine.tokenization.folders import ANY, TEXTS
from tests.engine.tokenization.staged import (
    DECODERS,
    NORMALIZERS,
    POST_PROCESSORS,
    PRE_TOKENIZERS,
    put_together,
)

READ = (*TEXTS, "a<0x0A>\n b é[SEP]x 🤗", "one.two.three  12345")
_MODELS = ("byte-level", "bpe with word ends", "wordpiece", "unigram", "word", "bytes")
_ADDED = ("<new>", "the", "token", "é", "Cat", "<0x0A>", "<0x62>", "a b")
_CLASSES = (*ANY, "LlamaTokenizer", "T5Tokenizer")
_MODEL_TYPES = ("bert", "gpt2", "t5", "llama", "roberta", "xlm-roberta")


def write_assembled(folder: Path, seed: int) -> dict[str, Any]:
    """Write a folder; what it is made of, for the message of a test that fails."""
    drawn = random.Random(f"assembled {seed}")

    def perhaps(chance: float) -> bool:
        return drawn.random() < chance

    normalizer, pre_tokenizer = drawn.choice(list(NORMALIZERS)), drawn.choice(list(PRE_TOKENIZERS))
    post_processor, decoder = drawn.choice(list(POST_PROCESSORS)), drawn.choice(list(DECODERS))
    model = drawn.choice(_MODELS)
    added = [
        AddedToken(
            text,
            special=perhaps(0.5),
            lstrip=perhaps(0.3),
            rstrip=perhaps(0.3),
            single_word=perhaps(0.3),
            normalized=perhaps(0.5),
        )
        for text in drawn.sample(_ADDED, drawn.randint(0, 4))
    ]
    file = json.loads(put_together(normalizer, pre_tokenizer, post_processor, decoder, model, added).to_str())
    if file["model"]["type"] == "BPE":
        file["model"] |= {"ignore_merges": perhaps(0.4), "fuse_unk": perhaps(0.4)}
        if perhaps(0.3):
            file["model"]["unk_token"] = None
    (folder / "tokenizer.json").write_text(json.dumps(file), encoding="utf-8")
    choices = {
        "tokenizer_class": drawn.choice(_CLASSES),
        "truncation_side": drawn.choice(["left", "right"]),
        "model_max_length": drawn.choice([4, 9, 64]),
        "split_special_tokens": perhaps(0.5),
        "clean_up_tokenization_spaces": perhaps(0.5),
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "add_prefix_space": perhaps(0.5),
        "additional_special_tokens": ["<new>", "x"],
        "padding_side": "left",
    }
    settings = {name: value for name, value in choices.items() if perhaps(0.35)}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if perhaps(0.4):
        settings["model_type"] = drawn.choice(_MODEL_TYPES)
        (folder / "config.json").write_text(json.dumps({"model_type": settings["model_type"]}))
    parts = [normalizer, pre_tokenizer, post_processor, decoder]
    return {"model": model, "parts": parts, "added": [token.content for token in added], **settings}
