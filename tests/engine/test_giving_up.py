"""Tokenizers whose Rust code panics: every request gets its last event, and the same engine answers the next."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import TASK, TinyFolder
from tests.engine.driver import EngineProcess
from tui.engine.errors import failure_of, is_panic
from tui.engine.tokenization.components import EMPTY
from tui.protocol import Analyze, Answered, AnyEvent, Examine, Examined, Failed, Load, Loaded
from tui.protocol.microscope.questions import (
    AnyQuestion,
    Browse,
    Compare,
    Dissect,
    Dissected,
    Explain,
    ListTokens,
    ReadIds,
)

MODEL = {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "b"}
TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [],
    "special_tokens": {},
}
BACKTRACKS = {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": "x"}
PANICS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a template that names a token which isn't there": ({"post_processor": TEMPLATE}, "a", "isn't there"),
    "a regular expression that backtracks": ({"normalizer": BACKTRACKS}, "a" * 30 + "!", "too many ways"),
    "a decoder that strips more than there is": (
        {"decoder": {"type": "Strip", "content": "a", "start": 1, "stop": 1}},
        "a",
        "more than there is",
    ),
    "pieces of length 0": ({"pre_tokenizer": {"type": "FixedLength", "length": 0}}, "a", "must not be"),
}
"""The part of a tokenizer.json, a text, and words of what a person is told."""


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        yield engine


def tokenizer_json(folder: Path, parts: dict[str, Any]) -> Path:
    file = folder / "tokenizer.json"
    file.write_text(json.dumps({**EMPTY, "model": MODEL, **parts}))
    return file


def asked(engine: EngineProcess, question: AnyQuestion) -> Examined | Failed:
    engine.send(Examine(engine.next_id(), question))
    event = engine.last(engine.newest)
    assert isinstance(event, Examined | Failed)
    return event


def loaded(engine: EngineProcess, reference: str) -> AnyEvent:
    engine.send(Load(engine.next_id(), reference, TASK))
    return engine.last(engine.newest)


def answered(engine: EngineProcess, text: str) -> AnyEvent:
    engine.send(Analyze(engine.next_id(), TASK, {"text": text}))
    return engine.last(engine.newest)


@pytest.mark.parametrize("name", PANICS)
def test_a_panic_is_told_and_the_next_question_is_answered(
    engine: EngineProcess, tmp_path: Path, name: str
) -> None:
    parts, text, words = PANICS[name]
    file = str(tokenizer_json(tmp_path, parts))
    failed = []
    for question in (
        Dissect(file, text),
        Compare(text, (file, "nano-sentiment")),
        ListTokens(file, text=text),
        ReadIds(file, "0"),
        Explain(file, 0),
        Browse(file, "a"),
    ):
        event = asked(engine, question)
        if isinstance(event, Failed):
            failed.append(event.failure)
        else:
            assert not isinstance(event.finding, Dissected), "every one of these gives up on its text"
    assert failed
    for failure in failed:
        assert failure.title in ("The tokenizer gives up on this text", "These ids can't be decoded")
        assert words in failure.detail
    assert isinstance(asked(engine, Dissect("nano-sentiment", "a")), Examined)


def test_a_checkpoint_whose_tokenizer_panics_gives_way_to_the_next(
    engine: EngineProcess, tiny: TinyFolder, tmp_path: Path
) -> None:
    """In the lanes of texts and of loads, too."""
    for number, (parts, text, words) in enumerate(PANICS.values()):
        folder = shutil.copytree(tiny("bert"), tmp_path / str(number))
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        (folder / "tokenizer.json").write_text(json.dumps({**tokenizer, **parts}))
        events = [loaded(engine, str(folder)), answered(engine, text)]
        told = [event.failure.detail for event in events if isinstance(event, Failed)]
        assert told or "decoder" in parts, "a classifier decodes nothing"
        assert all(words in detail for detail in told[:1])
        assert isinstance(loaded(engine, "nano-sentiment"), Loaded)
        assert isinstance(answered(engine, text), Answered)


def test_a_panic_says_what_it_means() -> None:
    import tokenizers

    strip = tokenizers.decoders.Strip(content="a", left=1, right=1)
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - a panic has no class to name
        strip.decode(["a"])
    assert is_panic(raised.value)
    failure = failure_of(raised.value, "ReadIds")
    assert failure.title == "Looking at the tokenizer failed"
    assert "it takes more than there is (“slice index starts at 1 but ends at 0”)" in failure.detail
