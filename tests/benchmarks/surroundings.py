"""Where a measurement was taken, and the environment the measured programs run in."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).resolve().parent / "programs"
NANO = ROOT / "tui" / "models" / "nano-sentiment"
PLAYGROUND = (sys.executable, "-m", "tui")
BUSY = 0.5
"""Load for each core above which other work disturbs a measurement."""


def environment(home: Path) -> dict[str, str]:
    """An environment with a home of its own, no network, and compiled modules kept as an installation has them."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOGITSCOPE_", "HF_", "TRANSFORMERS_", "OMP_", "MKL_"))
        and name not in ("PYTHONDONTWRITEBYTECODE", "NO_COLOR", "COLUMNS", "LINES")
    }
    return kept | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(home / "huggingface"),
        "LOGITSCOPE_STATE": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONPATH": str(ROOT),
    }


def processor() -> str:
    """The processor's own name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def facts() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "processor": f"{processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    } | {name: version(name) for name in ("torch", "transformers", "tokenizers", "textual")}


def load_per_core() -> float:
    """Runnable processes of the last minute for each core."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def busy_share(seconds: float = 1.0) -> float:
    """Share of the processors that other programs use now, 0 to 1."""
    return float(psutil.cpu_percent(interval=seconds)) / 100
