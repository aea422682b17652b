"""Process-wide settings that must be made before the heavy libraries come in, and bringing them in."""

from __future__ import annotations

import gc
import os
import sys
import threading

from tui.engine import device
from tui.engine.cores import CORES
from tui.system.collector import few_collections

NICENESS = 10
LAST = 19
SWITCH_SECONDS = 0.0005
"""How long one thread may hold the interpreter while another wants it: keeps the token lane quick."""

_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
}


def prepare() -> None:
    """Lower the priority, and quieten the libraries, before any is imported."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    CORES.prepare()
    if device.cores() <= 2:
        # transformers reads weights in two threads and more: with two cores none is left for the answers.
        os.environ.setdefault("HF_DEACTIVATE_ASYNC_LOAD", "1")
    sys.setswitchinterval(SWITCH_SECONDS)
    few_collections()
    try:
        os.nice(max(0, NICENESS - os.nice(0)))
    except (OSError, AttributeError):
        return


def leave_torch_out() -> None:
    """From now on this process has no torch: transformers makes tokenizers without it, in half the time."""
    sys.modules["torch"] = None  # type: ignore[assignment]


def is_without_torch() -> bool:
    """Whether torch was left out of this process."""
    return "torch" in sys.modules and sys.modules["torch"] is None


def step_back() -> None:
    """Let this thread run only where no other wants to, on systems that tell threads apart (Linux)."""
    if sys.platform != "linux":
        return
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST)
    except OSError:
        return


class Libraries:
    """Torch and the parts of transformers that every load needs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._imported = False

    def bring_in(self) -> None:
        """Import them, once; takes seconds, and a second caller waits for the first.

        The garbage collector is off meanwhile, which saves a fifth of the time, and afterwards looks no more
        at what was imported: a full collection would stop every lane for a fifth of a second.
        """
        with self._lock:
            if self._imported:
                return
            gc.disable()
            try:
                _import()
            finally:
                gc.freeze()
                gc.enable()
            self._imported = True


def _import() -> None:
    import transformers

    CORES.torch_is_there()
    for name in ("AutoConfig", "AutoModelForSequenceClassification", "PreTrainedModel"):
        getattr(transformers, name)  # imported on first use
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
