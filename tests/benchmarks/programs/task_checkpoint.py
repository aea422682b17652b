"""Checkpoints with random weights for each task that answers, each with the tokenizer of a built-in one.

`make` writes those of DistilBERT's and T5-small's shape; `make_long` small ones that read texts of any length, in
which what is done around the forward weighs most.
"""

from pathlib import Path
from typing import Any

import torch
import transformers

from tests.benchmarks.surroundings import ROOT

HEADS = {
    "sentiment-analysis": ("ForSequenceClassification", 2, "nano-sentiment"),
    "zero-shot-classification": ("ForSequenceClassification", 3, "nano-zero-shot"),
    "fill-mask": ("ForMaskedLM", 0, "nano-fill-mask"),
    "ner": ("ForTokenClassification", 9, "nano-ner"),
    "question-answering": ("ForQuestionAnswering", 0, "nano-question-answering"),
    "feature-extraction": ("", 0, "nano-sentiment"),
    "summarization": ("ForSeq2SeqLM", 0, "nano-summarization"),
    "translation": ("ForSeq2SeqLM", 0, "nano-summarization"),
}
"""By task: the auto class, labels, and whose tokenizer."""
NAMES = {
    "ner": ("O", *(f"{place}-{kind}" for kind in ("PER", "ORG", "LOC", "MISC") for place in "BI")),
    "zero-shot-classification": ("contradiction", "neutral", "entailment"),
}
OUTSIDE = 1.0
"""What the logit of O has before the others, whose spread is about as large."""
WRITTEN = 20
"""Tokens that a checkpoint which writes always writes."""
LONGEST = 1 << 14
"""Positions of a long one."""


def make(task: str, folder: Path) -> None:
    """Write the checkpoint for a task into a folder."""
    if HEADS[task][0] == "ForSeq2SeqLM":
        _write(task, folder, transformers.T5Config(vocab_size=32128), 512)  # 60 million parameters
    else:
        _write(task, folder, transformers.DistilBertConfig(vocab_size=30522), 512)  # 66 million


def make_long(task: str, folder: Path, limit: int = 0) -> None:
    """Write a small one that reads up to LONGEST tokens, of which its tokenizer gives it `limit` at once."""
    config: Any
    if HEADS[task][0] == "ForSeq2SeqLM":
        config = transformers.T5Config(
            vocab_size=8192, d_model=128, d_kv=32, d_ff=256, num_layers=2, num_heads=4
        )
    else:
        config = transformers.DistilBertConfig(
            vocab_size=8192, dim=128, hidden_dim=256, n_layers=2, n_heads=4, max_position_embeddings=LONGEST
        )
    _write(task, folder, config, limit or LONGEST)


def _write(task: str, folder: Path, config: Any, positions: int) -> None:
    head, labels, built_in = HEADS[task]
    tokenizer = transformers.AutoTokenizer.from_pretrained(ROOT / "tui" / "models" / built_in)
    tokenizer.model_max_length = positions
    torch.manual_seed(0)
    config.pad_token_id = 0
    if labels:
        config.num_labels = labels
    if task in NAMES:
        config.id2label = dict(enumerate(NAMES[task]))
        config.label2id = {name: index for index, name in config.id2label.items()}
    model = getattr(transformers, f"AutoModel{head}").from_config(config)
    if task == "ner":
        model.classifier.bias.data[0] += OUTSIDE  # most words of a text are no entity
    if head == "ForSeq2SeqLM":
        settings: Any = transformers.GenerationConfig
        model.generation_config = settings(
            max_new_tokens=WRITTEN,
            min_new_tokens=WRITTEN,
            num_beams=1,
            decoder_start_token_id=0,
            pad_token_id=0,
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
