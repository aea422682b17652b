"""Every test runs without the network, and without reading or writing anything of the user's."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

HOME = Path(tempfile.mkdtemp(prefix="logitscope-tests-"))

for name in [
    name
    for name in os.environ
    if name.startswith(("LOGITSCOPE_", "HF_", "TRANSFORMERS_")) and name != "LOGITSCOPE_DATA"
]:
    del os.environ[name]
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HOME": str(HOME / "huggingface"),
    "LOGITSCOPE_STATE": str(HOME / "state"),
    "XDG_CACHE_HOME": str(HOME / "cache"),
    "XDG_CONFIG_HOME": str(HOME / "config"),
    "XDG_DATA_HOME": str(HOME / "data"),
    "XDG_STATE_HOME": str(HOME / "xdg-state"),
}


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
