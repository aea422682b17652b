"""The script of text classification gives the engine's numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS, make_checkpoint
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

TASK = "sentiment-analysis"
INPUTS: tuple[dict[str, str], ...] = (
    {"text": "The film was dull.\n'Nobody' \"laughed\" \\ {}"},
    {"text": "the film was dull " * 40, "text_pair": "東京 😀 \x1b[31m"},
)


def run(asked: Asked) -> dict[str, Any]:
    """What the script leaves."""
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    return found


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("options", [{}, {"top_k": 2, "function_to_apply": "sigmoid"}])
@pytest.mark.parametrize(("labels", "problem_type"), [(1, None), (1, "regression"), (3, None)])
@pytest.mark.parametrize(
    "readout", [ReadoutSettings(), ReadoutSettings(0.5), ReadoutSettings(function="none")]
)
def test_the_numbers(
    tiny: TinyFolder,
    inputs: dict[str, str],
    options: dict[str, Any],
    labels: int,
    problem_type: str | None,
    readout: ReadoutSettings,
) -> None:
    folder = tiny("bert", labels, problem_type)
    found = run(Asked(TASK, str(folder), None, inputs, options, readout, RowAddress(), MAX_TOKENS))
    told = ask(load_here(folder), inputs, **options)
    logits, probabilities = by_index(told.readout(temperature=readout.temperature, function=readout.function))
    assert [each["label"] for each in found["answer"]] == [each["label"] for each in told.answer]
    scores = [each["score"] for each in told.answer]
    assert [each["score"] for each in found["answer"]] == pytest.approx(scores, abs=1e-6)
    assert found["logits"].tolist() == logits
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-9)


@pytest.mark.parametrize(
    ("labels", "problem_type"), [(1, "regression"), (3, "multi_label_classification"), (3, None)]
)
@pytest.mark.parametrize("options", [{}, {"function_to_apply": "softmax"}])
def test_the_filters(
    tiny: TinyFolder, options: dict[str, Any], labels: int, problem_type: str | None
) -> None:
    folder = tiny("bert", labels, problem_type)
    readout = ReadoutSettings(temperature=0.5, top_k=1)
    found = run(Asked(TASK, str(folder), None, INPUTS[0], options, readout, RowAddress(), MAX_TOKENS))
    told = ask(load_here(folder), INPUTS[0], **options).readout(temperature=0.5, top_k=1)
    assert found["probabilities"].tolist() == pytest.approx(by_index(told)[1], abs=1e-9)
    rows = sorted(told.rows, key=lambda row: row.index)
    if told.function != "softmax":
        assert {row.kept for row in rows} == {None}
        assert "kept" not in found
        return
    assert sum(found["kept"].tolist()) == 1
    assert found["kept"].tolist() == [row.kept for row in rows]
    assert found["renormalized"].tolist() == pytest.approx([row.renormalized for row in rows], abs=1e-9)


def test_a_head_that_is_not_in_the_checkpoint_is_the_engines(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "bert", 2, head="MaskedLM")
    loaded = load_here(folder)
    assert loaded.warning
    asked = Asked(TASK, str(folder), None, INPUTS[0], {}, ReadoutSettings(), RowAddress(), MAX_TOKENS)
    seed = (
        "torch.manual_seed(0)  # a head that the checkpoint lacks is filled with random numbers, these\nmodel"
    )
    assert "manual_seed" not in script(asked)
    warned = replace(asked, warning=loaded.warning)
    assert seed in script(warned)
    told = ask(loaded, INPUTS[0])
    torch.manual_seed(7)  # whatever was drawn before
    found = run(warned)
    assert found["logits"].tolist() == by_index(told.readout())[0]
    assert found["answer"][0]["label"] == told.answer[0]["label"]
