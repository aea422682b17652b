"""The real engine, written with as `run --steps` does, and transformers' own `generate` to hold it against."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from tests.headless.written import MODELS, Ask, Told
from tui.headless import flags, step_flags
from tui.headless.client import BlockingEngine
from tui.headless.json_lines import as_json
from tui.headless.reading import readout_settings
from tui.headless.run import loaded_by, reading_of
from tui.headless.step_values import StepValues
from tui.headless.stepping import Telling, TextToWrite, write
from tui.protocol import Analyze, Load
from tui.settings import Settings


@pytest.fixture(scope="module")
def writing_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingEngine]:
    with BlockingEngine(Settings().command, tmp_path_factory.mktemp("state") / "engine.log") as running:
        yield running


@pytest.fixture(scope="module")
def asked(writing_engine: BlockingEngine) -> Callable[..., TextToWrite]:
    """What is asked for by flags, of the built-in of a task or another checkpoint."""
    loaded: dict[str, Any] = {}

    def ask(task: str, text: str, *arguments: str, model: str = "") -> TextToWrite:
        model = model or f"nano-{task.removeprefix('text-')}"
        if model not in loaded:
            loaded.clear()
            load = Load(writing_engine.next_id(), model, task, "cpu", "float32")
            loaded[model] = loaded_by(writing_engine.ask(load))
        parser = argparse.ArgumentParser()
        flags.add_flags(parser, task)
        step_flags.add_step_flags(parser, task)
        given = vars(parser.parse_args([task, "--steps", *arguments, "--", text]))
        steps = step_flags.steps_in(given, task)
        assert steps is not None
        return TextToWrite(1, loaded[model], {"text": text}, steps, flags.sampling_in(given))

    return ask


@pytest.fixture
def told(
    writing_engine: BlockingEngine, asked: Callable[..., TextToWrite], capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What is printed."""

    def tell(telling: Telling, task: str, text: str, *arguments: str, model: str = "") -> str:
        capsys.readouterr()
        write(writing_engine, asked(task, text, *arguments, model=model), telling)
        return capsys.readouterr().out

    return tell


@pytest.fixture
def steps(told: Callable[..., str]) -> Ask:
    """The objects that are printed, the last one with the answer."""

    def ask(task: str, text: str, *arguments: str, model: str = "") -> Told:
        printed = told(StepValues(), task, text, *arguments, model=model)
        return [json.loads(line, parse_constant=pytest.fail) for line in printed.rstrip("\n").split("\n")]

    return ask


@pytest.fixture
def run_values(
    writing_engine: BlockingEngine, asked: Callable[..., TextToWrite]
) -> Callable[..., dict[str, Any]]:
    """What `run` prints without --steps."""

    def ask(task: str, text: str, **options: Any) -> dict[str, Any]:
        loaded = asked(task, text).loaded
        analyze = Analyze(writing_engine.next_id(), task, {"text": text}, options, readout_settings(task, {}))
        values: dict[str, Any] = json.loads(as_json(reading_of(analyze, loaded, writing_engine.ask(analyze))))
        return values

    return ask


@pytest.fixture(scope="module")
def writer() -> tuple[Any, Any]:
    folder = MODELS / "nano-generation"
    return AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32
    )


@pytest.fixture(scope="module")
def translator() -> tuple[Any, Any]:
    folder = MODELS / "nano-translation"
    return AutoTokenizer.from_pretrained(folder), AutoModelForSeq2SeqLM.from_pretrained(
        folder, dtype=torch.float32
    )
