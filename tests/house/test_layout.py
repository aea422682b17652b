"""The shape of the house: what stands at the top, how large a file may be, what the README promises."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {"tui", "tests", "pyproject.toml", "README.md", "screenshots"}
LONGEST_FILE = 400
LARGEST_CHECKPOINT_BYTES = 7_500_000
ALL_CHECKPOINTS_BYTES = 45_000_000


def tracked_files() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [Path(name) for name in done.stdout.split("\0") if name]


def test_nothing_else_stands_at_the_top() -> None:
    assert {path.parts[0] for path in tracked_files() if not path.parts[0].startswith(".")} <= TOP


def test_no_file_is_too_long() -> None:
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "tui").rglob("*.py")
    }
    assert lengths
    too_long = {
        str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE
    }
    assert too_long == {}


def test_the_built_in_checkpoints_are_small() -> None:
    sizes = {
        folder.name: sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        for folder in (ROOT / "tui" / "models").iterdir()
        if folder.is_dir()
    }
    assert {name for name, size in sizes.items() if size > LARGEST_CHECKPOINT_BYTES} == set()
    assert sizes["nano-sentiment"] <= 6_000_000
    assert sum(sizes.values()) <= ALL_CHECKPOINTS_BYTES


@pytest.mark.parametrize("mark", ["start command", "test command", "tools", "another processor"])
def test_the_readme_gives_its_commands(mark: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(rf"^<!-- {mark} -->\n```\w*\n.+\n```$", readme, re.MULTILINE)) == 1


def test_continuous_integration_runs_the_commands_of_the_readme(tmp_path: Path) -> None:
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    script.write_bytes((ROOT / ".ci" / "run").read_bytes())
    readme = "text\n<!-- test command -->\n```bash\necho the command > ran\n```\n```bash\nfalse\n```\n"
    other = "<!-- tools -->\n```bash\necho tools >> ran\n```\n"
    other += "<!-- another processor -->\n```bash\necho another >> ran\n```\n"
    (tmp_path / "README.md").write_text(readme + other)
    subprocess.run(["bash", str(script)], check=True, capture_output=True)
    assert (tmp_path / "ran").read_text() == "the command\ntools\nanother\n"


def test_continuous_integration_fails_with_the_tests(tmp_path: Path) -> None:
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    script.write_bytes((ROOT / ".ci" / "run").read_bytes())
    marks = ("test command", "tools", "another processor")
    for broken in (*marks, ""):
        commands = [
            f"<!-- {mark} -->\n```bash\n{'false' if mark == broken else 'true'}\n```\n" for mark in marks
        ]
        (tmp_path / "README.md").write_text("".join(commands))
        done = subprocess.run(["bash", str(script)], capture_output=True)
        assert done.returncode == bool(broken)
        for left_out in range(len(marks)):
            (tmp_path / "README.md").write_text("".join(commands[:left_out] + commands[left_out + 1 :]))
            assert subprocess.run(["bash", str(script)], capture_output=True).returncode == 1
    (tmp_path / "README.md").write_text("no command\n")
    assert subprocess.run(["bash", str(script)], capture_output=True).returncode == 1
