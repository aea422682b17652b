"""Hides whole words of packed texts and asks for them: the masked language modelling of RoBERTa.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding" (2019); whole
words as in its later release; packed rows as in Liu et al., "RoBERTa" (2019), section 4.2, FULL-SENTENCES.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import cast

import torch
from datasets import Dataset  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast, RobertaForMaskedLM

from tui.training.loop import Batch

NO_WORD = -1
_SHOWN_AS_IT_IS = 0.1
_SHOWN_AS_ANOTHER = 0.1
_TEXTS_AT_ONCE = 1024


def packed_rows(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], length: int) -> Dataset:
    """Return rows of exactly `length` tokens: texts one after the other, each as `<s> text </s>`.

    `words` numbers the words within a row: the tokens of one word share its number, and special tokens and signs
    without a letter or digit have NO_WORD. What is left at the end is dropped.
    """
    ids: list[int] = []
    words: list[int] = []
    backend = tokenizer.backend_tokenizer
    has_letter = [any(map(str.isalnum, backend.decode([index]))) for index in range(len(tokenizer))]
    number = 0
    remaining = iter(texts)
    while batch := list(islice(remaining, _TEXTS_AT_ONCE)):
        for encoding in backend.encode_batch(batch):
            of_word: dict[int, int] = {}
            for index, word in zip(encoding.ids, encoding.word_ids, strict=True):
                if word is not None and has_letter[index] and word not in of_word:
                    of_word[word] = number
                    number += 1
            ids += encoding.ids
            words += [NO_WORD if word is None else of_word.get(word, NO_WORD) for word in encoding.word_ids]
    starts = range(0, len(ids) - length + 1, length)
    return Dataset.from_dict(
        {
            "input_ids": [ids[start : start + length] for start in starts],
            "words": [_from_zero(words[start : start + length]) for start in starts],
        }
    )


def collate(rows: list[dict[str, list[int]]]) -> Batch:
    """Return a batch of packed rows: int64 [rows, tokens] each."""
    return {name: torch.tensor([row[name] for row in rows]) for name in ("input_ids", "words")}


def hide(ids: Tensor, words: Tensor, share: float, mask_id: int, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Return the ids with `share` of the words hidden, and where: both [rows, tokens], the latter bool.

    Of the hidden tokens 80 % are shown as `mask_id`, 10 % as another token and 10 % as they are, all to be told.
    """
    draws = torch.rand(ids.shape[0], int(words.max()) + 2)
    hidden = (draws.gather(1, words.clamp(min=0)) < share) & (words != NO_WORD)
    fate = torch.rand(ids.shape)
    shown = ids.masked_fill(hidden, mask_id)
    shown = torch.where(hidden & (fate < _SHOWN_AS_IT_IS), ids, shown)
    another = torch.randint(vocabulary, ids.shape)
    return torch.where(hidden & (fate > 1 - _SHOWN_AS_ANOTHER), another, shown), hidden


def loss_of_hidden_words(
    tokenizer: PreTrainedTokenizerFast, share: float
) -> Callable[[nn.Module, Batch], Tensor]:
    """Return the mean cross-entropy (nats) of the hidden tokens as a function of model and batch.

    Rows are shorter than what the model can take: they begin at a position drawn anew for each batch, so that all
    positions are learned.
    """
    mask_id, vocabulary = cast("int", tokenizer.mask_token_id), len(tokenizer)

    def loss_of(model: nn.Module, batch: Batch) -> Tensor:
        model = cast("RobertaForMaskedLM", model)
        ids = batch["input_ids"]
        shown, hidden = hide(ids, batch["words"], share, mask_id, vocabulary)
        # RoBERTa counts positions from the one behind the padding token's id.
        first = cast("int", model.config.pad_token_id) + 1
        shifts = model.config.max_position_embeddings - first - ids.shape[1] + 1
        positions = torch.arange(ids.shape[1]) + first + torch.randint(shifts, ())
        states = model.roberta(input_ids=shown, position_ids=positions.expand_as(ids)).last_hidden_state
        # The head over the whole vocabulary costs as much as all layers: only hidden places go through it.
        return cross_entropy(model.lm_head(states[hidden]), ids[hidden])

    return loss_of


def _from_zero(words: list[int]) -> list[int]:
    first = next((word for word in words if word != NO_WORD), 0)
    return [word if word == NO_WORD else word - first for word in words]
