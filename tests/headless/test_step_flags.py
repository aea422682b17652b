"""The flags of `--steps`: what they ask for, what can't go together, and what they are called."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tui import cli
from tui.headless.step_flags import Steps
from tui.protocol.writing.decoding import Constraint, Decoding
from tui.tasks import TASKS, WRITERS
from tui.tasks.sampling import SETTINGS

SCHEMA = '{"type": "object"}'


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[Steps, dict[str, float]]:
    """What would be asked of the engine, and the sampling settings."""
    heard: list[Any] = []

    def write_on(settings: Any, texts: Sequence[str], json: bool, fields: Any, steps: Steps, of: Any) -> int:
        heard.append((steps, of))
        return 0

    monkeypatch.setattr("tui.headless.stepping.write_on", write_on)
    assert cli.main(["run", *arguments]) == 0
    steps, sampling = heard[0]
    return steps, sampling


def decoding(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Decoding:
    return asked(monkeypatch, "text-generation", "t", "--steps", *arguments)[0].decoding


def test_steps_alone_are_greedy(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = tuple(setting.name for setting in SETTINGS)
    unset = (*numbers, "do_sample", "num_beams")
    assert asked(monkeypatch, "--steps", "text-generation", "t") == (Steps(Decoding(), 20, 5, {}, unset), {})
    unset = (*numbers, "num_beams")
    assert asked(monkeypatch, "--greedy", "--steps", "translation", "t")[0] == Steps(
        Decoding(), None, 5, {}, unset
    )


@pytest.mark.parametrize(
    ("arguments", "method"),
    [
        (("--temperature", "0.7"), "sample"),
        (("--temperature", "1"), "sample"),
        (("--top-k", "5"), "sample"),
        (("--keep-top-k", "5"), "sample"),
        (("--top-p", "0.9"), "sample"),
        (("--min-p", "0.1"), "sample"),
        (("--typical-p", "0.9"), "sample"),
        (("--seed", "0"), "sample"),
        (("--repetition-penalty", "1.2"), "greedy"),
        (("--no-repeat-ngram-size", "2"), "greedy"),
        (("--greedy", "--seed", "3", "--temperature", "0.7"), "greedy"),
    ],
)
def test_a_number_that_says_how_to_draw_makes_it_draw(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], method: str
) -> None:
    assert decoding(monkeypatch, *arguments).method == method


def test_everything_reaches_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--temperature=0.5", "--top-k", "7", "--repetition-penalty=1.5", "--seed", str(2**63 - 1)]
    flags += [
        "--ban",
        "3",
        "--ban",
        "5",
        "--stop",
        " the",
        "--stop",
        "\n",
        "--regex",
        "[a-z ]+",
        "--num-beams",
        "3",
    ]
    flags += ["--length-penalty=-1", "--min-new-tokens", "2", "--no-repeat-ngram-size", "3"]
    steps, sampling = asked(
        monkeypatch,
        "text-generation",
        "t",
        "--steps",
        *flags,
        "--max-new-tokens=9",
        "--alternatives=0",
        "--chat",
    )
    assert steps.decoding == Decoding(
        method="sample",
        seed=2**63 - 1,
        no_repeat_ngram_size=3,
        min_new_tokens=2,
        banned=(3, 5),
        stop_strings=(" the", "\n"),
        constraint=Constraint("regex", "[a-z ]+"),
        num_beams=3,
        length_penalty=-1.0,
    )
    assert (steps.most, steps.alternatives, steps.options) == (9, 0, {"chat": True})
    assert steps.unset == ("top_p", "min_p", "typical_p")
    assert sampling == {"temperature": 0.5, "top_k": 7, "repetition_penalty": 1.5}


def test_options_of_the_same_name_are_the_tasks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--num-beams=4", "--length-penalty=2", "--min-new-tokens=1", "--no-repeat-ngram-size=2"]
    steps, _ = asked(
        monkeypatch, "summarization", "t", "--steps", *flags, "--max-new-tokens=6", "--prefix=x "
    )
    assert steps.decoding == Decoding(
        num_beams=4, length_penalty=2.0, min_new_tokens=1, no_repeat_ngram_size=2
    )
    assert (steps.most, steps.options) == (6, {"prefix": "x "})


def test_a_schema_is_json_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(f"\ufeff{SCHEMA}\n", encoding="utf-8")
    for typed in (SCHEMA, str(path)):
        constraint = decoding(monkeypatch, "--json-schema", typed).constraint
        assert constraint is not None
        assert constraint.kind == "json-schema"
        assert json.loads(constraint.text) == {"type": "object"}


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--seed", "-1"], "seed is from 0 to"),
        (["--seed", str(2**63)], "seed is from 0 to"),
        (["--seed", "some"], "seed is a whole number, not 'some'"),
        (["--seed", ""], "seed is a whole number"),
        (["--alternatives", "1001"], "alternatives is from 0 to 1000, not 1001"),
        (["--ban", "the"], "ban is a whole number, not 'the'"),
        (["--ban=-5"], "ban is from 0 to"),
        (["--stop", ""], "stop needs a text"),
        (["--regex", ""], "regex needs a text"),
        (["--num-beams", "0"], "num_beams is from 1 to 32, not 0"),
        (["--no-repeat-ngram-size=-1"], "no_repeat_ngram_size is at least 0, not -1"),
        (["--json-schema", "{"], "is no JSON"),
        (["--json-schema", "{" * 99_999], "is no JSON"),
        (["--json-schema", "/nowhere.json"], "'/nowhere.json' is neither JSON nor a file: No such file"),
        (["--regex", "a", "--json-schema", "{}"], "--regex and --json-schema: one of them at a time"),
        (["--python"], "--python goes without --steps"),
        (["--max-new-tokens", "5000"], "max_new_tokens is from 0 to 4096"),
        (["--temperature", "0"], "temperature is above 0"),
    ],
)
def test_what_can_not_be_is_a_usage_error(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "text-generation", "t", "--steps", *arguments]) == 2
    printed = capsys.readouterr()
    assert part in printed.err
    assert printed.out == ""


def test_a_file_that_is_no_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schema"
    for written, part in (
        (b"\xff\xfe{", "it is UTF-16, not UTF-8"),
        (b"[1]", "is no JSON schema"),
        (b"", "is no JSON"),
    ):
        path.write_bytes(written)
        assert cli.main(["run", "translation", "t", "--steps", "--json-schema", str(path)]) == 2
        assert part in capsys.readouterr().err
    assert cli.main(["run", "translation", "t", "--steps", "--json-schema", str(tmp_path)]) == 2
    assert "it is a folder, not a file" in capsys.readouterr().err
    os.mkfifo(tmp_path / "pipe")
    for place, part in ((tmp_path / "pipe", "a named pipe"), (Path("/dev/zero"), "a device")):
        assert cli.main(["run", "translation", "t", "--steps", "--json-schema", str(place)]) == 2
        assert part in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--greedy"], "--greedy"),
        (["--seed", "0"], "--seed"),
        (["--alternatives", "3"], "--alternatives"),
        (["--ban", "1", "--stop", "x"], "--ban, --stop"),
        (["--json-schema", "{}"], "--json-schema"),
        (["--num-beams", "1"], "--num-beams"),
        (["--min-new-tokens", "0"], "--min-new-tokens"),
    ],
)
def test_without_steps_its_flags_say_so(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "text-generation", "t", *arguments]) == 2
    assert f"{named}: only with --steps" in capsys.readouterr().err


def test_the_tasks_that_write_have_them_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    for task in TASKS:
        assert cli.main(["run", task, "--help"]) == 0
        assert ("--steps " in capsys.readouterr().out) == (task in WRITERS)
        assert cli.main(["script", task, "--help"]) == 0
        assert "--steps " not in capsys.readouterr().out
    assert cli.main(["run", "ner", "t", "--steps"]) == 2
    assert "unrecognized arguments: --steps" in capsys.readouterr().err
