"""`logitscope tokenize` with long texts and many lines: told while they are read, whole, and refused in words."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import tokenizers

from tests.headless.test_surroundings import _default_signals as default_signals
from tests.headless.test_tokenize import MODELS, tokenize, values
from tui.headless import lines
from tui.headless.client import BlockingEngine, RequestError
from tui.protocol import Examine
from tui.protocol.microscope.questions import ReadText

LONG = "The library reads files, and naïve people — 東京 — write them. " * 6_000


def test_a_long_text_is_one_object_with_every_token(tmp_path: Path) -> None:
    bare, file = tmp_path / "tokenizer.json", tmp_path / "long.txt"
    shutil.copy(MODELS / "nano-generation" / "tokenizer.json", bare)
    file.write_text(LONG, encoding="utf-8")
    (told,) = values("--model", str(bare), f"@{file}")
    backend = tokenizers.Tokenizer.from_file(str(bare))
    backend.no_truncation()
    encoding = backend.encode(LONG)
    assert told["input"] == LONG
    assert [token["id"] for token in told["tokens"]] == encoding.ids
    assert [(token["start"], token["end"]) for token in told["tokens"]] == encoding.offsets
    assert [token["word"] for token in told["tokens"]] == encoding.word_ids
    assert told["normalized"] == told["decoded"] == LONG
    assert told["same"] is True
    assert told["differences"] == []
    shown = tokenize("--model", str(bare), f"@{file}").stdout.decode()
    assert f"the first 200 of {len(encoding.ids):,} tokens" in shown
    assert f"({len(LONG):,} characters)" in shown
    assert "the same text" in shown


def test_each_of_many_lines_is_told_in_its_place() -> None:
    texts = [f"line {number}" if number % 7 else "" for number in range(1_000)]
    told = values("-", given="\n".join(texts).encode())
    assert [each["input"] for each in told] == texts
    assert all(each["same"] for each in told)


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_line_that_the_tokenizer_gives_up_on_costs_the_others_nothing(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """A word that is not in the vocabulary is an error where no entry stands for the unknown."""
    file = tmp_path / "tokenizer.json"
    backend = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1}, unk_token="[UNK]"))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    backend.save(str(file))
    done = tokenize(*flags, "--model", str(file), "-", given=b"a b\nb x\nb b a\n")
    assert done.returncode == 1
    assert done.stderr.count(b"about: b x") == 1
    if flags:
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [[token["text"] for token in each["tokens"]] for each in told] == [["a", "b"], ["b", "b", "a"]]
    else:
        assert done.stdout.count(b"tokens; decoded: ") == 2


def test_a_line_is_answered_before_the_next_one_comes() -> None:
    command = [sys.executable, "-m", "tui", "tokenize", "--json", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("first", "second"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["input"] == text


def test_ctrl_c_in_a_long_text_leaves_what_was_written(tmp_path: Path) -> None:
    """Told while it is read: the pipe is full long before its end, so that it surely waits there."""
    bare, file = tmp_path / "tokenizer.json", tmp_path / "long.txt"
    shutil.copy(MODELS / "nano-generation" / "tokenizer.json", bare)
    file.write_text(LONG, encoding="utf-8")
    command = [sys.executable, "-m", "tui", "tokenize", "--json", "--model", str(bare), f"@{file}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=default_signals
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        beginning = process.stdout.read(500_000)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        said = process.stderr.read().decode()
    assert process.returncode == 130
    assert beginning.startswith(b'{"model": ')
    assert (beginning + rest).endswith(b"\n")
    assert "the last object is not complete" in said
    assert "Traceback" not in said


def test_every_step_of_a_long_text_is_refused_before_the_work(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text(LONG, encoding="utf-8")
    done = tokenize("--steps", f"@{file}", "short")
    assert done.returncode == 1
    assert b"The text is too long for every step" in done.stderr
    assert f"{len(LONG):,} characters".encode() in done.stderr
    assert b"short" in done.stdout, "the next text is told"


def test_files_that_never_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    done = tokenize("@/dev/zero", "short")
    assert done.returncode == 1
    assert b"/dev/zero has more than 200,000,000 bytes" in done.stderr
    assert b"short" in done.stdout


def test_a_line_that_never_ends_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lines, "MOST_BYTES", 10)
    given = b"one\n" + b"x" * 11 + b"\n" + b"y" * 10 + b"\n" + b"z" * 500_000 + b"\nlast"
    assert list(lines.lines(io.BytesIO(given))) == ["one", "y" * 10, "last"]
    said = capsys.readouterr().err
    assert [number for number in range(1, 6) if f"Line {number} has more than" in said] == [2, 4]
    assert said.count("too long") == 2
    for at_once in (1, 7, 12):
        some = partial(io.BytesIO(given[:100]).read, at_once)
        told = [line for batch in lines.batches(lambda _, some=some: some()) for line in batch]  # type: ignore[misc]
        assert told == ["one", "y" * 10]


def test_a_request_that_no_frame_holds_is_refused_and_the_engine_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.protocol import frames
    from tui.settings import Settings

    with BlockingEngine(Settings().command, tmp_path / "engine.log") as engine:
        monkeypatch.setattr(frames, "MAX_FRAME_BYTES", 1_000)
        with pytest.raises(RequestError) as refused:
            engine.ask(Examine(engine.next_id(), ReadText("nano-sentiment", "x" * 2_000)))
        monkeypatch.undo()
        assert not refused.value.lost
        assert "too long" in refused.value.failure.title
        assert list(engine.ask(Examine(engine.next_id(), ReadText("nano-sentiment", "x"))))
