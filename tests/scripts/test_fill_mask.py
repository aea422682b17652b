"""The script of fill-mask gives the engine's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asking import ask, by_index
from tests.checkpoints import MAX_TOKENS
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.conftest import tiny as tiny  # the fixture
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

TASK = "fill-mask"
TEXTS = (
    "The ___ was dull.\n'Nobody' \"laughed\" \\ {}",
    "the [MASK] film <mask> " + "was dull " * 40,
    "東京 ____ \x1b[31m",
)


@pytest.mark.parametrize("model_type", ["bert", "roberta"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("options", [{}, {"top_k": 2, "targets": "film, dull"}, {"top_k": 1000}])
@pytest.mark.parametrize(
    ("readout", "position"),
    [(ReadoutSettings(), None), (ReadoutSettings(0.5), 1), (ReadoutSettings(function="sigmoid"), 3)],
)
def test_the_numbers(
    tiny: TinyFolder,
    model_type: str,
    text: str,
    options: dict[str, Any],
    readout: ReadoutSettings,
    position: int | None,
) -> None:
    folder, address = tiny(model_type, head="MaskedLM"), RowAddress(0, position)
    asked = Asked(TASK, str(folder), None, {"text": text}, options, readout, address, MAX_TOKENS)
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(load_here(folder, task=TASK), text, **options)
    read = told.readout(address, temperature=readout.temperature, function=readout.function)
    logits, probabilities = by_index(read)
    assert found["answer"] == told.answer
    assert found["logits"].tolist() == logits
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-9)
