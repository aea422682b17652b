"""Every task's flags come from its form, and what can't be is told in the form's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tui import cli
from tui.headless import flags
from tui.tasks import TASKS, WRITERS
from tui.tasks.sampling import SETTINGS


def named(task: str) -> list[tuple[str, str]]:
    """Flags and descriptions of what a task takes besides its first text."""
    form = TASKS[task].form
    fields = [(flags.flag(field.name), field.about) for field in form.fields[1:]]
    return fields + [(flags.flag(option.name), option.about) for option in form.options]


def asked(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    """What `logitscope run` would ask the engine."""
    heard: dict[str, Any] = {}

    def run(
        settings: Any,
        texts: Sequence[str],
        json: bool,
        fields: Any,
        options: Any,
        sampling: Any,
        whole: bool,
    ) -> int:
        heard.update(task=settings.task, texts=texts, json=json, fields=fields, options=options)
        heard.update(sampling=sampling, whole=whole)
        return 0

    monkeypatch.setattr("tui.headless.run.run", run)
    assert cli.main(["run", *arguments]) == 0
    return heard


@pytest.mark.parametrize("command", ["run", "script"])
@pytest.mark.parametrize("task", TASKS)
def test_help_names_every_flag_of_the_task_and_no_other(
    task: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, task, "--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    own = {flag for flag, _ in named(task)}
    if task in WRITERS:
        own.add("--top-k")
    if task in WRITERS and command == "run":
        own |= {"--num-beams", "--length-penalty", "--min-new-tokens", "--no-repeat-ngram-size"}
    every = {flag for other in TASKS for flag, _ in named(other)}
    words = set(printed.replace("]", " ").replace("[", " ").split())
    assert own <= words
    assert not (every - own) & words
    for about in (TASKS[task].form.fields[0].about, *(about for _, about in named(task))):
        assert " ".join(about.split()) in printed
    for option in TASKS[task].form.options:
        assert all(choice in printed for choice in option.choices)


def test_help_without_a_task_names_the_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(task in printed for task in TASKS)


def test_texts_and_options_reach_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asked(
        monkeypatch, "question-answering", "Who?", "--context", "Ada did.", "When?", "--top-k", "3", "--json"
    )
    assert heard == {
        "task": "question-answering",
        "texts": ["Who?", "When?"],
        "json": True,
        "fields": {"context": "Ada did."},
        "options": {"top_k": 3},
        "whole": False,
        "sampling": {},
    }


def test_defaults_stay_unsaid_and_switches_are_true(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asked(monkeypatch, "--multi-label", "zero-shot-classification", "--", "-text", "--", "--json")
    assert heard["fields"] == {"candidate_labels": "politics, sports, science"}
    assert heard["options"] == {"multi_label": True}
    assert heard["texts"][0] == "-text"
    assert not heard["json"]
    template = asked(
        monkeypatch, "zero-shot-classification", "t", "--hypothesis-template=It is {}, 100 % {{sure}}."
    )
    assert template["options"] == {"hypothesis_template": "It is {}, 100 % {{sure}}."}


def test_the_task_is_found_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asked(monkeypatch, "--context", "ner", "--model=m", "--top-k", "2", "question-answering", "ner?")
    assert (heard["task"], heard["texts"], heard["fields"]) == (
        "question-answering",
        ["ner?"],
        {"context": "ner"},
    )


@pytest.mark.parametrize(
    ("name", "task"), [("text-classification", "sentiment-analysis"), ("token-classification", "ner")]
)
def test_the_pipelines_other_names_are_known(
    name: str, task: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, name, "text")["task"] == task
    assert cli.main(["run", name, "--help"]) == 0
    assert flags.flag(TASKS[task].form.options[0].name) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["fill-mask", "t", "--top-k", "0"], "top_k is from 1 to 1000, not 0"),
        (["fill-mask", "t", "--top-k", "some"], "top_k is a whole number, not 'some'"),
        (["ner", "t", "--aggregation-strategy", "best"], "is one of none, simple, first, average, max"),
        (["summarization", "t", "--num-beams", "99"], "num_beams is from 1 to 32, not 99"),
        (["summarization", "t", "--length-penalty", "long"], "length_penalty is a number, not 'long'"),
        (["ner", "t", "--context", "c"], "unrecognized arguments: --context"),
        (["question-answering", "q"], "required: --context"),
        (["zero-shot-classification", "t", "--multi-label", "yes", "--top-k"], "--top-k"),
        (["poetry", "t"], "There is no such task"),
        (
            ["fill-mask", "t", "--temperature", "0"],
            "--temperature: temperature is above 0 and at most 100, not",
        ),
        (
            ["fill-mask", "t", "--temperature", "nan"],
            "--temperature: temperature is above 0 and at most 100, not",
        ),
        (["ner", "t", "--keep-top-k", "2.5"], "--keep-top-k: top-k is a whole number, not '2.5'"),
        (["ner", "t", "--keep-top-k=-1"], "top-k is from 0 to 1e+09, not -1"),
        (["ner", "t", "--top-p", "90"], "--top-p: top-p is from 0 to 1, not 90.0"),
        (
            ["summarization", "t", "--typical-p", "0"],
            "--typical-p: typical-p is above 0 and at most 1, not 0.0",
        ),
        (["translation", "t", "--repetition-penalty", "much"], "repetition penalty is a number, not 'much'"),
        (["text-generation", "t", "--min-p"], "--min-p: expected one argument"),
        (["feature-extraction", "t", "--top-k", "5"], "unrecognized arguments: --top-k 5"),
        (["text-generation", "t", "--top-k=-1"], "--keep-top-k/--top-k: top-k is from 0 to 1e+09, not -1"),
        (["--device", "cpu"], "TASK, TEXT"),
    ],
)
@pytest.mark.parametrize("command", ["run", "script"])
def test_what_can_not_be_is_a_usage_error(
    command: str, arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, *arguments]) == 2
    printed = capsys.readouterr()
    assert part in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    ("arguments", "heard"),
    [
        (
            ["question-answering", "--question", "Who?", "--context", "Me."],
            {"texts": ["Who?"], "fields": {"context": "Me."}},
        ),
        (
            [
                "zero-shot-classification",
                "text",
                "--labels",
                "a,b",
                "--template",
                "It is {}.",
                "--multi-label",
            ],
            {
                "fields": {"candidate_labels": "a,b"},
                "options": {"hypothesis_template": "It is {}.", "multi_label": True},
            },
        ),
        (["ner", "text", "--aggregation", "max"], {"options": {"aggregation_strategy": "max"}}),
        (["fill-mask", "a ___", "--targets", "x,y"], {"options": {"targets": "x,y"}}),
    ],
)
def test_short_names_mean_the_same(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], heard: dict[str, Any]
) -> None:
    assert asked(monkeypatch, *arguments).items() >= heard.items()


def test_an_empty_argument_is_the_empty_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "summarization", "t", "--prefix", "")["options"] == {"prefix": ""}
    assert asked(monkeypatch, "summarization", "t", "--prefix=")["options"] == {"prefix": ""}
    assert asked(monkeypatch, "summarization", "t", "--prefix", '""')["options"] == {"prefix": ""}
    assert asked(monkeypatch, "summarization", "t")["options"] == {}
    assert asked(monkeypatch, "fill-mask", "t", "--targets", "")["options"] == {}
    assert cli.main(["run", "ner", "t", "--aggregation-strategy", ""]) == 2
    assert "is one of none, simple, first, average, max, not ''" in capsys.readouterr().err


def test_a_question_is_needed_in_one_form_or_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "question-answering", "--context", "Me."]) == 2
    assert "required: QUESTION" in capsys.readouterr().err


def test_run_python_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "sentiment-analysis", "dull", "--python"]) == 0
    printed = capsys.readouterr().out
    assert cli.main(["script", "sentiment-analysis", "dull"]) == 0
    assert printed == capsys.readouterr().out
    assert "from_pretrained" in printed


def test_the_tasks_are_listed_with_what_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tasks"]) == 0
    printed = capsys.readouterr().out
    for task in TASKS:
        assert f"\n{task}" in f"\n{printed}"
    assert "sentiment-analysis (also text-classification)" in printed
    assert "nano-sentiment" in printed
    assert "question, context" in printed
    for part in printed.split("\n  built-in")[:-1]:
        task = part.rpartition("\n  texts")[0].split("\n")[-1].split()[0]
        words = part.rpartition("\n  flags")[2].replace("(", " ").replace(")", " ").split()
        form = TASKS[task].form
        names = [field.name for field in form.fields[1:]] + [option.name for option in form.options]
        every = [flag for name in names for flag in flags.flags_of(name)]
        assert [word for word in words if word.startswith("--")] == every
    assert "--candidate-labels (also --labels) --hypothesis-template (also --template)" in printed
    assert cli.main(["tasks", "too many"]) == 2


def test_sampling_settings_of_every_task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for setting in SETTINGS:
        for number in (setting.default, 0.5 if setting.kind is float else 5):
            heard = asked(monkeypatch, flags.flag_of(setting), str(number), "fill-mask", "t", "--top-k", "3")
            assert heard["sampling"] == ({} if number == setting.default else {setting.name: number})
            assert heard["options"] == {"top_k": 3}
            assert heard["texts"] == ["t"]
    for task in TASKS:
        assert cli.main(["run", task, "--help"]) == 0
        printed = " ".join(capsys.readouterr().out.split())
        assert all(f"{flags.flag_of(setting)} " in printed for setting in SETTINGS)
        assert all(" ".join(setting.about.split()) in printed for setting in SETTINGS)
