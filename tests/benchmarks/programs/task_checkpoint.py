"""Encoders of DistilBERT's shape with random weights, each with the tokenizer of a built-in checkpoint."""

from pathlib import Path

import torch
import transformers

from tests.benchmarks.surroundings import ROOT

HEADS = {
    "sentiment-analysis": ("SequenceClassification", 2, "nano-sentiment"),
    "fill-mask": ("MaskedLM", 0, "nano-fill-mask"),
    "ner": ("TokenClassification", 9, "nano-ner"),
    "question-answering": ("QuestionAnswering", 0, "nano-question-answering"),
}
"""By task: the auto class, labels, and whose tokenizer."""
NAMES = ("O", *(f"{place}-{kind}" for kind in ("PER", "ORG", "LOC", "MISC") for place in "BI"))
OUTSIDE = 1.0
"""What the logit of O has before the others, whose spread is about as large."""


def make(task: str, folder: Path) -> None:
    """Write the checkpoint for a task into a folder."""
    head, labels, built_in = HEADS[task]
    tokenizer = transformers.AutoTokenizer.from_pretrained(ROOT / "tui" / "models" / built_in)
    tokenizer.model_max_length = 512
    torch.manual_seed(0)
    config = transformers.DistilBertConfig(vocab_size=30522, pad_token_id=0)  # 66 million parameters
    if labels:
        config.num_labels = labels
    if head == "TokenClassification":
        config.id2label = dict(enumerate(NAMES))
    model = getattr(transformers, f"AutoModelFor{head}").from_config(config)
    if head == "TokenClassification":
        model.classifier.bias.data[0] += OUTSIDE  # most words of a text are no entity
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
