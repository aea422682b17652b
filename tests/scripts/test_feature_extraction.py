"""The script of feature extraction gives the engine's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tests.engine.tasks.test_feature_extraction import TASK
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "bart"])
@pytest.mark.parametrize("pair", ["", "東京 'is' \"far\"\n"])
@pytest.mark.parametrize(
    ("pooling", "address"),
    [
        ("mean", RowAddress()),
        ("first", RowAddress(0, 3)),
        ("last", RowAddress(1)),
        ("mean", RowAddress(1, 2)),
    ],
)
def test_the_numbers(tiny: TinyFolder, model_type: str, pair: str, pooling: str, address: RowAddress) -> None:
    folder = tiny(model_type, head="")
    inputs = {"text": "the film was dull " * 20, "text_pair": pair}
    readout = ReadoutSettings(0.5, "softmax")
    asked = Asked(TASK, str(folder), None, inputs, {"pooling": pooling}, readout, address, MAX_TOKENS)
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(folder, task=TASK), inputs, pooling=pooling)
    assert found["answer"] == told.answer
    assert found.get("cosine") == (pytest.approx(told.view.cosine, abs=1e-9) if pair else None)
    logits, scaled = by_index(told.readout(address, temperature=0.5, function="softmax"))
    assert found["logits"].tolist() == pytest.approx(logits, abs=1e-9)
    assert found["probabilities"].tolist() == pytest.approx(scaled, abs=1e-9)
