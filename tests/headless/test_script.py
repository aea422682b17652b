"""`logitscope script`: what it prints runs by itself and computes what `logitscope run` answers."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import MAX_TOKENS, edit_json, make_checkpoint
from tui import cli
from tui.headless import flags
from tui.headless.script import limit_of
from tui.tasks import TASKS

ROOT = Path(__file__).parents[2]
HOSTILE = 'naïve \x1b[31m\'""" \\ {0} \u202e 東京 😀\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "it's a checkpoint", "bert", 3)


def command(*arguments: str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_computes_what_run_answers(folder: Path) -> None:
    texts = (HOSTILE, "the film was dull " * 40)
    asked = ("sentiment-analysis", *texts, "--text-pair", "dull", "--top-k", "2", "--model", str(folder))
    script = command("-m", "tui", "script", *asked)
    told = [json.loads(line) for line in command("-m", "tui", "run", *asked, "--json").splitlines()]
    assert [each["truncated"] for each in told] == [False, True]
    more = "print(logits.tolist())\nprint(probabilities.tolist())\n"
    *answers, logits, probabilities = map(ast.literal_eval, command("-c", script + more).splitlines())
    assert len(answers) == 2
    for answer, each in zip(answers, told, strict=True):
        assert [score["label"] for score in answer] == [score["label"] for score in each["answer"]]
        scores = [score["score"] for score in each["answer"]]
        assert len(scores) == 2
        assert [score["score"] for score in answer] == pytest.approx(scores, abs=1e-6)
    assert logits == pytest.approx(told[-1]["logits"], abs=1e-5)
    assert probabilities == pytest.approx(told[-1]["probabilities"], abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_one_that_holds_what_was_asked(
    task: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = []
    for field in TASKS[task].form.fields[1:]:
        given += [flags.flag(field.name), f"second {HOSTILE}"]
    before = set(sys.modules)
    assert cli.main(["script", task, HOSTILE, "dull", "--model", str(folder), *given]) == 0
    printed = capsys.readouterr().out
    assert not {"textual"} & (set(sys.modules) - before)
    tree = ast.parse(printed)
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert str(folder) in strings
    assert any(isinstance(string, str) and "naïve \x1b[31m'" in string for string in strings)
    assigned = [
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    for name in ("answer", "logits", "probabilities"):
        assert assigned.count(name) >= 2  # one for each text
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_no_library_of_the_model_side_is_imported_for_it() -> None:
    program = (
        "import sys; from tui.cli import main; main(['script', 'sentiment-analysis', 'dull']);"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert not {"torch", "transformers", "tokenizers", "numpy", "textual"} & set(done.stderr.split())
    assert "built_in_folder('nano-sentiment')" in done.stdout
    assert "max_length=512" in done.stdout


def test_device_number_format_and_revision(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["script", "text-classification", "dull", "--model", "org/model", "--revision", "v2"]
    assert cli.main([*asked, "--device", "cuda:1", "--dtype", "bfloat16"]) == 0
    printed = capsys.readouterr().out
    for part in ("'org/model'", "revision='v2'", ".to('cuda:1')", "torch.bfloat16"):
        assert part in printed


def test_the_limit_is_known_where_the_files_are(folder: Path, tmp_path: Path) -> None:
    assert limit_of(str(folder), None) == MAX_TOKENS
    edit_json(folder / "config.json", max_position_embeddings=20)
    assert limit_of(str(folder), None) == 20
    (folder / "config.json").write_text("{")
    for reference in (str(folder), str(tmp_path), "/nowhere/at/all", "org/model", "no good/name", ""):
        assert limit_of(reference, None) is None


def test_lines_of_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "script", "ner", "-", "--model", "org/model"],
        input=b"one\n\nthree",
        cwd=ROOT,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"import torch") == 3


def test_without_a_checkpoint_it_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tui.headless.run.built_in_names", lambda _: ())
    assert cli.main(["script", "ner", "text"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--model" in printed.err
