"""Whether what a model says of a position depends on what stands behind it, found out by asking. Imports torch.

No config tells it for every family: BERT with a head for the next token reads both ways unless its config says
`is_decoder`, XLNet unless it is given a mask of its own. So two rows of
two ids are run that differ in the last one.
"""

from __future__ import annotations

import logging
from typing import Any
from weakref import WeakKeyDictionary

import torch

from tui.engine.errors import is_out_of_memory
from tui.engine.forward.model_parts import head_rows

_LOG = logging.getLogger(__name__)
_KNOWN: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
_STEPS = 4
"""Of the number format's own precision: experts that serve another number of positions round differently."""


def reads_both_ways(model: Any) -> bool:
    """Whether the logits of a position have seen the tokens behind it; of a model that can't be asked, no.

    Asked once for each model, before the first text that it goes on with.
    """
    if model not in _KNOWN:
        _KNOWN[model] = _asked(model)
    return _KNOWN[model]


def _asked(model: Any) -> bool:
    try:
        with torch.inference_mode():
            one, again, other = (_first_row(model, last) for last in (1, 1, 2))
    except Exception as error:  # each family refuses in its own way
        if is_out_of_memory(error):
            raise
        _LOG.info("can't tell which way this model reads", exc_info=True)
        return False
    least = _STEPS * torch.finfo(one.dtype).eps * float(one.abs().max())
    return bool((one - again).abs().max() <= least) and bool((one - other).abs().max() > least)


def _first_row(model: Any, last: int) -> torch.Tensor:
    """The logits at the first of two ids, the other one being the `last` from the vocabulary's end."""
    rows = head_rows(model) or _STEPS
    ids = torch.tensor([[rows - 3, rows - last]], device=model.device)
    row: torch.Tensor = model(input_ids=ids, attention_mask=torch.ones_like(ids), return_dict=True).logits[
        0, 0
    ]
    return row
