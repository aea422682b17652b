import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tests.training.french import sentence_pair
from tui.training.sequences import pair_dataset, smoothed_loss
from tui.training.vocabulary.unigram import train_unigram


class Fixed(nn.Module):
    """Answers with the logits it was given, float32 [batch, length, vocabulary]."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits

    def forward(self, input_ids: torch.Tensor, use_cache: bool) -> "Fixed":
        assert use_cache is False
        return self


def test_a_token_counts_alike_in_short_and_long_batches() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 6, 9), torch.randint(0, 9, (2, 6))
    loss_of = smoothed_loss(0.1, tokens_per_batch=10.0)
    long = loss_of(Fixed(logits), {"input_ids": labels, "labels": labels.clone()})
    halves = [
        loss_of(Fixed(logits[:, part]), {"input_ids": labels, "labels": labels[:, part].clone()})
        for part in (slice(0, 3), slice(3, 6))
    ]
    assert long.item() == pytest.approx(sum(half.item() for half in halves), rel=1e-5)
    expected = cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=0.1) * 12 / 10
    assert long.item() == pytest.approx(expected.item(), rel=1e-5)


def test_padding_costs_nothing() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(1, 4, 9), torch.tensor([[1, 2, -100, -100]])
    loss_of = smoothed_loss(0.0, tokens_per_batch=1.0)
    padded = loss_of(Fixed(logits), {"input_ids": labels, "labels": labels.clone()})
    bare = loss_of(Fixed(logits[:, :2]), {"input_ids": labels, "labels": labels[:, :2].clone()})
    assert padded.item() == pytest.approx(bare.item(), rel=1e-6)


def test_pairs_become_ids_that_end_and_are_cut() -> None:
    pairs = [sentence_pair(number) for number in range(50)]
    french, english = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    tokenizer = train_unigram([*french, *english], 120, 64)
    dataset = pair_dataset(tokenizer, french, english, longest=12)
    assert dataset.column_names == ["input_ids", "labels"]
    assert len(dataset) == 50
    for row in dataset:
        assert len(row["input_ids"]) <= 12
        assert row["labels"][-1] == tokenizer.eos_token_id
