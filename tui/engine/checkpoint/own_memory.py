"""Weights in memory of the engine's own.

A file that is mapped into memory ends the process when it becomes shorter (SIGBUS), and changes the model where it
is written anew in its place, as a training that goes on does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from tui.engine.sources.safetensors_header import Weights

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_PART = 2
"""Of the memory that is free the weights may take one part in so many."""
_PAGE = 4096
"""Bytes. Where in a page numbers begin decides in which order some processors add them up."""


def take(model: PreTrainedModel, weights: Weights) -> None:
    """Copy a model's weights, so that no file is behind them any more; their numbers and sums stay to the last bit.

    Weights that would take most of the memory stay mapped: the system can take such memory back, but no copy.
    """
    if weights.size_bytes > psutil.virtual_memory().available // _PART:
        return
    copies: dict[tuple[object, ...], Tensor] = {}  # tied weights are one
    for tensor in (*model.parameters(), *model.buffers()):
        place = (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if place not in copies:
            copies[place] = _copy(tensor.data)
        tensor.data = copies[place]


def _copy(tensor: Tensor) -> Tensor:
    """The same numbers at the same place in a page: only there the last digit of a sum is that of the library."""
    import torch

    if tensor.device.type != "cpu" or not tensor.is_contiguous():
        return tensor.clone()
    room = torch.empty(tensor.nbytes + _PAGE, dtype=torch.uint8)
    begin = (tensor.data_ptr() - room.data_ptr()) % _PAGE
    if begin % tensor.element_size():
        return tensor.clone()
    return room[begin : begin + tensor.nbytes].view(tensor.dtype).view(tensor.shape).copy_(tensor)
