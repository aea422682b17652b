"""How similar a text is to a label, by the public sentence encoder all-MiniLM-L6-v2."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import DataCollatorWithPadding, PreTrainedTokenizerFast

from tui.training.loop import Report, save_atomically
from tui.training.sentiment.teacher import SentenceRater

_MAX_TOKENS = 64
_BATCH = 64
_CHUNK = 2048


@torch.inference_mode()
def embed(teacher: SentenceRater, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> Tensor:
    """Return unit vectors, float32 [texts, width]: the mean over the tokens, of which 64 are read."""
    teacher.eval()
    encoded = tokenizer(list(texts), truncation=True, max_length=_MAX_TOKENS)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    collate = DataCollatorWithPadding(tokenizer)
    vectors = torch.empty(len(texts), teacher.encoder.config.hidden_size)
    for start in range(0, len(order), _BATCH):
        indices = order[start : start + _BATCH]
        batch = collate([{"input_ids": encoded[index]} for index in indices])
        hidden = teacher.encoder(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
        ).last_hidden_state
        weights = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        vectors[indices] = normalize((hidden * weights).sum(dim=1) / weights.sum(dim=1), dim=1)
    return vectors


def similarities_resumably(
    teacher: SentenceRater,
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[str],
    labels: Sequence[str],
    checkpoint: Path,
    report: Report,
) -> tuple[Tensor, float]:
    """Return the cosines, float32 [texts, labels], and the processor seconds spent; chunks of texts are kept."""
    vectors, seconds = torch.empty(0, teacher.encoder.config.hidden_size), 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        vectors, seconds = state["vectors"], float(state["seconds"])
    while len(vectors) < len(texts):
        started = time.process_time()
        chunk = embed(teacher, tokenizer, texts[len(vectors) : len(vectors) + _CHUNK])
        vectors = torch.cat([vectors, chunk])
        seconds += time.process_time() - started
        save_atomically({"vectors": vectors, "seconds": seconds}, checkpoint)
        report(f"  {len(vectors):,} of {len(texts):,} texts read by the larger model")
    return vectors @ embed(teacher, tokenizer, labels).T, seconds
