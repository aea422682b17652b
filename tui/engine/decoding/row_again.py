"""One row of logits read again with what is kept of the text before it. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tui.engine.decoding.forwards import Forwards, read_as_written
from tui.engine.decoding.kept_caches import KeptCaches
from tui.engine.decoding.reading_on import reads_on
from tui.engine.library import loops
from tui.engine.library.growing import can_grow


class RowAgain:
    """Called by `generate` in the place of its loop: one row of logits, read again with what is kept."""

    def __init__(self, source: tuple[int, ...], ids: Sequence[int], caches: KeptCaches) -> None:
        """ids: those that the row comes after, from the decoder's first."""
        self._source, self._ids, self._caches = source, list(ids), caches
        self.row = torch.empty(0)
        """float32 [vocabulary], once `generate` has run."""

    def __call__(self, model: Any, input_ids: torch.Tensor, **keywords: Any) -> torch.Tensor:
        """Run the model on the last id, or on all where nothing is kept."""
        keywords = loops.of_the_model(keywords)
        forwards, past = Forwards(model, input_ids, keywords), 0
        fresh, written = keywords.get(loops.CACHE), self._ids[input_ids.shape[1] :]
        if not reads_on(model, can_grow(fresh)):
            if not written:
                self.row = forwards.run(0, len(self._ids), 1)[0]
            else:
                self.row = read_as_written(forwards, written, lambda: None)[-1]
            return forwards.ids
        forwards.append(written)
        if fresh is not None:
            forwards.keywords[loops.CACHE], past = self._caches.seen_up_to(self._source, self._ids, fresh)
        self.row = forwards.run(past, len(self._ids), 1)[0]
        return forwards.ids
