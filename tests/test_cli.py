"""The command line: what comes at once, what is refused, and how the playground is started."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tui import cli

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_the_package_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["engine", "--help"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    assert "logitscope" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("logitscope ")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["sing"], "there is no command 'sing'"),
        (["--model", "m", "run"], "write `logitscope run` first"),
        (["--sing"], "--sing"),
        (["--mod", "m"], "--mod"),
        (["run"], "TASK, TEXT"),
        (["run", "sentiment-analysis"], "TEXT"),
        (["run", "sentimental", "text"], "Did you mean sentiment-analysis?"),
        (["run", "sentiment-analysis", "text", "--device", "gpu"], "There is no such device"),
        (["run", "sentiment-analysis", "text", "--dtype", "int4"], "There is no such dtype"),
        (["run", "sentiment-analysis", "text", "--engine", "ssh 'box"], "No closing quotation"),
    ],
)
def test_usage_errors(arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert part in printed.err
    assert printed.out == ""


def test_a_config_file_that_can_not_be_read_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGITSCOPE_CONFIG", str(tmp_path / "gone.toml"))
    assert cli.main([]) == 2
    assert "gone.toml" in capsys.readouterr().err


def test_without_a_screen_the_other_way_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "standard input is not a terminal" in done.stderr
    assert "logitscope run sentiment-analysis" in done.stderr


def test_a_terminal_that_can_not_be_drawn_on() -> None:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tui"], stdin=theirs, stdout=theirs, stderr=theirs, env=environ
    )
    os.close(theirs)
    assert process.wait(PATIENCE) == 1
    said = os.read(ours, 4096).decode()
    os.close(ours)
    assert "TERM is dumb" in said
    assert "logitscope run" in said


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["sing"], ["run", "sentiment-analysis"]])
def test_what_comes_at_once_imports_next_to_nothing(arguments: list[str]) -> None:
    program = f"import sys; from tui.cli import main; main({arguments}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    modules = set(done.stderr.splitlines()[-1].split())
    assert "tui.cli" in modules
    assert not modules & {"msgspec", "asyncio", "textual", "torch", "tui.protocol"}


def test_the_engine_starts_before_the_screen_is_imported() -> None:
    """What is imported when the engine's process is started, seen from within the real composition root."""
    program = """
import sys, tui.cli as cli
cli._no_screen = lambda: ""
from tui.system.engine_process import EngineProcess
def start(process, command, log_path):
    print("textual" in sys.modules, command[-2:], log_path.name)
    raise SystemExit(0)
EngineProcess.__init__ = start
sys.exit(cli.main([]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False ('-m', 'tui.engine') engine.log\n", done.stderr
