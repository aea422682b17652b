"""The script of question answering gives the engine's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asking import ask, by_index
from tests.checkpoints import CORPUS, MAX_TOKENS
from tests.engine.tasks.test_question_answering import TASK, BothOf
from tests.engine.tasks.test_question_answering import both_of as both_of  # the fixture
from tui.catalogue import built_in_names
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.scripts import Asked, script

LONG = " ".join(CORPUS)
CONTEXTS = (CORPUS[1] + "\n'\"\\{}", "dull", LONG, "Paris PARIS 東京 😀")


def assert_same(
    both_of: BothOf, which: tuple[str, ...], context: str, options: dict[str, Any], **more: Any
) -> None:
    both = both_of(*which)
    readout, address = more.get("readout", ReadoutSettings()), more.get("address", RowAddress())
    inputs = {"question": "Who's there?", "context": context}
    asked = Asked(
        TASK, str(both.folder), None, inputs, options, readout, address, more.get("limit", MAX_TOKENS)
    )
    found: dict[str, Any] = {}
    exec(compile(script(asked), "script", "exec"), found)
    told = ask(both.loaded, inputs, **options)
    assert found["answer"] == told.answer
    shown = told.readout(address, temperature=readout.temperature, function=readout.function)
    assert found["window"] == shown.address.sequence
    logits, probabilities = by_index(shown)
    assert found["logits"].tolist() == logits
    assert found["probabilities"].tolist() == pytest.approx(probabilities, abs=1e-9)


@pytest.mark.parametrize("which", [("bert",), ("roberta",), ("xlm-roberta", "left")])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"top_k": 40, "max_answer_len": 3, "handle_impossible_answer": True},
        {"max_seq_len": 30, "doc_stride": 4, "handle_impossible_answer": True},
    ],
)
def test_the_answer(both_of: BothOf, which: tuple[str, ...], options: dict[str, Any]) -> None:
    for context in CONTEXTS:
        assert_same(both_of, which, context, options)


@pytest.mark.parametrize(
    "address", [RowAddress(part=1), RowAddress(1), RowAddress(2, 5, 1), RowAddress(0, 3)]
)
def test_the_address(both_of: BothOf, address: RowAddress) -> None:
    assert_same(both_of, ("bert",), LONG, {}, address=address)


@pytest.mark.parametrize(
    "readout", [ReadoutSettings(0.5), ReadoutSettings(function="sigmoid"), ReadoutSettings(function="none")]
)
def test_the_readout_settings(both_of: BothOf, readout: ReadoutSettings) -> None:
    assert_same(both_of, ("bert",), CORPUS[2], {}, readout=readout)


def test_a_limit_that_is_not_known(both_of: BothOf) -> None:
    assert_same(both_of, ("bert",), LONG, {}, limit=None)


def test_built_ins() -> None:
    for name in built_in_names(TASK):
        inputs = {"question": "Where does Ada live?", "context": "Ada lives in Rome."}
        found: dict[str, Any] = {}
        asked = Asked(TASK, name, None, inputs, {}, ReadoutSettings(), RowAddress(), 256)
        exec(compile(script(asked), "script", "exec"), found)
        assert (
            inputs["context"][found["answer"]["start"] : found["answer"]["end"]] == found["answer"]["answer"]
        )
