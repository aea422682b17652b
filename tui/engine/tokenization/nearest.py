"""The tokens nearest to a token: cosines between rows of a model's input embeddings."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tui.engine.errors import EngineError
from tui.engine.tokenization.entries import AnyTokenizer, entry_of
from tui.protocol.microscope.vocabulary import NearestTokens, NearToken

if TYPE_CHECKING:
    import torch

_CHUNK_BYTES = 64 * 2**20
"""Memory for the rows that are compared at once, in float64."""
_SLACK = 1e-9
"""Far above the rounding of a sum of some thousand products in float64, far below any difference that matters."""


def nearest_tokens(
    tokenizer: AnyTokenizer,
    embeddings: torch.Tensor,
    index: int,
    count: int = 10,
    check: Callable[[], None] = lambda: None,
) -> NearestTokens:
    """The `count` tokens with the largest cosine to one, the smaller id first among equals.

    embeddings: the model's input embeddings, [rows, width], of any floating dtype on any device; they may have
    more rows than the vocabulary has entries. `check` is called between parts and raises to give up. Every row is
    compared in float64, a part at a time; those that could be among the nearest once more with products and sums
    rounded once, so that equal rows have equal cosines. Raises EngineError for an id without a row.
    """
    rows = int(embeddings.shape[0])
    if not 0 <= index < rows:
        raise EngineError(
            "This id has no embedding",
            f"The model has input embeddings for the ids 0 to {rows - 1:,}, none for {index:,}."
            if rows
            else "The model's input embeddings have no rows.",
            "Choose a token of this checkpoint's own tokenizer.",
        )
    import torch

    entry = entry_of(tokenizer, index)
    own = _wide(embeddings[index])
    norm = math.sqrt(_product(own.tolist(), own.tolist()))
    if not 0 < norm < math.inf:
        return NearestTokens(entry, norm, (), 0, 0)
    cosines, left_out = _cosines(embeddings, own, check)
    cosines[index] = -math.inf
    compared = rows - left_out - 1
    if compared == 0 or count < 1:
        return NearestTokens(entry, norm, (), compared, left_out)
    least = torch.topk(cosines, min(count, compared)).values[-1]
    candidates = torch.nonzero((cosines >= least - _SLACK) & (cosines > -math.inf)).flatten()
    ranked = sorted(_ranked(embeddings, own.tolist(), candidates, check))[:count]
    nearest = tuple(NearToken(entry_of(tokenizer, near), -negative) for negative, near in ranked)
    return NearestTokens(entry, norm, nearest, compared, left_out)


def _cosines(
    embeddings: torch.Tensor, own: torch.Tensor, check: Callable[[], None]
) -> tuple[torch.Tensor, int]:
    """The cosine of each row to one, −inf for rows without a direction, and how many of these there are."""
    import torch

    parts = []
    at_once = _rows_at_once(embeddings)
    for first in range(0, int(embeddings.shape[0]), at_once):
        check()
        wide = _wide(embeddings[first : first + at_once])
        norms = torch.linalg.vector_norm(wide, dim=1)
        cosines = (wide @ own) / (norms * torch.linalg.vector_norm(own))
        parts.append(torch.where(torch.isfinite(cosines), cosines, -math.inf).cpu())
    whole = torch.cat(parts)
    return whole, int((whole == -math.inf).sum())


def _ranked(
    embeddings: torch.Tensor, own: list[float], candidates: torch.Tensor, check: Callable[[], None]
) -> Iterator[tuple[float, int]]:
    """Minus the cosine of each candidate, and its id; each row of numbers is computed once."""
    known: dict[bytes, float] = {}
    norm = _product(own, own)
    at_once = _rows_at_once(embeddings)
    for first in range(0, len(candidates), at_once):
        check()
        chunk = candidates[first : first + at_once]
        wide = _wide(embeddings[chunk.to(embeddings.device)]).cpu().numpy()
        for row, candidate in zip(wide, chunk.tolist(), strict=True):
            key = row.tobytes()
            if key not in known:
                numbers = row.tolist()
                cosine = _product(own, numbers) / math.sqrt(norm * _product(numbers, numbers))
                known[key] = max(-1.0, min(1.0, cosine))
            yield -known[key], candidate


def _product(left: list[float], right: list[float]) -> float:
    """The inner product, rounded once: products of float32 numbers are exact in float64, `fsum` adds exactly.

    >>> _product([1e16, 1.0, -1e16], [1.0, 1.0, 1.0])
    1.0
    """
    try:
        return math.fsum(map(operator.mul, left, right))
    except (OverflowError, ValueError):  # infinities of both signs, or a sum beyond the largest number
        return math.nan


def _rows_at_once(embeddings: torch.Tensor) -> int:
    return max(1, _CHUNK_BYTES // (8 * max(1, int(embeddings.shape[1]))))


def _wide(numbers: torch.Tensor) -> torch.Tensor:
    """The same in float64; on the CPU where the device (MPS) has none."""
    numbers = numbers.detach()
    return (numbers.cpu() if numbers.device.type == "mps" else numbers).double()
