"""One engine, several tasks: a text runs on a checkpoint of its own task; long work gives way to newer texts."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkpoints import edit_json
from tests.engine.conftest import TASK, TinyFolder
from tests.engine.driver import EngineProcess
from tests.engine.test_server import assert_every_request_ends_once, kinds
from tui.protocol import (
    LAST_EVENTS,
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
from tui.values import ReadoutSettings, RowAddress
from tui.views import Classified, Filled, Ranked

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
def slow_to_load(tiny: TinyFolder) -> str:
    """Thousands of tensors take a while, however small they are."""
    return str(tiny("bert", head="MaskedLM", num_hidden_layers=200))


@pytest.fixture(scope="module")
def entailing(tiny: TinyFolder) -> str:
    """A checkpoint that judges pairs, some hundredths of a second for each: ALBERT's layers share their weights."""
    folder = tiny("albert", 3, num_hidden_layers=60)
    names = ("contradiction", "neutral", "entailment")
    by_index = {str(index): name for index, name in enumerate(names)}
    edit_json(folder / "config.json", id2label=by_index, label2id={name: i for i, name in enumerate(names)})
    return str(folder)


@pytest.fixture(scope="module")
def shared() -> Iterator[EngineProcess]:
    """One engine for every test; each begins with the checkpoint it wants in use."""
    with EngineProcess() as running:
        yield running


@pytest.fixture
def engine(shared: EngineProcess) -> Iterator[EngineProcess]:
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
    engine: EngineProcess, slow_to_load: str
) -> None:
    assert isinstance(engine.last(load(engine, BUILT_IN)), Loaded)
    pending, waiting, passing = load(engine, slow_to_load, MASKS), analyze(engine, MASKS), engine.next_id()
    engine.send(Reweigh(passing, ReadoutSettings()))
    engine.last(passing)  # it goes the way of the texts, so the one before it is parked by now
    meanwhile = answered(engine, analyze(engine))
    assert isinstance(meanwhile.view, Classified)
    assert engine.of(waiting) == []
    newer = analyze(engine, MASKS)
    assert engine.last(waiting) == Superseded(waiting, newer)
    loaded = engine.last(pending)
    assert isinstance(loaded, Loaded)
    filled = answered(engine, newer)
    assert isinstance(filled.view, Filled)
    assert engine.time_of(meanwhile) < engine.time_of(loaded) < engine.time_of(filled)
    assert kinds(engine.of(newer)) == ["Tokenized", "Forwarded", "Readout", "Answered"]
    assert failed(engine, analyze(engine)).failure.title == "The checkpoint in use is for another task"


def test_the_tokens_of_a_built_in_come_before_it_is_loaded_whatever_is_in_use(
    engine: EngineProcess, masked: str
) -> None:
    assert isinstance(engine.last(load(engine, masked, MASKS)), Loaded)
    for _ in range(3):  # the load can be quicker than the text
        pending, text = load(engine, BUILT_IN), analyze(engine)
        assert isinstance(answered(engine, text).view, Classified)
        tokenized = [event for event in engine.of(text) if isinstance(event, Tokenized)]
        assert [event.reference for event in tokenized] == [BUILT_IN]
        assert isinstance(engine.last(pending), Loaded)
        assert isinstance(engine.last(load(engine, masked, MASKS)), Loaded)


@pytest.mark.parametrize("end", ["fails", "is cancelled", "gives way"])
def test_a_text_whose_load_comes_to_nothing_is_not_forgotten(
    engine: EngineProcess, slow_to_load: str, tmp_path: Path, end: str
) -> None:
    assert isinstance(engine.last(load(engine, BUILT_IN)), Loaded)
    pending = load(engine, str(tmp_path) if end == "fails" else slow_to_load, MASKS)
    text = analyze(engine, MASKS)
    if end == "is cancelled":
        engine.send(Cancel(engine.next_id(), pending))
        assert isinstance(engine.last(pending), Cancelled)
    elif end == "gives way":
        newer = load(engine, BUILT_IN)
        assert engine.last(pending) == Superseded(pending, newer)
    else:
        assert isinstance(engine.last(pending), Failed)
    assert failed(engine, text).failure.hint
    assert isinstance(answered(engine, analyze(engine)).view, Classified)


def test_tasks_change_while_texts_stream_in(engine: EngineProcess, masked: str, entailing: str) -> None:
    chance = random.Random(7)
    checkpoints = {TASK: BUILT_IN, MASKS: masked, PAIRS: entailing}
    views = {TASK: Classified, MASKS: Filled, PAIRS: Ranked}
    asked: dict[int, str] = {}
    task = TASK
    for _ in range(200):
        kind = chance.choice(["text"] * 5 + ["other text", "load", "load", "load to its end"])
        if kind.startswith("load"):
            task = chance.choice(list(checkpoints))
            request = load(engine, checkpoints[task], task)
            if kind != "load":
                engine.last(request)
        else:
            of = task if kind == "text" else chance.choice(list(checkpoints))
            asked[analyze(engine, of)] = of
        time.sleep(chance.choice([0, 0, 0.002, 0.03]))
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


def test_a_long_forward_gives_way_to_a_newer_text_and_to_a_cancel(
    engine: EngineProcess, entailing: str
) -> None:
    assert isinstance(engine.last(load(engine, entailing, PAIRS)), Loaded)
    first = analyze(engine, PAIRS)
    answered(engine, first)

    long = analyze(engine, PAIRS, candidate_labels=MANY_LABELS)
    began = engine.time_of(engine.first(Tokenized, long))
    whole = engine.time_of(answered(engine, long)) - began
    assert whole > 0.5, "it is not long enough to tell"

    for way in ("newer text", "cancel"):
        long = analyze(engine, PAIRS, candidate_labels=MANY_LABELS)
        engine.first(Tokenized, long)
        time.sleep(whole / 10)
        assert not any(isinstance(event, LAST_EVENTS) for event in engine.of(long))
        if way == "cancel":
            engine.send(Cancel(engine.next_id(), long))
        asked = time.monotonic()
        newer = analyze(engine, PAIRS)
        expected = Cancelled(long) if way == "cancel" else Superseded(long, newer)
        assert engine.last(long) == expected
        assert isinstance(answered(engine, newer).view, Ranked)
        assert engine.time_of(engine.last(newer)) - asked < whole / 2
        assert kinds(engine.of(long)) == ["Tokenized", type(expected).__name__]


def test_what_was_read_before_an_abandoned_forward_can_be_read_again(
    engine: EngineProcess, entailing: str
) -> None:
    assert isinstance(engine.last(load(engine, entailing, PAIRS)), Loaded)
    text = analyze(engine, PAIRS)
    answered(engine, text)
    before = next(event for event in engine.of(text) if isinstance(event, Readout))
    long, again = analyze(engine, PAIRS, candidate_labels=MANY_LABELS), engine.next_id()
    engine.first(Tokenized, long)
    engine.send(Cancel(engine.next_id(), long), Reweigh(again, ReadoutSettings()))
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
