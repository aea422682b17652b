"""Texts on which a tokenizer would run without end or fill the memory are refused, and the engine goes on."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import TASK, TinyFolder
from tests.engine.driver import EngineProcess
from tests.engine.test_giving_up import answered, asked, loaded, tokenizer_json
from tui.protocol import Answered, Cancel, Cancelled, Examine, Examined, Failed, Loaded
from tui.protocol.microscope.questions import (
    Compare,
    Contrast,
    Dissect,
    Explain,
    ListTokens,
    ReadIds,
    TraceWord,
)

SLOW = {"type": "Replace", "pattern": {"Regex": "(a|aa)+b"}, "content": "x"}
"""Just below the library's own limit at every character of such a text."""
SLOW_TEXT = ("a" * 24 + " ") * 2_000
LONG = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1_000}
TEXT = {"Sequence": {"id": "A", "type_id": 0}}
RUNAWAYS: dict[str, tuple[dict[str, Any], str]] = {
    "an expression": ({"normalizer": SLOW}, SLOW_TEXT),
    "growth": ({"normalizer": {"type": "Sequence", "normalizers": [LONG, LONG]}}, "a" * 1_000),
    "a long beginning": (
        {
            "normalizer": {
                "type": "Sequence",
                "normalizers": [{"type": "Prepend", "prepend": "a" * 100_000}] * 300,
            }
        },
        "a",
    ),
    "words of any length": (
        {
            "model": {
                "type": "WordPiece",
                "vocab": {"a": 0, "##a": 1, "[UNK]": 2},
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 2**63,
            }
        },
        "a" * 100_000,
    ),
    "a long entry": (
        {
            "model": {
                "type": "Unigram",
                "vocab": [["<unk>", 0.0], ["a", -1.0], ["a" * 99_999, -2.0]],
                "unk_id": 0,
            }
        },
        "a" * 99_999,
    ),
}
LIMITED = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system limits no memory")


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        yield engine


@LIMITED
@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_text_that_a_tokenizer_runs_away_on_is_refused(
    engine: EngineProcess, tmp_path: Path, name: str
) -> None:
    parts, text = RUNAWAYS[name]
    file = str(tokenizer_json(tmp_path, parts))
    for question in (Dissect(file, text), ListTokens(file, text=text)):
        failed = asked(engine, question)
        assert isinstance(failed, Failed)
        assert failed.failure.title in ("It takes too long", "It takes too much memory")
        assert "on this text (" in failed.failure.detail
    assert isinstance(asked(engine, Dissect("nano-sentiment", "a")), Examined)
    assert isinstance(asked(engine, Dissect(file, "b")), Examined | Failed)


def test_every_question_about_such_a_text_is(engine: EngineProcess, tmp_path: Path) -> None:
    file = str(tokenizer_json(tmp_path, {"normalizer": SLOW}))
    for question in (
        Compare(SLOW_TEXT, (file, "nano-sentiment")),
        Contrast(file, SLOW_TEXT),
        TraceWord(file, SLOW_TEXT),
        Dissect(file, "b", SLOW_TEXT),
    ):
        failed = asked(engine, question)
        assert isinstance(failed, Failed), question
        assert failed.failure.title == "It takes too long"
    assert isinstance(asked(engine, Dissect(file, "aab")), Examined)
    assert isinstance(asked(engine, TraceWord(file, "aab")), Examined)


@LIMITED
def test_decoding_that_grows_is_refused(engine: EngineProcess, tmp_path: Path) -> None:
    file = str(tokenizer_json(tmp_path, {"decoder": {"type": "Sequence", "decoders": [LONG] * 3}}))
    for question in (ReadIds(file, "0 0"), Explain(file, 0), Dissect(file, "a")):
        failed = asked(engine, question)
        assert isinstance(failed, Failed)
        assert failed.failure.title in (
            "It takes too long",
            "It takes too much memory",
            "These ids can't be decoded",
        )
    assert isinstance(asked(engine, Dissect("nano-sentiment", "a")), Examined)


def test_a_checkpoint_with_such_a_tokenizer_reads_other_texts(
    engine: EngineProcess, tiny: TinyFolder, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny("bert"), tmp_path / "checkpoint")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps({**tokenizer, "normalizer": SLOW}))
    assert isinstance(loaded(engine, str(folder)), Loaded)
    failed = answered(engine, SLOW_TEXT)
    assert isinstance(failed, Failed)
    assert failed.failure.title == "It takes too long"
    assert "The tokenizer checkpoint on this text (its normalizer has a Replace" in failed.failure.detail
    assert isinstance(answered(engine, "a film"), Answered)


def test_a_trial_can_be_cancelled(engine: EngineProcess, tmp_path: Path) -> None:
    file = str(tokenizer_json(tmp_path, {"normalizer": SLOW}))
    engine.send(Examine(engine.next_id(), Dissect(file, SLOW_TEXT * 10)))
    request = engine.newest
    engine.send(Cancel(engine.next_id(), request))
    assert isinstance(engine.last(request), Cancelled)
    assert isinstance(asked(engine, Dissect("nano-sentiment", TASK)), Examined)
