"""What translation and summarization share: pairs of texts as batches, the loss, and writing with a beam."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from tui.training.loop import Batch, Report

_NO_LABEL = -100


def pair_dataset(
    tokenizer: PreTrainedTokenizerFast, sources: Sequence[str], targets: Sequence[str], longest: int
) -> Dataset:
    """Return the columns `input_ids` and `labels` of pairs; texts are cut to `longest` tokens."""

    def tokenize(rows: dict[str, list[Any]]) -> dict[str, Any]:
        encoded = tokenizer(rows["source"], truncation=True, max_length=longest)
        labels = tokenizer(rows["target"], truncation=True, max_length=longest)
        return {"input_ids": encoded["input_ids"], "labels": labels["input_ids"]}

    dataset = Dataset.from_dict({"source": list(sources), "target": list(targets)})
    return dataset.map(tokenize, batched=True, remove_columns=["source", "target"])


def smoothed_loss(smoothing: float, tokens_per_batch: float) -> Callable[[nn.Module, Batch], Tensor]:
    """Return the loss of a batch: cross-entropy with label smoothing (0..1), summed, over `tokens_per_batch`.

    A mean over the batch's own tokens would let a batch of labels of two words count as much as one of long
    sentences, since texts of like length stand together.
    """

    def loss_of(model: nn.Module, batch: Batch) -> Tensor:
        labels = batch.pop("labels")
        logits = model(**batch, use_cache=False).logits
        total = cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=_NO_LABEL,
            label_smoothing=smoothing,
            reduction="sum",
        )
        return total / tokens_per_batch

    return loss_of


@torch.inference_mode()
def written(folder: Path, texts: Sequence[str], batch_size: int = 32) -> list[str]:
    """Return what the checkpoint writes for each text, with its own generation settings, loaded the plain way.

    Texts longer than it can read are cut.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForSeq2SeqLM.from_pretrained(str(folder))
    model.eval()
    answers = [""] * len(texts)
    # Texts of like length share a batch: less padding, and the padding can't change the last digits much.
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = tokenizer(
            [texts[index] for index in indices], padding=True, truncation=True, return_tensors="pt"
        )
        ids = model.generate(**batch)
        for index, answer in zip(indices, tokenizer.batch_decode(ids, skip_special_tokens=True), strict=True):
            answers[index] = answer
    return answers


def choose_length_penalty(
    folder: Path,
    settings: GenerationConfig,
    penalties: Sequence[float],
    texts: Sequence[str],
    score: Callable[[list[str]], float],
    report: Report,
) -> None:
    """Write generation_config.json with the length penalty whose answers to validation texts score best.

    A beam prefers longer answers the higher the penalty is: it divides an answer's log-probability by its
    length to that power.
    """
    reached: dict[float, float] = {}
    for penalty in penalties:
        settings.length_penalty = penalty
        settings.save_pretrained(str(folder))
        reached[penalty] = score(written(folder, texts))
        report(f"  length penalty {penalty:g}: {reached[penalty]:.2f} on {len(texts)} validation texts")
    settings.length_penalty = max(reached, key=lambda penalty: reached[penalty])
    settings.save_pretrained(str(folder))
