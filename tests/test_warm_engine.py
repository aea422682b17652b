"""A forked engine is like any other: it answers, what ends it is told; where it can't be forked it is started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.warm_engine import ENVIRONMENT, ITS_OWN, Forked, WarmEngine
from tui.protocol import Shutdown
from tui.protocol.frames import PREAMBLE, encode_frame
from tui.settings import Settings

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or Path("/dev/nvidiactl").exists(), reason="here every engine starts cold"
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test before left in it."""
    for name in os.environ.keys() - ENVIRONMENT.keys():
        if not name.startswith(ITS_OWN):
            monkeypatch.delenv(name)
    for name, value in ENVIRONMENT.items():
        if not name.startswith(ITS_OWN):
            monkeypatch.setenv(name, value)


@pytest.fixture
def engine(state_folder: Path) -> WarmEngine:
    return WarmEngine(Settings().command, state_folder / "engine.log")


def test_it_greets_and_leaves_when_told_to(engine: WarmEngine) -> None:
    assert isinstance(engine.popen, Forked)
    assert engine.popen.stdin is not None
    assert engine.popen.stdout is not None
    assert engine.popen.stdout.read(len(PREAMBLE)) == PREAMBLE
    assert engine.popen.poll() is None
    engine.popen.stdin.write(encode_frame(Shutdown(1)))
    assert engine.popen.wait(PATIENCE) == 0


def test_what_kills_it_is_told(engine: WarmEngine) -> None:
    engine.signal(signal.SIGKILL)
    assert engine.popen.wait(PATIENCE) == -signal.SIGKILL
    assert engine.popen.poll() == -signal.SIGKILL


def test_it_ends_with_its_requests(engine: WarmEngine) -> None:
    assert engine.popen.stdin is not None
    engine.popen.stdin.close()
    assert engine.popen.wait(PATIENCE) == 0


def test_nobody_waits_longer_than_asked(engine: WarmEngine) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        engine.popen.wait(0.0)
    engine.kill_now()
    assert engine.popen.wait(PATIENCE) == -signal.SIGKILL


@pytest.mark.parametrize("name", ["HF_HOME", "OMP_NUM_THREADS", "PYTHONPATH"])
def test_another_environment_needs_a_cold_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "2")
    cold = WarmEngine(Settings().command, tmp_path / "engine.log")
    cold.kill_now()
    assert not isinstance(cold.popen, Forked)


def test_another_program_needs_a_cold_start(tmp_path: Path) -> None:
    cold = WarmEngine((sys.executable, "-c", "pass"), tmp_path / "engine.log")
    assert cold.popen.wait(PATIENCE) == 0
    assert not isinstance(cold.popen, Forked)


def test_what_torch_sets_by_itself_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    engine = WarmEngine(Settings().command, tmp_path / "engine.log")
    engine.kill_now()
    assert isinstance(engine.popen, Forked)
