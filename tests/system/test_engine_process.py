from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tui.system.engine_process import EngineProcess, log_tail


def test_the_end_of_a_log_is_that_of_this_process_alone(tmp_path: Path) -> None:
    log = tmp_path / "state" / "engine.log"
    for word in ("first", "second"):
        process = EngineProcess(
            [sys.executable, "-c", f"import sys; sys.stderr.write('{word} words\\n')"], log
        )
        process.popen.communicate(timeout=PATIENCE)
        assert process.log_tail() == f"{word} words\n"
    assert log_tail(log) == "first words\nsecond words\n"
    assert log_tail(log, most_bytes=6) == "words\n"


def test_an_emptied_log_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("new")
    assert log_tail(log, start=1000) == "new"
    with pytest.raises(OSError, match="nowhere"):
        log_tail(tmp_path / "nowhere")


def test_a_killed_process_leaves_nothing_behind(tmp_path: Path) -> None:
    process = EngineProcess([sys.executable, "-c", "import time; time.sleep(6000)"], tmp_path / "engine.log")
    process.kill_now()
    assert process.popen.poll() is not None


def test_a_command_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-command"):
        EngineProcess(["no-such-command"], tmp_path / "engine.log")
