"""Random folders of checkpoints: a tokenizer.json of any algorithm, and settings that change the tokens."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.engine.tokenization.trained import CORPUS, MAKERS, ROUGH, written

TEXTS = (
    *ROUGH,
    *CORPUS,
    "<new> token[b]s of the <spare>!",
    "Café THE Cat<|end|> [MASK] sat",
    "one  two\tthree " * 9,
)
_CLASSES: dict[str, tuple[str, ...]] = {
    "bpe": ("CLIPTokenizer", "OpenAIGPTTokenizer"),
    "byte-level-bpe": (
        "GPT2Tokenizer",
        "RobertaTokenizer",
        "Qwen2Tokenizer",
        "GPTNeoXTokenizer",
        "LlamaTokenizer",
    ),
    "wordpiece": (
        "BertTokenizer",
        "DistilBertTokenizer",
        "ElectraTokenizer",
        "MPNetTokenizer",
        "FunnelTokenizer",
    ),
    "unigram": (
        "T5Tokenizer",
        "XLMRobertaTokenizer",
        "AlbertTokenizer",
        "XLNetTokenizer",
        "PegasusTokenizer",
    ),
    "word-level": (),
}
ANY = ("PreTrainedTokenizerFast", "TokenizersBackend", "NoSuchTokenizer", "BertTokenizer", "GPT2Tokenizer")


def write_folder(folder: Path, seed: int) -> dict[str, Any]:
    """Write a folder; its settings, for the message of a test that fails."""
    drawn = random.Random(seed)
    kind = drawn.choice(list(MAKERS))
    tokenizer = json.loads(written(kind))
    if drawn.random() < 0.2:
        direction = drawn.choice(["Left", "Right"])
        tokenizer["truncation"] = {
            "direction": direction, "max_length": drawn.randint(3, 12), "strategy": "LongestFirst", "stride": 0,
        }  # fmt: skip
    if drawn.random() < 0.2:
        tokenizer["padding"] = {
            "strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]",
        }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    choices: dict[str, Any] = {
        "tokenizer_class": drawn.choice([*_CLASSES[kind], *ANY]),
        "truncation_side": drawn.choice(["left", "right"]),
        "model_max_length": drawn.choice([5, 8, 64, 10**30]),
        "add_prefix_space": drawn.random() < 0.5,
        "do_lower_case": drawn.random() < 0.5,
        "split_special_tokens": drawn.random() < 0.5,
        "additional_special_tokens": ["<new>", drawn.choice(["the", "<spare>"])],
        "added_tokens_decoder": {
            "900": {
                "content": "token", "lstrip": drawn.random() < 0.5, "rstrip": False, "single_word": False,
                "normalized": drawn.random() < 0.5, "special": drawn.random() < 0.5,
            }
        },
        "clean_up_tokenization_spaces": drawn.random() < 0.5,
        "unk_token": drawn.choice(["<unk>", "[UNK]"]),
        "bos_token": drawn.choice(["<s>", "<unk>"]),
        "add_bos_token": drawn.random() < 0.5,
    }  # fmt: skip
    settings = {name: value for name, value in choices.items() if drawn.random() < 0.35}
    if drawn.random() < 0.9:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if drawn.random() < 0.15:
        (folder / "added_tokens.json").write_text(json.dumps({"<spare>": 950}))
    if drawn.random() < 0.5:
        model = drawn.choice(["bert", "gpt2", "t5", "xlm-roberta", "llama", "roberta"])
        (folder / "config.json").write_text(json.dumps({"model_type": model}))
        settings["model_type"] = model
    return {"kind": kind, **settings}
