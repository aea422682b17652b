"""The script of zero-shot classification gives the engine's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS
from tests.engine.conftest import load_here
from tests.engine.tasks.test_zero_shot_classification import TASK
from tests.engine.tasks.test_zero_shot_classification import mnli as mnli  # the fixture
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script


@pytest.mark.parametrize("labels", ["film, life,, film, 東京 '\"", "a, b\nlife", "one"])
@pytest.mark.parametrize("options", [{}, {"multi_label": True, "hypothesis_template": "It's {}!\n"}])
@pytest.mark.parametrize("address", [RowAddress(), RowAddress(0, 2), RowAddress(1)])
@pytest.mark.parametrize("readout", [ReadoutSettings(0.5), ReadoutSettings(function="sigmoid")])
def test_the_numbers(
    mnli: Path, labels: str, options: dict[str, Any], address: RowAddress, readout: ReadoutSettings
) -> None:
    inputs = {"text": "the film was dull " * 30, "candidate_labels": labels}
    asked = Asked(TASK, str(mnli), None, inputs, options, readout, address, MAX_TOKENS)
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(mnli, task=TASK), inputs, **options)
    assert found["answer"]["sequence"] == told.answer["sequence"]
    assert found["answer"]["labels"] == told.answer["labels"]
    assert found["answer"]["scores"] == pytest.approx(told.answer["scores"], abs=1e-6)
    again = told.readout(address, temperature=readout.temperature, function=readout.function)
    logits, probabilities = by_index(again)
    assert found["logits"].tolist() == logits
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-9)
