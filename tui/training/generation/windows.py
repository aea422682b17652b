"""Cuts documents into rows of tokens to predict, and sums what the model makes of them."""

from collections.abc import Sequence
from itertools import islice
from typing import cast

import torch
from datasets import Dataset  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

from tui.training.loop import Batch

_TEXTS_AT_ONCE = 1024


def packed_rows(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], length: int) -> Dataset:
    """Return rows of exactly `length` tokens: `<|endoftext|>` before each text, texts one after the other.

    What is left at the end is dropped. Radford et al. (2019) trained GPT-2 on such rows.
    """
    end = cast("int", tokenizer.eos_token_id)
    ids: list[int] = []
    remaining = iter(texts)
    while batch := list(islice(remaining, _TEXTS_AT_ONCE)):
        for encoding in tokenizer.backend_tokenizer.encode_batch(batch):
            ids += [end, *encoding.ids]
    starts = range(0, len(ids) - length + 1, length)
    return Dataset.from_dict({"input_ids": [ids[start : start + length] for start in starts]})


def collate(rows: list[dict[str, list[int]]]) -> Batch:
    """Return a batch of packed rows: int64 [rows, tokens]."""
    return {"input_ids": torch.tensor([row["input_ids"] for row in rows])}


def loss_of_next_tokens(model: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross-entropy (nats) of each token but the first, given those before it in its row."""
    ids = batch["input_ids"]
    return next_token_nats(cast("GPT2LMHeadModel", model), ids).mean()


def next_token_nats(model: GPT2LMHeadModel, ids: Tensor) -> Tensor:
    """Return the nats of each token but the first, float32 [rows, tokens - 1], for ids [rows, tokens]."""
    states = model.transformer(input_ids=ids[:, :-1]).last_hidden_state
    logits = model.lm_head(states)
    targets = ids[:, 1:]
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)
