"""One engine, several tasks: a text runs on a checkpoint of its own task; long work gives way to newer texts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkpoints import edit_json
from tests.engine.conftest import TASK, TinyFolder
from tests.engine.driver import EngineProcess, HeldEngine
from tests.engine.test_server import assert_every_request_ends_once, kinds
from tui.protocol import (
    Analyze,
    Answered,
    Cancel,
    Cancelled,
    Failed,
    Load,
    Loaded,
    Readout,
    Reweigh,
    Reweighed,
    Superseded,
    Tokenized,
)
from tui.protocol.answers import Classified, Filled, Ranked
from tui.protocol.rows import ReadoutSettings, RowAddress

BUILT_IN = "nano-sentiment"
MASKS, PAIRS = "fill-mask", "zero-shot-classification"
TEXTS = {
    TASK: {"text": "A warm, funny film"},
    MASKS: {"text": "A warm, [MASK] film"},
    PAIRS: {"text": "A warm, funny film", "candidate_labels": "film, life"},
}
MANY_LABELS = ", ".join(f"label {number}" for number in range(80))


@pytest.fixture(scope="module")
def masked(tiny: TinyFolder) -> str:
    return str(tiny("bert", head="MaskedLM"))


@pytest.fixture(scope="module")
def other_masked(tiny: TinyFolder) -> str:
    return str(tiny("bert", head="MaskedLM", num_hidden_layers=3))


@pytest.fixture(scope="module")
def entailing(tiny: TinyFolder) -> str:
    """A checkpoint that judges pairs."""
    folder = tiny("albert", 3)
    names = ("contradiction", "neutral", "entailment")
    by_index = {str(index): name for index, name in enumerate(names)}
    edit_json(folder / "config.json", id2label=by_index, label2id={name: i for i, name in enumerate(names)})
    return str(folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeldEngine]:
    """One engine for every test; each begins with the checkpoint it wants in use, and leaves every gate open."""
    with HeldEngine(tmp_path_factory.mktemp("gates")) as running:
        yield running


@pytest.fixture
def engine(shared: HeldEngine) -> Iterator[HeldEngine]:
    yield shared
    assert_every_request_ends_once(shared)


def load(engine: EngineProcess, reference: str, task: str = TASK) -> int:
    request = engine.next_id()
    engine.send(Load(request, reference, task))
    return request


def analyze(engine: EngineProcess, task: str = TASK, **inputs: str) -> int:
    request = engine.next_id()
    engine.send(Analyze(request, task, TEXTS[task] | inputs))
    return request


def answered(engine: EngineProcess, request: int) -> Answered:
    last = engine.last(request)
    assert isinstance(last, Answered), last
    return last


def failed(engine: EngineProcess, request: int) -> Failed:
    last = engine.last(request)
    assert isinstance(last, Failed), last
    return last


# -------------------------------------------------------------------------------- which text, which checkpoint


def test_a_text_for_another_task_than_the_checkpoints_is_refused(engine: EngineProcess, masked: str) -> None:
    assert isinstance(engine.last(load(engine, BUILT_IN)), Loaded)
    other = analyze(engine, MASKS)
    failure = failed(engine, other).failure
    assert failure.title == "The checkpoint in use is for another task"
    assert TASK in failure.detail
    assert MASKS in failure.detail
    assert MASKS in failure.hint
    assert kinds(engine.of(other)) == ["Failed"]
    assert isinstance(answered(engine, analyze(engine)).view, Classified)

    assert isinstance(engine.last(load(engine, masked, MASKS)), Loaded)
    assert failed(engine, analyze(engine)).failure.title == failure.title
    assert isinstance(answered(engine, analyze(engine, MASKS)).view, Filled)


def test_a_text_waits_for_the_pending_load_of_its_task_while_the_others_are_answered(
    engine: HeldEngine, other_masked: str
) -> None:
    assert isinstance(engine.last(load(engine, BUILT_IN)), Loaded)
    engine.gates.close("Progress")
    pending, waiting, passing = load(engine, other_masked, MASKS), analyze(engine, MASKS), engine.next_id()
    engine.send(Reweigh(passing, ReadoutSettings()))
    engine.last(passing)  # it goes the way of the texts, so the one before it is parked by now
    meanwhile = answered(engine, analyze(engine))
    assert isinstance(meanwhile.view, Classified)
    assert engine.of(waiting) == []
    newer = analyze(engine, MASKS)
    assert engine.last(waiting) == Superseded(waiting, newer)
    engine.gates.open("Progress")
    loaded = engine.last(pending)
    assert isinstance(loaded, Loaded)
    filled = answered(engine, newer)
    assert isinstance(filled.view, Filled)
    assert engine.time_of(meanwhile) < engine.time_of(loaded) < engine.time_of(filled)
    assert kinds(engine.of(newer)) == ["Tokenized", "Forwarded", "Readout", "Answered"]
    assert failed(engine, analyze(engine)).failure.title == "The checkpoint in use is for another task"


def test_the_tokens_of_a_built_in_come_before_it_is_loaded_whatever_is_in_use(
    engine: HeldEngine, masked: str
) -> None:
    assert isinstance(engine.last(load(engine, masked, MASKS)), Loaded)
    engine.gates.close("Progress")
    pending, text = load(engine, BUILT_IN), analyze(engine)
    engine.first(Tokenized, text)
    engine.gates.open("Progress")
    assert isinstance(answered(engine, text).view, Classified)
    tokenized = [event for event in engine.of(text) if isinstance(event, Tokenized)]
    assert [event.reference for event in tokenized] == [BUILT_IN]
    assert isinstance(engine.last(pending), Loaded)


@pytest.mark.parametrize("end", ["fails", "is cancelled", "gives way"])
def test_a_text_whose_load_comes_to_nothing_is_not_forgotten(
    engine: HeldEngine, other_masked: str, tmp_path: Path, end: str
) -> None:
    assert isinstance(engine.last(load(engine, BUILT_IN)), Loaded)
    engine.gates.close("Progress")
    pending = load(engine, str(tmp_path) if end == "fails" else other_masked, MASKS)
    text = analyze(engine, MASKS)
    if end == "is cancelled":
        engine.send(Cancel(engine.next_id(), pending))
        assert isinstance(engine.last(pending), Cancelled)
    elif end == "gives way":
        newer = load(engine, BUILT_IN)
        assert engine.last(pending) == Superseded(pending, newer)
    else:
        assert isinstance(engine.last(pending), Failed)
    engine.gates.open("Progress")
    assert failed(engine, text).failure.hint
    assert isinstance(answered(engine, analyze(engine)).view, Classified)


def test_tasks_change_while_texts_stream_in(engine: EngineProcess, masked: str, entailing: str) -> None:
    chance = random.Random(7)
    checkpoints = {TASK: BUILT_IN, MASKS: masked, PAIRS: entailing}
    views = {TASK: Classified, MASKS: Filled, PAIRS: Ranked}
    asked: dict[int, str] = {}
    task = TASK
    for _ in range(200):
        kind = chance.choice(
            ["text"] * 4 + ["text to its end", "other text", "load", "load", "load to its end"]
        )
        if kind.startswith("load"):
            task = chance.choice(list(checkpoints))
            request = load(engine, checkpoints[task], task)
            if kind != "load":
                engine.last(request)
        else:
            of = chance.choice(list(checkpoints)) if kind == "other text" else task
            request = analyze(engine, of)
            asked[request] = of
            if kind == "text to its end":
                engine.last(request)
    done: set[str] = set()
    for request, of in asked.items():
        match engine.last(request):
            case Answered() as last:
                assert isinstance(last.view, views[of])
                read_by = [event.reference for event in engine.of(request) if isinstance(event, Tokenized)]
                assert set(read_by) == {checkpoints[of]}
                done.add(of)
            case Failed() as last:
                assert last.failure.title == "The checkpoint in use is for another task"
            case last:
                assert isinstance(last, Superseded)
    assert done == set(checkpoints)
    final = load(engine, checkpoints[task], task)
    assert isinstance(engine.last(final), Loaded)
    assert isinstance(answered(engine, analyze(engine, task)).view, views[task])


# ------------------------------------------------------------------------------------------ long forwards


@pytest.mark.parametrize("way", ["newer text", "cancel"])
def test_a_long_forward_gives_way_to_a_newer_text_and_to_a_cancel(
    engine: HeldEngine, entailing: str, way: str
) -> None:
    assert isinstance(engine.last(load(engine, entailing, PAIRS)), Loaded)
    engine.gates.close("check", after=3)
    long = analyze(engine, PAIRS, candidate_labels=MANY_LABELS)
    engine.until_held("check")
    if way == "cancel":
        engine.send(Cancel(engine.next_id(), long))
        assert engine.last(long) == Cancelled(long)
    newer = analyze(engine, PAIRS)
    engine.until_in_lane(newer)
    engine.gates.close("check", after=5)  # of eighty labels: no more are run of it
    assert isinstance(answered(engine, newer).view, Ranked)
    expected = Cancelled(long) if way == "cancel" else Superseded(long, newer)
    assert engine.of(long)[1:] == [expected]
    engine.gates.open("check")


def test_what_was_read_before_an_abandoned_forward_can_be_read_again(
    engine: HeldEngine, entailing: str
) -> None:
    assert isinstance(engine.last(load(engine, entailing, PAIRS)), Loaded)
    text = analyze(engine, PAIRS)
    answered(engine, text)
    before = next(event for event in engine.of(text) if isinstance(event, Readout))
    engine.gates.close("check", after=3)
    long, again = analyze(engine, PAIRS, candidate_labels=MANY_LABELS), engine.next_id()
    engine.until_held("check")
    engine.send(Cancel(engine.next_id(), long), Reweigh(again, ReadoutSettings()))
    assert engine.last(long) == Cancelled(long)
    engine.gates.open("check")
    assert isinstance(engine.last(again), Reweighed)
    after = engine.first(Readout, again)
    assert [row.logit for row in after.rows] == [row.logit for row in before.rows]


# ------------------------------------------------------------------------------------- which row is read


def test_a_row_that_is_not_there_is_brought_back_to_one_that_is(engine: EngineProcess, masked: str) -> None:
    assert isinstance(engine.last(load(engine, masked, MASKS)), Loaded)
    far = RowAddress(99, 10_000, 0)
    text, again = engine.next_id(), engine.next_id()
    engine.send(Analyze(text, MASKS, TEXTS[MASKS], {}, ReadoutSettings(), far))
    last = len(engine.first(Tokenized, text).sequences[0].tokens) - 1
    answered(engine, text)
    assert engine.first(Readout, text).address == RowAddress(0, last, 0)
    engine.send(Reweigh(again, ReadoutSettings(), far))
    assert isinstance(engine.last(again), Reweighed)
    assert engine.first(Readout, again).address == RowAddress(0, last, 0)
