"""A checkpoint in use, with what is kept of it between the requests that write. Imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from tui.engine import device
from tui.engine.decoding.constraints import ConstraintProcessor, constraint_of
from tui.engine.decoding.described import Vocabulary
from tui.engine.decoding.draws import Draws
from tui.engine.decoding.kept_caches import KeptCaches, allowance
from tui.engine.errors import EngineError
from tui.engine.forward.model_parts import head_rows
from tui.engine.forward.running import its_own_code
from tui.engine.library import loops
from tui.protocol.writing.decoding import Constraint

if TYPE_CHECKING:
    from tui.engine.checkpoint.loading import LoadedCheckpoint
    from tui.engine.decoding.prompts import Beginning


class Held:
    """A checkpoint in use, with what is kept of it between requests. Of the model lane only."""

    def __init__(self, loaded: LoadedCheckpoint) -> None:
        self.loaded = loaded
        self.caches = KeptCaches(allowance(device.memory(loaded.placement.device).free))
        self.draws, self.vocabulary = Draws(), Vocabulary(loaded.tokenizer)
        self._constraint: tuple[Constraint, frozenset[int], ConstraintProcessor] | None = None

    def constraint(self, wanted: Constraint | None, start: Beginning) -> ConstraintProcessor | None:
        """The processor that holds to a constraint what is written; the one before is kept. Raises EngineError."""
        if wanted is None:
            return None
        known = self._constraint
        if known is None or known[:2] != (wanted, start.eos):
            rows = head_rows(self.loaded.model)
            if rows is None:
                raise EngineError(
                    "Nothing can be held to this constraint",
                    "The model doesn't say how many tokens it has logits for.",
                    "Write without a constraint, or choose another checkpoint.",
                )
            made = constraint_of(wanted, self.loaded.tokenizer, rows, sorted(start.eos))
            known = self._constraint = (wanted, start.eos, made)
        known[2].prompt_length = len(start.ids)
        return known[2]

    def generate(self, start: Beginning, extra: Mapping[str, Any], loop: Any) -> None:
        """Let `loop` take the place of that of `generate`, from a beginning on. extra: further arguments."""
        encoded = self.caches.encoder_outputs(start.source) if start.source else None
        known = {} if encoded is None else {"encoder_outputs": encoded}
        with torch.inference_mode(), its_own_code():
            loops.generate_by(loop, self.loaded.model, **start.inputs, **known, **start.arguments, **extra)
