"""Every test runs without the network, without reading or writing anything of the user's, and alike everywhere."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis
import pytest

HOME = Path(tempfile.mkdtemp(prefix="logitscope-tests-"))

_PREFIXES = ("LOGITSCOPE_", "HF_", "TRANSFORMERS_", "TEXTUAL", "LC_")
_TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "TERM_PROGRAM", "LANGUAGE")
for name in [name for name in os.environ if name.startswith(_PREFIXES) or name in _TERMINAL]:
    if name not in (
        "LOGITSCOPE_DATA",
        "TEXTUAL_SNAPSHOT_TEMPDIR",
    ):  # the latter tells workers where pictures go
        del os.environ[name]
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HOME": str(HOME / "huggingface"),
    "LANG": "C.UTF-8",
    # one thread for torch, here and in every engine: the last digit of a sum depends on how many there are, and the
    # engine takes fewer on a busy machine
    "OMP_NUM_THREADS": "1",
    "TERM": "xterm-256color",
    "TZ": "UTC",
    "LOGITSCOPE_STATE": str(HOME / "state"),
    "XDG_CACHE_HOME": str(HOME / "cache"),
    "XDG_CONFIG_HOME": str(HOME / "config"),
    "XDG_DATA_HOME": str(HOME / "data"),
    "XDG_STATE_HOME": str(HOME / "xdg-state"),
}
os.umask(0o022)

# What ignores a signal hands that down to the programs it starts; a handler is not handed down. In the background
# of a shell SIGINT is ignored, under nohup SIGHUP: they go on doing nothing here, and programs have the default.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)

# The same examples in every run, however slow the machine; `--hypothesis-profile=search` looks for new ones.
SUITE = hypothesis.settings(
    derandomize=True, deadline=None, database=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("suite", SUITE)
hypothesis.settings.register_profile("search", SUITE, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="record the real engine's answers for snapshots")


def pytest_unconfigure() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


class NetworkForbiddenError(Exception):
    """A test wanted to leave this machine."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets of this process connect to this machine only."""
    for method in ("connect", "connect_ex"):
        original = getattr(socket.socket, method)

        def guarded(self: socket.socket, address: Any, original: Any = original) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                host = address[0]
                if host != "localhost" and not ip_address(host).is_loopback:
                    raise NetworkForbiddenError(f"a test connects to {host}")
            return original(self, address)

        monkeypatch.setattr(socket.socket, method, guarded)


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own, also for the processes it starts."""
    folder = tmp_path / "state"
    monkeypatch.setenv("LOGITSCOPE_STATE", str(folder))
    return folder
