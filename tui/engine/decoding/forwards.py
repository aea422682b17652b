"""Runs of the model over parts of one row of ids, with the inputs that `generate` would prepare. Imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from tui.engine.library import loops

_ALONG_THE_IDS = frozenset(
    {"position_ids", "decoder_position_ids", "token_type_ids", "mm_token_type_ids", "decoder_attention_mask"}
)
"""Keyword arguments with an entry for every id of the decoder."""


class Forwards:
    """A row of ids that grows, and the model's keyword arguments that grow with it."""

    def __init__(self, model: Any, input_ids: torch.Tensor, keywords: dict[str, Any]) -> None:
        """As `generate` gives them to its loop: input_ids [1, positions]."""
        self._model = model
        self._encoder = bool(model.config.is_encoder_decoder)
        self.ids = input_ids
        self.keywords = dict(keywords)
        self._output: Any = {}

    def append(self, ids: Sequence[int]) -> None:
        """Put ids behind those that stand; masks, positions and token types follow."""
        place = 0
        while place < len(ids):
            part = list(ids[place : place + self.ids.shape[1]])  # token types are taken from those before
            more = torch.tensor([part], dtype=self.ids.dtype, device=self.ids.device)
            self.ids = torch.cat([self.ids, more], dim=-1)
            self.keywords = loops.grown(self._model, self._output, self.keywords, len(part))
            place += len(part)

    def run(self, past: int, end: int, rows: int) -> list[torch.Tensor]:
        """Run the model on the positions from `past`, up to which its cache reaches, to `end`.

        The last `rows` rows of logits, float32 [vocabulary] each. A model without a cache is run on all positions.
        """
        keywords = self.keywords
        ids = self.ids
        if end < ids.shape[1]:
            ids = ids[:, :end]
            keywords = {name: self._cut(name, value, end) for name, value in keywords.items()}
        inputs = self._model.prepare_inputs_for_generation(
            ids,
            next_sequence_length=end - past if past and self.uses_cache else None,
            is_first_iteration=past == 0,
            **keywords,
        )
        if "logits_to_keep" in keywords:
            inputs["logits_to_keep"] = rows  # after the family's own preparation, which may say 1
        output = self._model(**inputs, return_dict=True)
        logits, output.logits = output.logits, None
        self._output = output
        return list(logits[0, -rows:].float())

    @property
    def uses_cache(self) -> bool:
        """Whether what was read is not read again for every token."""
        return bool(self.keywords.get("use_cache"))

    def _cut(self, name: str, value: Any, length: int) -> Any:
        along = name in _ALONG_THE_IDS or (name == "attention_mask" and not self._encoder)
        return value[..., :length] if along and isinstance(value, torch.Tensor) else value


def read_as_written(
    forwards: Forwards, written: Sequence[int], check: Callable[[], None]
) -> list[torch.Tensor]:
    """Read a prompt in one forward, and what is written in one for each id, as `generate` does; all last rows.

    forwards: with the prompt alone, of which nothing was read. `check` is called between two and may raise.
    """
    end = forwards.ids.shape[1]
    rows = forwards.run(0, end, 1)
    for index in written:
        check()
        forwards.append([index])
        rows += forwards.run(end, end + 1, 1)
        end += 1
    return rows
