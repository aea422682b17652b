"""Whether a model may read several ids at once behind others, found out by asking it. Imports torch.

`generate` reads a prompt in one forward and every written id in one of its own. A model that reads both ways (BERT
with a head for the next token), or that takes one id at a time behind a cache (ProphetNet), says something else, or
nothing, where written ids are read together, or behind keys that were kept of another text.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

import torch

from tui.engine.decoding.forwards import Forwards, read_as_written
from tui.engine.decoding.settings.told import growing_cache
from tui.engine.errors import is_out_of_memory
from tui.engine.forward.model_parts import head_rows
from tui.engine.library import loops

_LOG = logging.getLogger(__name__)
_KNOWN: WeakKeyDictionary[Any, dict[bool, bool]] = WeakKeyDictionary()
_NEAR = {torch.float32: 1e-4, torch.float64: 1e-6}
_NEAR_ELSEWHERE = 3e-2
"""How far rows may be apart, by the largest logit: a forward rounds by how many positions it has."""


def reads_on(model: Any, in_parts: bool) -> bool:
    """Whether ids read together have the rows that they have one by one. Asked once for each model.

    in_parts: whether they are also read behind a part that was read before, and kept.
    """
    known = _KNOWN.setdefault(model, {})
    if in_parts not in known:
        known[in_parts] = _asked(model, in_parts)
    return known[in_parts]


def _asked(model: Any, in_parts: bool) -> bool:
    last = (head_rows(model) or 4) - 1
    ids: tuple[int, ...] = (last, last - 1, last - 2)
    try:
        one_by_one = _Reading(ids, (1, 2, 3))
        one_by_one.go(model, None)
    except Exception as error:  # then it can't be asked, and what it is asked for fails by itself
        if is_out_of_memory(error):
            raise
        return True
    near = _NEAR.get(model.dtype, _NEAR_ELSEWHERE) * float(one_by_one.row.abs().max())
    for ends in ((3,), (1, 3)) if in_parts else ((3,),):
        other = _Reading(ids, ends)
        try:
            other.go(model, one_by_one.encoder_outputs)
        except Exception as error:
            if is_out_of_memory(error):
                raise
            _LOG.info("this model reads one id at a time", exc_info=True)
            return False
        if float((one_by_one.row - other.row).abs().max()) > near:
            return False
    return True


class _Reading:
    """Called by `generate` in the place of its loop: some ids, read up to each of some ends in turn."""

    def __init__(self, ids: tuple[int, ...], ends: tuple[int, ...]) -> None:
        self._ids, self._ends = ids, ends
        self.row = torch.empty(0)
        """The logits after the last id."""
        self.encoder_outputs: Any = None

    def go(self, model: Any, encoder_outputs: Any) -> None:
        """Run. encoder_outputs: of a reading before, so that an encoder runs once."""
        first = torch.tensor([[self._ids[0]]], device=model.device)
        loops.generate_by(
            self,
            model,
            input_ids=first,
            attention_mask=torch.ones_like(first),
            do_sample=False,
            num_beams=1,
            max_new_tokens=len(self._ids),
            **growing_cache(model),
            **({} if encoder_outputs is None else {"encoder_outputs": encoder_outputs}),
        )

    def __call__(self, model: Any, input_ids: torch.Tensor, **keywords: Any) -> torch.Tensor:
        """Read. input_ids: [1, 1], the first id, or that which a decoder begins with."""
        keywords = loops.of_the_model(keywords)
        self.encoder_outputs = keywords.get("encoder_outputs")
        forwards, others = Forwards(model, input_ids, keywords), self._ids[1:]
        if len(self._ends) == len(self._ids):
            self.row = read_as_written(forwards, others, lambda: None)[-1]
            return forwards.ids
        forwards.append(others)
        for past, end in pairwise((0, *self._ends)):
            self.row = forwards.run(past, end, 1)[-1]
        return forwards.ids
