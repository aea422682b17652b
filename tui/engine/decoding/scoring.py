"""How likely each token of a text was, given those before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch

from tui.protocol.answers import TokenScore

_AT_ONCE = 1 << 19
"""Numbers of a block in float64: 4 MB, which a processor's cache holds."""
_UNKNOWN = TokenScore(None, None, None)


def score_tokens(logits: torch.Tensor, ids: list[int], check: Callable[[], None]) -> Iterator[TokenScore]:
    """Probability, rank and surprisal of every token by position, in float64; nothing is known of the first.

    logits: [positions, vocabulary] in any dtype, on any device; row p is about the token at p + 1. Ranks count from
    1, ties by id. `check` is called between blocks of rows.
    """
    vocabulary = logits.shape[1]
    rows = max(1, _AT_ONCE // vocabulary)
    yield _UNKNOWN
    for start in range(0, len(ids) - 1, rows):
        check()
        following = ids[start + 1 : start + 1 + rows]
        block = logits[start : start + len(following)].float()
        if block.device.type == "mps":  # which has no float64
            block = block.cpu()
        index = torch.tensor(following, device=block.device).clamp(max=vocabulary - 1)[:, None]
        own = block.gather(1, index)
        higher = (block > own).count_nonzero(dim=-1)
        row, tied = (block == own).nonzero(as_tuple=True)
        before = torch.bincount(row[tied < index[row, 0]], minlength=len(following))
        ranks = (1 + higher + before).tolist()
        normalizers = torch.logsumexp(block.double(), dim=-1)
        log_probabilities = (own[:, 0].double() - normalizers).tolist()
        for token, log_probability, rank in zip(following, log_probabilities, ranks, strict=True):
            yield _UNKNOWN if token >= vocabulary else _score(log_probability, rank)


def _score(log_probability: float, rank: int) -> TokenScore:
    if math.isnan(log_probability):
        return TokenScore(math.nan, None, math.nan)
    return TokenScore(math.exp(log_probability), rank, abs(log_probability) / math.log(2.0))
