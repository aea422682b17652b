"""Rows of logits kept to be read again, as many as there is room for. Imports torch."""

from __future__ import annotations

from collections import OrderedDict

import torch

MOST_BYTES = 256 << 20


class KeptRows:
    """Rows by position; those that were kept first go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._rows: OrderedDict[int, torch.Tensor] = OrderedDict()

    def keep(self, position: int, row: torch.Tensor) -> None:
        """Keep the row at a position. row: [vocabulary]."""
        self._rows.pop(position, None)
        self._rows[position] = row
        size = row.numel() * row.element_size()
        while len(self._rows) > 1 and len(self._rows) * size > self._most:
            self._rows.popitem(last=False)

    def get(self, position: int) -> torch.Tensor | None:
        """The row at a position; None where it isn't kept."""
        return self._rows.get(position)

    def clear(self) -> None:
        """Keep none."""
        self._rows.clear()
