"""`logitscope tokenize` as a command: the real engine against the tokenizers library and `logitscope run`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from tests.headless.test_run import in_the_package_folder as in_the_package_folder  # the fixture
from tests.headless.test_run import scripted
from tests.patience import PATIENCE

MODELS = Path(__file__).parents[2] / "tui" / "models"
TOKENIZE = (sys.executable, "-m", "tui", "tokenize")
TEXT = "Hello naïve waiting 東京 [CLS] \x1b[31m"


def tokenize(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*TOKENIZE, *arguments], input=given, capture_output=True, timeout=PATIENCE)


def values(*arguments: str, given: bytes = b"") -> list[dict[str, Any]]:
    done = tokenize("--json", *arguments, given=given)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("model", ["nano-sentiment", "nano-generation"])
def test_the_tokens_are_the_library_s_and_the_pieces_those_of_the_steps(model: str) -> None:
    backend = tokenizers.Tokenizer.from_file(str(MODELS / model / "tokenizer.json"))
    (told,) = values("--model", model, "--steps", TEXT)
    encoding = backend.encode(TEXT)
    assert [token["id"] for token in told["tokens"]] == encoding.ids
    assert told["input"] == TEXT
    assert told["model"] == model
    assert told["same"] == (told["decoded"] == TEXT)
    words = [word["text"] for word in told["words"] if not word["added_token"]]
    assert [trace["word"] for trace in told["trace"]] == words
    algorithm = type(backend.model).__name__
    assert all(trace["algorithm"] == algorithm for trace in told["trace"])
    pieces = [piece["id"] for trace in told["trace"] for piece in trace["pieces"]]
    inner = [token["id"] for token in told["tokens"] if not token["special"]]
    assert pieces == inner
    assert any(trace["steps"] for trace in told["trace"])
    for trace in told["trace"]:
        for step in trace["steps"]:
            if algorithm == "BPE":
                assert step["makes"] == step["left"] + step["right"]
                assert step["rank"] == min(rank for rank in step["ranks"] if rank is not None)
            else:
                assert step["id"] == backend.token_to_id(step["candidate"])
    assert told["stages"][0]["kind"] == "text"
    assert told["normalized"] == (TEXT if algorithm == "BPE" else "hello naive waiting  東  京  [CLS] [31m")


def test_the_tokens_are_those_of_run() -> None:
    (told,) = values("--model", "nano-sentiment", TEXT)
    command = [sys.executable, "-m", "tui", "run", "sentiment-analysis", "--json", TEXT]
    run = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE).stdout)
    names = ("id", "text", "start", "end", "special", "mask", "type_id")
    assert [[token[name] for name in names] for token in told["tokens"]] == [
        [token[name] for name in names] for token in run["tokens"]
    ]


def test_lines_files_and_what_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "two lines.txt"
    file.write_text("Nobody\nlaughed.", encoding="utf-8")
    told = values(f"@{file}", "-", given=b"one\n\ntwo\n")
    assert [each["input"] for each in told] == ["Nobody\nlaughed.", "one", "", "two"]
    done = tokenize("@/nowhere/at/all", "still read")
    assert done.returncode == 1
    assert b"can't be read" in done.stderr
    assert b"/nowhere/at/all" in done.stderr
    assert b"still read" in done.stdout


@pytest.mark.parametrize("steps", [(), ("--steps",)])
def test_lines_to_read_hold_nothing_harmful(steps: tuple[str, ...]) -> None:
    done = tokenize("--model", "nano-generation", *steps, TEXT, "")
    shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert "\x1b" not in shown
    assert "nano-generation · BPE" in shown
    assert "the same text" in shown
    if steps:
        assert "pre-tokenizer ByteLevel" in shown
        assert "(rank " in shown


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("--", "-dash"), ["-dash"]),
        (("one", "--", "-dash", "--json", "--"), ["one", "-dash", "--json", "--"]),
    ],
)
def test_texts_that_begin_with_a_dash_go_after_two(given: tuple[str, ...], expected: list[str]) -> None:
    assert [told["input"] for told in values("--model", "nano-generation", *given)] == expected


def test_side_by_side() -> None:
    (told,) = values("--compare", "nano-sentiment", "nano-generation", "--and", "nano-ner", TEXT)
    assert told["input"] == TEXT
    assert [each["name"] for each in told["tokenizers"]] == ["nano-sentiment", "nano-generation", "nano-ner"]
    for each in told["tokenizers"]:
        backend = tokenizers.Tokenizer.from_file(str(MODELS / each["name"] / "tokenizer.json"))
        ids = backend.encode(TEXT, add_special_tokens=False).ids
        assert [token["id"] for token in each["tokens"]] == ids
        assert each["total"] == len(ids)
    done = tokenize("--compare", "nano-sentiment", "nano-generation", TEXT)
    assert done.returncode == 0
    assert b"nano-generation" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "TEXT"),
        (("--compare", "a"), "--compare"),
        (("--compare", "a", "b", "--steps", "text"), "--compare"),
        (("--and", "a", "text"), "--and"),
        (("--nonsense", "text"), "--nonsense"),
    ],
)
def test_usage(arguments: tuple[str, ...], said: str) -> None:
    done = tokenize(*arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert not done.stdout


def test_no_such_tokenizer_and_a_broken_one(tmp_path: Path) -> None:
    broken = tmp_path / "tokenizer.json"
    broken.write_text('{"version": "1.0",\n "model": {"type": "BPE", "vocab": {"a": 0,}}}', encoding="utf-8")
    for model, said in (("/nowhere", "nowhere"), (str(broken), "line 2"), (str(MODELS / ".."), "tokenizer")):
        done = tokenize("--model", model, "text")
        assert done.returncode == 1
        assert said in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()


def test_an_engine_that_dies_is_told() -> None:
    done = tokenize(*scripted("exit=3"), "text")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"logitscope:" in done.stderr


def test_the_tokens_of_a_folder_are_those_of_run_and_its_bare_file_s_are_told_beside(tmp_path: Path) -> None:
    built_in = MODELS / "nano-sentiment"
    for file in built_in.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    stated = json.loads((built_in / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps(stated | {"truncation_side": "left", "model_max_length": 8})
    )
    text = "one two three four five six seven eight nine ten"
    (told,) = values("--model", str(tmp_path), text)
    command = [
        sys.executable,
        "-m",
        "tui",
        "run",
        "sentiment-analysis",
        "--json",
        "--model",
        str(tmp_path),
        text,
    ]
    run = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE).stdout)
    assert [token["id"] for token in told["tokens"]] == [token["id"] for token in run["tokens"]]
    bare = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json")).encode(text)
    assert told["tokenizer_json"]["ids"] == bare.ids
    assert told["tokenizer_json"]["stage"] == "truncation"
    assert told["notes"]
    shown = tokenize("--model", str(tmp_path), text).stdout.decode()
    assert "The tokenizer.json by itself gives other tokens from the truncation on" in shown
    (compared,) = values("--compare", str(tmp_path), "nano-ner", text)
    assert any(note.startswith(f"{tmp_path.name}: ") for note in compared["notes"])
