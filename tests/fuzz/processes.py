"""What the kernel tells of the program: how much it has computed, whether it rests."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import psutil


def computed(pid: int) -> float:
    """Seconds that the process's first thread has computed: the screen's event loop."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


def computed_by_all(pid: int) -> float:
    """The same of all its threads."""
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return 0.0


def state(pid: int) -> str:
    """R: runs or waits for a processor; S: rests; T: stopped; empty: gone."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def rests(pid: int) -> bool:
    """Whether none of its threads runs or wants a processor."""
    with contextlib.suppress(OSError, IndexError):
        stats = [task / "stat" for task in Path(f"/proc/{pid}/task").iterdir()]
        return all(stat.read_text().rpartition(")")[2].split()[0] == "S" for stat in stats)
    return False


def memory(pid: int) -> float:
    """Megabytes resident."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss / 1e6
    return 0.0


def engine_of(pid: int) -> int | None:
    """The newest engine that the program has started."""
    with contextlib.suppress(psutil.Error):
        children = [
            child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE
        ]
        return max((child.pid for child in children), default=None)
    return None


def signal_group(pid: int, number: signal.Signals) -> None:
    """To the process and all that belongs to it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
