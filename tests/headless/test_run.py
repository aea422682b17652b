"""`logitscope run` as a command: the real engine's answers against transformers' own, and what can go wrong."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.digits import shows
from tests.patience import PATIENCE
from tui.headless.lines import lines
from tui.headless.run import reference_of
from tui.settings import Settings

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "scripted_engine.py"
CHECKPOINT = ROOT / "tui" / "models" / "nano-sentiment"
RUN = (sys.executable, "-m", "tui", "run")
TEXTS = [
    "What a wonderful course!",
    "Terrible. \x1b[31mNever again\u200b",
    "",
    "日本語 👍🏽 e\u0301",
    "long words " * 900,
]


@pytest.fixture(autouse=True)
def in_the_package_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(*arguments: str | bytes, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*RUN, *arguments], input=given, capture_output=True, timeout=PATIENCE)


def scripted(*steps: str) -> tuple[str, str]:
    return ("--engine", shlex.join([sys.executable, str(SCRIPT), *steps]))


def gone(pid: int, seconds: float = PATIENCE) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


# ------------------------------------------------------------------------------------- the real engine


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*RUN, "sentiment-analysis", "--json", "--all", "--", *TEXTS],
        cwd=ROOT,
        env=environ,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def pipeline() -> Any:
    import transformers

    return transformers.pipeline("text-classification", model=str(CHECKPOINT), device="cpu")


def test_one_object_for_each_text(answers: list[dict[str, Any]]) -> None:
    assert [answer["input"] for answer in answers] == TEXTS
    assert {answer["model"] for answer in answers} == {"nano-sentiment"}
    assert {answer["task"] for answer in answers} == {"sentiment-analysis"}
    assert all(answer["seconds"] > 0 for answer in answers)


def test_the_answer_is_the_pipelines(answers: list[dict[str, Any]], pipeline: Any) -> None:
    for answer, text in zip(answers, TEXTS, strict=True):
        expected = pipeline(text, truncation=True)
        assert [score["label"] for score in answer["answer"]] == [score["label"] for score in expected]
        for score, reference in zip(answer["answer"], expected, strict=True):
            assert list(score) == list(reference)
            assert score["score"] == pytest.approx(reference["score"], abs=1e-6)


def test_logits_and_tokens_are_the_models(answers: list[dict[str, Any]], pipeline: Any) -> None:
    import torch

    for answer, text in zip(answers, TEXTS, strict=True):
        encoding = pipeline.tokenizer(text, truncation=True, return_tensors="pt")
        assert [token["id"] for token in answer["tokens"]] == encoding["input_ids"][0].tolist()
        assert [token["text"] for token in answer["tokens"]] == encoding.tokens()
        for token, span in zip(answer["tokens"], encoding.encodings[0].offsets, strict=True):
            assert token["special"] or (token["start"], token["end"]) == span
        with torch.no_grad():
            logits = pipeline.model(**encoding).logits[0].double()
        assert answer["logits"] == pytest.approx(logits.tolist(), abs=1e-5)
        assert answer["probabilities"] == pytest.approx(logits.softmax(-1).tolist(), abs=1e-6)
        assert answer["labels"] == list(pipeline.model.config.id2label.values())


def test_a_long_text_is_cut_and_says_so(answers: list[dict[str, Any]]) -> None:
    assert [answer["truncated"] for answer in answers] == [False, False, False, False, True]
    assert answers[-1]["total_tokens"] > len(answers[-1]["tokens"]) == 512


def test_lines_are_answered_as_they_come() -> None:
    command = [*RUN, "sentiment-analysis", "-", "--json", "--device", "cpu", "--dtype", "float32"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for text in (b"good\r\n", b"\n", b"bad \xff\n"):
        process.stdin.write(text)
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert answer["input"] == text.decode(errors="replace").rstrip("\r\n")
    _, errors = process.communicate()
    assert process.returncode == 0
    assert b"line 3 is not UTF-8" in errors


def test_a_model_that_is_not_there() -> None:
    done = run("sentiment-analysis", "text", "--model", "/nowhere/at/all")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"/nowhere/at/all" in done.stderr
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) >= 3


def test_another_task_with_its_flags() -> None:
    asked = ("feature-extraction", "I love it", "--text-pair", "I \x1b[2Jhate it", "--pooling", "last")
    done = run(*asked, "--json", "--all")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["inputs"] == {"text": "I love it", "text_pair": "I \x1b[2Jhate it"}
    assert values["options"] == {"pooling": "last"}
    assert [each["name"] for each in values["sequences"]] == ["first text", "second text"]
    assert values["view"]["type"] == "Featured"
    assert values["view"]["pooled"][0] == pytest.approx(values["answer"][0][-1])
    lines = run(*asked).stdout.decode().splitlines()
    assert lines[1:3] == ["text_pair: I \\x1b[2Jhate it", "pooling: last"]
    assert lines[4] == "I love it"
    assert lines[5].startswith("cosine ")
    assert " between the texts" in lines[5]
    assert shows(lines[5], values["view"]["cosine"])


# ----------------------------------------------------------------------------------- what can go wrong


def test_readable_answers_by_any_engine() -> None:
    done = run("sentiment-analysis", "one", "two", *scripted("banner=900"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[2:4] == ["one", "LABEL_0 1.000000   (1 token, 0 ms)"]
    assert "two" in done.stdout.decode()


def test_a_text_that_fails_does_not_stop_the_others() -> None:
    done = run("sentiment-analysis", "one", "bad \x1b[2J", "two", "--json", *scripted("fail=bad"))
    assert done.returncode == 1
    assert [json.loads(line)["input"] for line in done.stdout.splitlines()] == ["one", "two"]
    assert b"Scripted failure" in done.stderr
    assert b"bad \\x1b[2J" in done.stderr


@pytest.mark.parametrize(
    ("steps", "part"),
    [
        (("garbage-and-end",), b"does not speak Logitscope's protocol"),
        (("banner=70000",), b"does not speak Logitscope's protocol"),
        (("preamble=99",), b"its protocol is 99"),
        (("protocol=9",), b"its protocol is 9"),
        (("exit=255",), b"Permission denied (publickey).\\x1b[31m"),
        (("die=two",), b"killed (SIGKILL)"),
        (("die=two",), b"the system does this when memory runs out"),
        (("die=two", "by=SIGBUS"), b"(SIGBUS)"),
        (("die=two", "by=SIGBUS"), b"when a file in use becomes shorter: was the checkpoint written anew?"),
        (("garbled=2",), b"stream is broken"),
        (("fatal",), b"The accelerator is poisoned"),
    ],
)
def test_an_engine_that_fails(steps: tuple[str, ...], part: bytes) -> None:
    done = run("sentiment-analysis", "two", *scripted(*steps))
    assert done.returncode == 1
    assert part in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_command_that_is_not_there() -> None:
    done = run("sentiment-analysis", "text", "--engine", "/nowhere/engine")
    assert done.returncode == 1
    assert b"No such file" in done.stderr
    assert b"--engine" in done.stderr


def test_without_a_model_the_tasks_first_built_in_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert reference_of(Settings(model="org/model")) == "org/model"
    assert reference_of(Settings()) == "nano-sentiment"
    assert reference_of(Settings(task="poetry")) is None
    assert "--model" in capsys.readouterr().err


def test_control_c_ends_both(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = [*RUN, "sentiment-analysis", "wait", *scripted("hold=wait", "stubborn", f"pid={pid}")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors == b""
    assert gone(int(pid.read_text()))


def test_the_engine_ends_with_a_killed_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = [*RUN, "sentiment-analysis", "wait", *scripted("hold=wait", f"pid={pid}")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    assert gone(int(pid.read_text()))


def assert_a_reader_may_leave(command: list[str], pid: Path) -> None:
    """A pipe that is closed after the first line ends the command, and its engine, without a word."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(PATIENCE) == 141
    assert gone(int(pid.read_text()))


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = [*RUN, "sentiment-analysis", *["text"] * 2000, "--json", *scripted(f"pid={pid}")]
    assert_a_reader_may_leave(command, pid)


def test_lines_of_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.BytesIO(b"\xef\xbb\xbfone\r\n\ntwo \r three\nbad \xff\xfe\nlast")
    assert list(lines(stream)) == ["one", "", "two \r three", "bad \ufffd\ufffd", "last"]
    assert "line 4 is not UTF-8" in capsys.readouterr().err


def test_no_lines() -> None:
    assert list(lines(io.BytesIO(b""))) == []
    done = run("sentiment-analysis", "-", "--json", *scripted())
    assert (done.returncode, done.stdout) == (0, b"")


def test_bytes_in_arguments_that_are_no_text() -> None:
    done = run("sentiment-analysis", b"caf\xe9", "--json", *scripted())
    assert done.returncode == 0
    assert json.loads(done.stdout)["input"] == "caf\ufffd"
    assert b"argument 3 is not UTF-8" in done.stderr


def test_an_engine_that_gives_up_is_not_asked_again() -> None:
    done = run("sentiment-analysis", "one", "two", "three", *scripted("fatal"))
    assert done.returncode == 1
    assert done.stderr.count(b"logitscope:") == 1
    assert b"The accelerator is poisoned" in done.stderr
