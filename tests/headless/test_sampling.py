"""Sampling settings re-shape the numbers that are printed, in `run` and in its script alike; the answer stays."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.generation import logits_process as made

from tests.checkpoints import make_checkpoint
from tui import cli
from tui.headless.client import BlockingEngine
from tui.headless.json_lines import as_json
from tui.headless.output import as_text, heading
from tui.headless.reading import Reply, readout_settings
from tui.headless.run import loaded_by, reading_of
from tui.headless.script import warning_of
from tui.protocol import Analyze, Load
from tui.settings import Settings

TASK, TEXT = "text-generation", "the film was dull, the film was long"
FLAGS = (
    "--temperature=0.7",
    "--repetition-penalty=1.3",
    "--keep-top-k=40",
    "--top-p=0.95",
    "--min-p=0.001",
    "--typical-p=0.9",
)
SAMPLING = {
    "temperature": 0.7,
    "repetition_penalty": 1.3,
    "top_k": 40,
    "top_p": 0.95,
    "min_p": 0.001,
    "typical_p": 0.9,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("writer"), "gpt2", head="CausalLM")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingEngine]:
    with BlockingEngine(Settings().command, tmp_path_factory.mktemp("state") / "engine.log") as running:
        yield running


def read(engine: BlockingEngine, folder: Path, task: str, sampling: dict[str, float]) -> Reply:
    loaded = loaded_by(engine.ask(Load(engine.next_id(), str(folder), task)))
    analyze = Analyze(engine.next_id(), task, {"text": TEXT}, {}, readout_settings(task, sampling))
    return reading_of(analyze, loaded, engine.ask(analyze))


def values(reading: Reply) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(as_json(reading), parse_constant=pytest.fail)
    return told


def expected(folder: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Penalized logits, probabilities and what is left of them, by transformers' own processors."""
    inputs = AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")
    ids = inputs["input_ids"]
    with torch.inference_mode():
        row = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(**inputs).logits[:, -1]
    penalized = made.RepetitionPenaltyLogitsProcessor(1.3)(ids, row.clone())
    scores = made.TemperatureLogitsWarper(0.7)(ids, penalized)
    probabilities = scores.double().softmax(-1)[0]
    for processor in (
        made.TopKLogitsWarper(40),
        made.TopPLogitsWarper(0.95),
        made.MinPLogitsWarper(0.001),
        made.TypicalLogitsWarper(0.9),
    ):
        scores = processor(ids, scores)
    return penalized[0], probabilities, scores.double().softmax(-1)[0]


def test_json_holds_the_numbers_and_the_settings(folder: Path, engine: BlockingEngine) -> None:
    plain, shaped = (values(read(engine, folder, TASK, sampling)) for sampling in ({}, SAMPLING))
    assert shaped["answer"] == plain["answer"]
    assert shaped["rows"]["settings"] == SAMPLING
    assert plain["rows"]["settings"] == {
        "temperature": 1,
        "repetition_penalty": 1,
        "top_k": 0,
        "top_p": 1,
        "min_p": 0,
        "typical_p": 1,
    }
    assert {"kept", "renormalized", "penalized", "filters"}.isdisjoint(plain)
    penalized, probabilities, left = expected(folder)
    indices = shaped["rows"]["indices"]
    assert shaped["penalized"] == pytest.approx(penalized[indices].tolist(), abs=1e-5)
    assert shaped["probabilities"] == pytest.approx(probabilities[indices].tolist(), abs=1e-6)
    assert shaped["renormalized"] == pytest.approx(left[indices].tolist(), abs=1e-6)
    assert shaped["kept"] == (left[indices] > 0).tolist()
    assert sum(shaped["kept"]) == shaped["kept_rows"]["total"] < 40
    assert math.fsum(shaped["renormalized"]) == pytest.approx(1.0)
    assert [each["name"] for each in shaped["filters"]] == ["top-k", "top-p", "min-p", "typical-p"]


def test_the_table_shows_what_was_kept(folder: Path, engine: BlockingEngine) -> None:
    reading = read(engine, folder, TASK, SAMPLING)
    lines = as_text(reading).splitlines()
    head = next(line for line in lines if "probability (softmax)" in line)
    assert head.split() == [
        "label",
        "logit",
        "penalized",
        "÷",
        "0.7",
        "probability",
        "(softmax)",
        "of",
        "what",
        "is",
        "kept",
    ]
    assert any(
        f"{reading.readout.kept:,} of {reading.readout.total:,} rows are kept, which hold 0." in line
        for line in lines
    )
    kept = [row for row in reading.readout.rows[:10] if row.kept]
    assert kept
    for row in kept:
        assert any(line.endswith(f"{row.renormalized:.6f}") for line in lines)
    one = heading(reading.loaded, {}, {}, {"top_p": 0.9})
    assert one.splitlines()[1:] == ["top-p: 0.9, for the table alone"]
    narrow = as_text(read(engine, folder, TASK, {"top_k": 2}))
    assert "dropped by top-k" in narrow
    assert "penalized" not in narrow


def test_the_script_has_them_too(
    folder: Path, engine: BlockingEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["script", TASK, TEXT, "--model", str(folder), *FLAGS]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert cli.main(["run", TASK, TEXT, "--python", "--model", str(folder), *FLAGS]) == 0
    assert capsys.readouterr().out == printed.out
    found: dict[str, Any] = {}
    exec(compile(printed.out, "script", "exec"), found)
    shaped = values(read(engine, folder, TASK, SAMPLING))
    indices = shaped["rows"]["indices"]
    assert found["answer"] == shaped["answer"]
    assert found["probabilities"][indices].tolist() == pytest.approx(shaped["probabilities"], abs=1e-5)
    assert found["renormalized"][indices].tolist() == pytest.approx(shaped["renormalized"], abs=1e-5)


def test_what_does_not_apply_is_said(tmp_path: Path, engine: BlockingEngine) -> None:
    folder = make_checkpoint(tmp_path, "bert", 1)
    reading = read(engine, folder, "sentiment-analysis", {"top_p": 0.5})
    said = "top-p: not applied, sigmoid makes no distribution"
    assert values(reading)["rows"]["not_applied"] == [said]
    assert f"  {said}" in as_text(reading).splitlines()
    warmer = read(engine, folder, "sentiment-analysis", {"temperature": 2.0})
    (logit,), (probability,) = (values(warmer)[name] for name in ("logits", "probabilities"))
    assert probability == pytest.approx(1 / (1 + math.exp(-logit / 2)))


def test_a_head_that_is_not_in_the_checkpoint_is_seeded(
    folder: Path, engine: BlockingEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert warning_of(str(folder), None, TASK) == ""
    assert warning_of("/nowhere", None, TASK) == ""
    assert "GPT2LMHeadModel has no classification head" in warning_of(str(folder), None, "sentiment-analysis")
    assert cli.main(["script", "sentiment-analysis", TEXT, "--model", str(folder)]) == 0
    printed = capsys.readouterr()
    assert "GPT2LMHeadModel has no classification head" in printed.err
    assert "torch.manual_seed(0)" in printed.out
    reading = read(engine, folder, "sentiment-analysis", {})
    assert reading.loaded.warning
    found: dict[str, Any] = {}
    exec(compile(printed.out, "script", "exec"), found)
    assert found["logits"].tolist() == pytest.approx(values(reading)["logits"], abs=1e-5)
