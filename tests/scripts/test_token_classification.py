"""The script of token classification gives the engine's numbers."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from tests.asking import ask, by_index
from tests.checkpoints import CORPUS, MAX_TOKENS
from tests.engine.tasks.test_token_classification import TASK, BothOf
from tests.engine.tasks.test_token_classification import both_of as both_of  # the fixture
from tui.catalogue import built_in_names
from tui.engine.answers.entities import STRATEGIES
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

LONG = " ".join(CORPUS)


def run(asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(script(asked), "script", "exec"), found)
    return found


def assert_same(both_of: BothOf, model_type: str, text: str, options: dict[str, Any], **which: Any) -> None:
    both = both_of(model_type)
    readout = which.get("readout", ReadoutSettings())
    address = which.get("address", RowAddress())
    found = run(Asked(TASK, str(both.folder), None, {"text": text}, options, readout, address, MAX_TOKENS))
    told = ask(both.loaded, text, **options)
    shown = told.readout(address, temperature=readout.temperature, function=readout.function)
    assert [each | {"score": 0} for each in found["answer"]] == [each | {"score": 0} for each in told.answer]
    scores = [each["score"] for each in told.answer]
    assert [each["score"] for each in found["answer"]] == pytest.approx(scores, abs=1e-6)
    logits, probabilities = by_index(shown)
    assert found["position"] == shown.address.position
    assert found["logits"].tolist() == pytest.approx(logits, abs=1e-6)
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-6)


@pytest.mark.parametrize("model_type", ["bert", "roberta"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy(both_of: BothOf, model_type: str, strategy: str) -> None:
    options = {"aggregation_strategy": strategy}
    for text in (CORPUS[1] + "\n'\"\\{}", LONG):
        assert_same(both_of, model_type, text, options)


@pytest.mark.parametrize("address", [RowAddress(), RowAddress(2), RowAddress(1, 7)])
@pytest.mark.parametrize("strategy", ["simple", "max"])
def test_windows(both_of: BothOf, strategy: str, address: RowAddress) -> None:
    options: dict[str, Any] = {"aggregation_strategy": strategy, "stride": 6}
    if address == RowAddress(2):
        address = ask(both_of("bert").loaded, LONG, **options).readout(address).address
    assert_same(both_of, "bert", LONG, options, address=address)


@pytest.mark.parametrize(
    "readout", [ReadoutSettings(0.5), ReadoutSettings(function="sigmoid"), ReadoutSettings(function="none")]
)
def test_the_readout_settings(both_of: BothOf, readout: ReadoutSettings) -> None:
    assert_same(both_of, "bert", CORPUS[2], {}, readout=readout, address=RowAddress(0, 3))


def test_nothing_found(both_of: BothOf) -> None:
    assert_same(both_of, "bert", "", {})
    assert_same(both_of, "bert", "", {"aggregation_strategy": "first"})


def test_a_window_without_a_position_begins_at_its_first_token(both_of: BothOf) -> None:
    both = both_of("bert")
    options = {"stride": 6}
    found = run(
        Asked(
            TASK,
            str(both.folder),
            None,
            {"text": LONG},
            options,
            ReadoutSettings(),
            RowAddress(1),
            MAX_TOKENS,
        )
    )
    assert found["position"] == 1


def test_built_ins() -> None:
    for name in built_in_names(TASK):
        asked = Asked(TASK, name, None, {"text": "Ada in Rome"}, {}, ReadoutSettings(), RowAddress(), 128)
        assert run(asked)["answer"]
