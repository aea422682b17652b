"""Where a model runs and in which number format; how much memory there is."""

from __future__ import annotations

import gc
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tui.engine.errors import EngineError
from tui.protocol.checkpoints import Memory
from tui.settings import DtypeName

if TYPE_CHECKING:
    import torch

_SPELLING = re.compile(r"auto|cpu|mps|cuda(?::(?P<index>\d+))?")
_HALF = frozenset({"float16", "bfloat16"})
SMALL = 500_000_000
"""Parameters up to which float32 costs an accelerator no time that anyone would notice: 2 GB."""


@dataclass(frozen=True)
class Placement:
    """A device that is there, and what to say about the choice."""

    device: str
    """`cpu`, `cuda:N` or `mps`."""
    name: str
    """The hardware's own name, or empty."""
    note: str = ""
    """What differs from what was asked; empty when nothing does."""


def check_spelling(requested: str) -> None:
    """Refuse a device that no machine has. Raises EngineError for anything but `auto|cpu|cuda[:n]|mps`."""
    if _SPELLING.fullmatch(requested) is None:
        raise EngineError(
            "Unknown device",
            f"“{requested}” names no device.",
            "Use auto, cpu, cuda, cuda:N (N from 0) or mps.",
        )


def place(requested: str) -> Placement:
    """The device to run on. Imports torch. Raises EngineError for a device that is not there."""
    import torch

    check_spelling(requested)
    if requested == "auto":
        return _automatic()
    if requested == "cpu":
        return Placement("cpu", processor_name())
    if requested == "mps":
        if not torch.backends.mps.is_available():
            raise _absent(requested)
        return Placement("mps", "Apple GPU")
    index = int(requested.partition(":")[2] or 0)
    if index >= torch.cuda.device_count():
        raise _absent(requested)
    return Placement(f"cuda:{index}", torch.cuda.get_device_name(index))


def _automatic() -> Placement:
    import torch

    note = ""
    if torch.cuda.is_available():
        try:
            torch.zeros(1, device="cuda:0")
            return Placement("cuda:0", torch.cuda.get_device_name(0))
        except (RuntimeError, AssertionError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            note = f"The GPU could not be used ({reason}); running on the CPU."
    if torch.backends.mps.is_available():
        return Placement("mps", "Apple GPU", note)
    return Placement("cpu", processor_name(), note)


def _absent(requested: str) -> EngineError:
    return EngineError(
        "No such device here",
        f"“{requested}” was asked for; this machine has {', '.join(present())}.",
        "Use --device auto to take the best one there is.",
    )


def present() -> tuple[str, ...]:
    """Every device of this machine, the CPU first. Imports torch."""
    import torch

    cuda = (f"cuda:{index}" for index in range(torch.cuda.device_count()))
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return ("cpu", *cuda, *mps)


def choose_dtype(
    requested: DtypeName, device: str, stored: str | None, parameters: int | None
) -> torch.dtype:
    """The number format to compute in. parameters: how many there are, None where that isn't known.

    `auto` is float32, except for a large model on an accelerator that computes bfloat16 when the weights are stored
    in half precision anyway. On a CPU bfloat16 is mostly slower than float32; and logits in it have three digits,
    tie, and give other answers than those of the CPU.
    """
    import torch

    if requested == "auto":
        large = parameters is None or parameters > SMALL
        half = device != "cpu" and large and stored in _HALF and _computes_bfloat16(device)
        return torch.bfloat16 if half else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[requested]


def _computes_bfloat16(device: str) -> bool:
    import torch

    return torch.cuda.is_bf16_supported() if device.startswith("cuda") else True


def dtype_name(dtype: torch.dtype) -> str:
    """`torch.float32` → `float32`."""
    return str(dtype).removeprefix("torch.")


def memory(device: str) -> Memory:
    """Memory in bytes: of this process and the machine for the CPU, of the accelerator otherwise."""
    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(device)
        return Memory(torch.cuda.memory_reserved(device), free)
    if device == "mps":
        import torch

        used = torch.mps.driver_allocated_memory()
        return Memory(used, max(0, torch.mps.recommended_max_memory() - used))
    return Memory(psutil.Process().memory_info().rss, psutil.virtual_memory().available)


def synchronize(device: str) -> None:
    """Wait until the device has done everything asked of it, so that a clock read next tells the truth."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(device)
    elif device == "mps":
        import torch

        torch.mps.synchronize()


def release(device: str) -> None:
    """Give memory that no tensor uses any more back to the device, or to the system."""
    gc.collect()
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
    elif device == "mps":
        import torch

        torch.mps.empty_cache()


def cores() -> int:
    """Processor cores this process may use: the scheduler's set, or less where a container has a quota."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(usable, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return usable


def processor_name() -> str:
    """The CPU's own name, or empty where the system doesn't tell."""
    if sys.platform != "linux":
        return ""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
