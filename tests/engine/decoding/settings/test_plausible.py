"""Settings in a checkpoint's files that nothing can obey are told at once, by an engine that goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.driver import EngineProcess
from tui import catalogue
from tui.protocol import Analyze, Answered, Failed, Load, Loaded

TASK = "summarization"
SETTINGS: dict[str, dict[str, Any]] = {
    "beams": {"num_beams": 100_000, "max_new_tokens": 10**9},
    "beams beyond all bounds": {"num_beams": 2**63},
    "beams beyond 32 bits": {"num_beams": 2**53},
    "beams of endless length": {"num_beams": 4, "max_length": 10**9},
    "a span beyond 32 bits": {"encoder_no_repeat_ngram_size": 2**53},
    "a span of gigabytes": {"encoder_no_repeat_ngram_size": 2**31},
    "no beams": {"num_beams": 0},
    "negative beams": {"num_beams": -1},
    "a negative length": {"max_new_tokens": -5},
    "a length in words": {"max_new_tokens": "all"},
    "a penalty that is no number": {"num_beams": 2, "length_penalty": float("nan")},
    "an endless penalty": {"repetition_penalty": float("inf")},
    "an end in words": {"eos_token_id": "x"},
    "a list of lists": {"eos_token_id": [[0]]},
    "escapes": {"max_new_tokens": "\x1b]52;c;YQ==\x07" * 1_000},
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        yield engine


@pytest.mark.parametrize("kind", ["static", "offloaded_static", "sliding_window", "hybrid", "dynamic"])
def test_a_cache_grows_with_the_text_whatever_the_checkpoint_says(
    engine: EngineProcess, tmp_path: Path, kind: str
) -> None:
    """One of a fixed length would take that of the longest text: gigabytes."""
    built_in = catalogue.built_in_folder("nano-summarization")
    assert built_in is not None
    folder = shutil.copytree(built_in, tmp_path / "checkpoint")
    file = folder / "generation_config.json"
    endless = {"num_beams": 1, "max_length": 10**9, "cache_implementation": kind}
    file.write_text(json.dumps({**json.loads(file.read_text()), **endless}))
    engine.send(Load(engine.next_id(), str(folder), TASK))
    assert isinstance(engine.last(engine.newest), Loaded)
    text = {"text": "A film. It was warm and funny."}
    engine.send(Analyze(engine.next_id(), TASK, text, {"num_beams": 1}))
    assert isinstance(engine.last(engine.newest), Answered)


@pytest.mark.parametrize("name", SETTINGS)
def test_they_are_told_at_once(engine: EngineProcess, tmp_path: Path, name: str) -> None:
    built_in = catalogue.built_in_folder("nano-summarization")
    assert built_in is not None
    folder = shutil.copytree(built_in, tmp_path / "checkpoint")
    file = folder / "generation_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **SETTINGS[name]}))
    engine.send(Load(engine.next_id(), str(folder), TASK))
    told = [engine.last(engine.newest)]
    if isinstance(told[0], Loaded):
        engine.send(Analyze(engine.next_id(), TASK, {"text": "A film. It was warm and funny."}))
        told.append(engine.last(engine.newest))
    failed = told[-1]
    assert isinstance(failed, Failed)
    titles = ("The checkpoint's settings can't be obeyed", "The search is too large")
    assert failed.failure.title in titles or (len(told) == 1 and "can't be loaded" in failed.failure.title)
    assert len(failed.failure.detail) < 700
    engine.send(Load(engine.next_id(), "nano-summarization", TASK))
    assert isinstance(engine.last(engine.newest), Loaded)
    engine.send(Analyze(engine.next_id(), TASK, {"text": "A film."}, options={"max_new_tokens": 2}))
    assert isinstance(engine.last(engine.newest), Answered)
