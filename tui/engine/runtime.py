"""Process-wide settings that must be made before the heavy libraries come in, and bringing them in."""

from __future__ import annotations

import os
import sys

from tui.engine import device

NICENESS = 10
SWITCH_SECONDS = 0.0005
"""How long one thread may hold the interpreter while another wants it: keeps the token lane quick."""

_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "OMP_WAIT_POLICY": "passive",  # waiting torch threads that spin would starve the screen
}


def prepare() -> None:
    """Lower the priority, leave one core to the screen, and quieten the libraries, before any is imported."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads()))
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        os.nice(max(0, NICENESS - os.nice(0)))
    except (OSError, AttributeError):
        return


def threads() -> int:
    """Threads for torch: every core but one."""
    return max(1, device.cores() - 1)


def import_libraries() -> None:
    """Import torch and the parts of transformers that every load needs; seconds, once."""
    import torch

    torch.set_num_threads(threads())
    import transformers
    from transformers import AutoConfig, AutoModelForSequenceClassification

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    del AutoConfig, AutoModelForSequenceClassification
