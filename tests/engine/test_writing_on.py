"""While a model writes, what its prompt gave is told, read again as asked, and given up for a newer text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.checkpoints import edit_json, make_checkpoint
from tests.engine.conftest import TinyFolder, load_here
from tests.engine.driver import EngineProcess, HeldEngine
from tests.engine.test_server import assert_every_request_ends_once, kinds
from tests.seq2seq_checkpoints import make_writer
from tui.engine import tasks
from tui.engine.forward.outcome import Outcome
from tui.protocol import (
    Analyze,
    Answered,
    AnyEvent,
    Cancel,
    Cancelled,
    Forwarded,
    Load,
    Loaded,
    Readout,
    Reweigh,
    Reweighed,
    Superseded,
    Tokenized,
)
from tui.protocol.answers import Generated, Scored
from tui.protocol.rows import ReadoutSettings, RowAddress

TASK, WRITING = "text-generation", "summarization"
TEXT = "The film was dull, the"
ENDLESS = {"eos_token_id": None}


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint that has room for many tokens."""
    folder = tmp_path_factory.mktemp("long")
    make_checkpoint(folder, "gpt2", head="CausalLM", n_positions=1000)
    edit_json(folder / "tokenizer_config.json", model_max_length=1000)
    return str(folder)


@pytest.fixture(scope="module")
def engine(roomy: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeldEngine]:
    with HeldEngine(tmp_path_factory.mktemp("gates")) as running:
        loaded(running, roomy, TASK)
        yield running
        assert_every_request_ends_once(running)


def loaded(engine: EngineProcess, folder: str, task: str) -> None:
    request = engine.next_id()
    engine.send(Load(request, folder, task))
    assert isinstance(engine.last(request), Loaded)


def ask(engine: EngineProcess, task: str, most: int, position: int | None = None) -> int:
    request = engine.next_id()
    settings, address = ReadoutSettings(), RowAddress(0, position)
    engine.send(Analyze(request, task, {"text": TEXT}, {"max_new_tokens": most}, settings, address))
    return request


def begun(engine: HeldEngine, most: int) -> int:
    """A text that is gone on with and stands still in the middle."""
    engine.gates.close("check", after=10)
    request = ask(engine, TASK, most)
    engine.until_held("check")
    return request


def numbers(event: AnyEvent) -> list[tuple[int, float, float | None]]:
    assert isinstance(event, Readout)
    return [(row.index, row.logit, row.probability) for row in event.rows]


def test_the_prompt_is_told_before_the_continuation(engine: HeldEngine) -> None:
    alone = ask(engine, TASK, 0)
    assert isinstance(engine.last(alone), Answered)
    assert kinds(engine.of(alone)) == ["Tokenized", "Forwarded", "Readout", "Answered"]

    request = begun(engine, 200)
    readout = engine.first(Readout, request)
    engine.gates.open("check")
    answered = engine.last(request)
    assert isinstance(answered, Answered)
    assert isinstance(answered.view, Scored)
    tokenized, first, told, second, _ = engine.of(request)
    assert isinstance(tokenized, Tokenized)
    assert isinstance(first, Forwarded)
    assert told is readout
    assert isinstance(second, Forwarded)
    assert numbers(readout) == numbers(engine.first(Readout, alone))
    assert [step.name for step in first.steps] == [step.name for step in second.steps]
    written = [next(s for s in event.steps if s.name == "written") for event in (first, second)]
    assert [(step.shape, step.seconds is None) for step in written] == [((1, 0), True), ((1, 200), False)]
    assert first.norms == second.norms


def test_the_cursor_moves_while_the_model_writes(engine: HeldEngine) -> None:
    text, again = begun(engine, 900), engine.next_id()
    engine.send(Reweigh(again, ReadoutSettings(), RowAddress(0, 1)))
    engine.until_in_lane(again)
    engine.gates.close("check", after=12)
    assert isinstance(engine.last(again), Reweighed)
    engine.until_held("check")
    engine.send(Cancel(engine.next_id(), text))
    assert engine.last(text) == Cancelled(text)
    engine.gates.open("check")
    moved = engine.first(Readout, again)
    assert moved.address == RowAddress(0, 1)
    # What was read of a prompt can be read again when its continuation was given up, and is what it always was.
    later = engine.next_id()
    engine.send(Reweigh(later, ReadoutSettings(), RowAddress(0, 1)))
    engine.last(later)
    whole = ask(engine, TASK, 1, position=1)
    assert isinstance(engine.last(whole), Answered)
    for request in (later, whole):
        assert numbers(engine.first(Readout, request)) == numbers(moved)


def test_a_newer_text_ends_the_writing(engine: HeldEngine) -> None:
    long = begun(engine, 900)
    newer = ask(engine, TASK, 1)
    engine.until_in_lane(newer)
    engine.gates.open("check")
    assert engine.last(long) == Superseded(long, newer)
    assert isinstance(engine.last(newer), Answered)
    assert kinds(engine.of(long)) == ["Tokenized", "Forwarded", "Readout", "Superseded"]


def test_the_encoder_is_told_while_the_decoder_writes(engine: EngineProcess, tmp_path: Path) -> None:
    folder = make_writer(tmp_path, "t5", generation=ENDLESS)
    loaded(engine, str(folder), WRITING)
    request = ask(engine, WRITING, 200)
    answered = engine.last(request)
    assert isinstance(answered, Answered)
    assert isinstance(answered.view, Generated)
    events = engine.of(request)
    assert kinds(events) == ["Tokenized", "Forwarded", "Tokenized", "Forwarded", "Readout", "Answered"]
    first, second = (event for event in events if isinstance(event, Forwarded))
    assert [step.name for step in first.steps] == ["ids", "token embeddings", "encoder hidden states"]
    assert [(step.name, step.shape) for step in second.steps if step.name != "generated ids"][:3] == [
        (step.name, step.shape) for step in first.steps
    ]
    assert first.norms[0] == pytest.approx(second.norms[0], rel=1e-5)
    assert (len(first.norms), len(second.norms)) == (1, 2)


def test_the_early_outcome_reads_as_the_last_one(tiny: TinyFolder) -> None:
    checkpoint = load_here(tiny("gpt2", head="CausalLM"), task=TASK)
    prepared = tasks.prepare(TASK, checkpoint.tokenizer, {"text": TEXT}, {"max_new_tokens": 5})
    early: list[Outcome] = []
    outcome = tasks.forward(checkpoint, prepared, lambda: None, early.append)
    (first,) = early
    assert torch.equal(getattr(first, "logits"), getattr(outcome, "logits"))  # noqa: B009 - Outcome has none
    read_out = tasks.code_of(TASK).read_out
    settings = ReadoutSettings(top=10**6, repetition_penalty=1.3)
    for position in range(3):
        address = RowAddress(0, position)
        assert read_out(1, first, settings, address)[0] == read_out(1, outcome, settings, address)[0]


def test_answering_in_between_is_not_the_models_time(
    tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = load_here(tiny("gpt2", head="CausalLM"), task=TASK)
    prepared = tasks.prepare(TASK, checkpoint.tokenizer, {"text": TEXT}, {"max_new_tokens": 5})
    clock, answering = time.perf_counter, 0.0

    def answer(*_: object) -> None:
        nonlocal answering
        answering += 100_000.0

    monkeypatch.setattr(time, "perf_counter", lambda: clock() + answering)
    outcome = tasks.forward(checkpoint, prepared, answer, answer)
    (written,) = (step for step in outcome.steps if step.name == "written")
    assert answering >= 600_000.0
    assert written.seconds is not None
    assert written.seconds < 100_000.0
