"""`Continue` through a real engine process: what is told and when, rows read again, cancelling, other models."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints import edit_json
from tests.engine.conftest import load_here
from tests.engine.decoding.writing import Writer, make_decoder
from tests.engine.driver import EngineProcess, HeldEngine
from tests.engine.test_server import assert_every_request_ends_once, kinds
from tui.engine.errors import failure_of
from tui.engine.frames import FrameReader, Outbox
from tui.engine.generating import Generating
from tui.engine.lanes import Lane
from tui.protocol import (
    LAST_EVENTS,
    Analyze,
    Answered,
    AnyEvent,
    Cancel,
    Cancelled,
    Continue,
    Continued,
    Failed,
    Load,
    Loaded,
    Readout,
    Reweigh,
    Reweighed,
    Search,
    Searched,
    Stepped,
    Superseded,
    Tokenized,
    frames,
)
from tui.protocol.rows import ReadoutSettings, RowAddress
from tui.protocol.writing.decoding import Constraint, Decoding

TASK = "text-generation"
TEXT = "The film was dull, the"


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A decoder that never ends a text and has room for many tokens."""
    folder = tmp_path_factory.mktemp("long")
    make_decoder(folder, "gpt2", num_hidden_layers=4, max_position_embeddings=2000, eos_token_id=None)
    edit_json(folder / "tokenizer_config.json", model_max_length=2000)
    return str(folder)


@pytest.fixture(scope="module")
def engine(endless: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeldEngine]:
    with HeldEngine(tmp_path_factory.mktemp("gates")) as running:
        load(running, endless)
        yield running
        assert_every_request_ends_once(running)


def load(engine: EngineProcess, reference: str, task: str = TASK) -> None:
    request = engine.next_id()
    engine.send(Load(request, reference, task))
    assert isinstance(engine.last(request), Loaded)


def ask(
    engine: EngineProcess,
    most: int,
    written: tuple[int, ...] = (),
    *,
    text: str = TEXT,
    task: str = TASK,
    scored: int = 0,
    decoding: Decoding = Decoding(),  # noqa: B008 - a frozen value
    readout: ReadoutSettings = ReadoutSettings(),  # noqa: B008 - a frozen value
    while_writing: bool = True,
    next_row: bool = True,
) -> int:
    request = engine.next_id()
    engine.send(
        Continue(
            request,
            task,
            {"text": text},
            written=written,
            most=most,
            decoding=decoding,
            readout=readout,
            scored=scored,
            alternatives=5,
            while_writing=while_writing,
            next_row=next_row,
        )
    )
    return request


def begun(engine: HeldEngine, while_writing: bool = True) -> int:
    """Writing that stands still before its third token."""
    engine.gates.close("Stepped", after=2)
    request = ask(engine, 1900, while_writing=while_writing)
    engine.until_held("Stepped")
    return request


def continued(engine: EngineProcess, request: int) -> Continued:
    last = engine.last(request)
    assert isinstance(last, Continued), last
    return last


def ids(engine: EngineProcess, request: int) -> tuple[int, ...]:
    return tuple(event.chosen.id for event in engine.of(request) if isinstance(event, Stepped))


def last_readout(engine: EngineProcess, request: int) -> Readout:
    return [event for event in engine.of(request) if isinstance(event, Readout)][-1]


def test_what_comes_next_is_not_read_where_nobody_wants_it(engine: EngineProcess) -> None:
    """One run of the model for each token, as `generate` has it; who asks for the row gets it all the same."""
    text = "Nobody has written after this before: "
    first = ask(engine, 1, text=text, while_writing=False, next_row=False)
    last = continued(engine, first)
    assert kinds(engine.of(first)) == ["Tokenized", "Stepped", "Continued"]
    assert last.cache.computed == last.prompt
    told = ids(engine, first)
    again = engine.next_id()
    engine.send(Reweigh(again, ReadoutSettings(), of=first))
    assert isinstance(engine.last(again), Reweighed)
    readout = last_readout(engine, again)
    assert readout.address.position == last.prompt
    second = ask(engine, 1, told, text=text, scored=1, while_writing=False)
    last = continued(engine, second)
    likeliest = max(readout.rows, key=lambda row: row.logit)
    assert ids(engine, second) == (likeliest.index,)
    assert last.cache.reused == last.prompt


def test_what_is_told_in_which_order(engine: EngineProcess) -> None:
    request = ask(engine, 6, while_writing=False)
    last = continued(engine, request)
    events = engine.of(request)
    assert kinds(events) == ["Tokenized", *["Stepped"] * 6, "Readout", "Continued"]
    tokenized = events[0]
    assert isinstance(tokenized, Tokenized)
    assert last.prompt == len(tokenized.sequences[0].tokens)
    assert last.limit == 2000
    assert (last.stop.kind, last.cache.reused, last.cache.computed) == ("count", 0, last.prompt + 6)
    for place, event in enumerate(events[1:7]):
        assert isinstance(event, Stepped)
        assert (event.chosen.place, event.chosen.by, len(event.chosen.top)) == (place, "greedy", 5)
        assert event.chosen.id == event.chosen.top[0].id
        assert event.chosen.log_probability == pytest.approx(math.log(event.chosen.top[0].probability))
    readout = last_readout(engine, request)
    assert readout.address == RowAddress(0, last.prompt + 5)
    # One more token is the one that this readout was about, and nothing is read twice.
    more = ask(engine, 1, ids(engine, request), scored=6, while_writing=False)
    told = continued(engine, more)
    assert (told.cache.reused, told.cache.computed) == (last.prompt + 6, 1)
    assert ids(engine, more) == (readout.rows[0].index,)
    assert told.text.startswith(last.text)


def test_readouts_come_now_and_then_while_it_writes(engine: EngineProcess) -> None:
    request = ask(engine, 150)
    last = continued(engine, request)
    readouts = [event for event in engine.of(request) if isinstance(event, Readout)]
    positions = [readout.address.position for readout in readouts]
    assert len(set(positions)) == len(positions)
    assert positions[-1] == last.prompt + 149
    assert 2 <= len(readouts) <= 2 + 12 * last.seconds


def test_any_row_is_read_again(engine: EngineProcess) -> None:
    request = ask(engine, 8, while_writing=False)
    last = continued(engine, request)
    written = ids(engine, request)
    for position in (0, 2, last.prompt - 1, last.prompt + 3, last.prompt + 7):
        again = engine.next_id()
        engine.send(Reweigh(again, ReadoutSettings(temperature=0.5), RowAddress(0, position)))
        assert isinstance(engine.last(again), Reweighed)
        readout = engine.first(Readout, again)
        assert readout.address == RowAddress(0, position)
        assert readout.settings.temperature == 0.5
        if position >= last.prompt:
            assert readout.rows[0].index == (*written, readout.rows[0].index)[position - last.prompt + 1]
        else:
            plain = engine.next_id()
            engine.send(
                Analyze(plain, TASK, {"text": TEXT}, {"max_new_tokens": 0}, address=RowAddress(0, position))
            )
            assert isinstance(engine.last(plain), Answered)
            found = [row.logit for row in engine.first(Readout, plain).rows[:5]]
            assert [row.logit for row in readout.rows[:5]] == pytest.approx(found, abs=1e-3)
            request = ask(engine, 0, written, scored=8)
            continued(engine, request)


def test_a_row_is_read_while_it_writes_and_cancel_ends_it(engine: HeldEngine) -> None:
    request, again = begun(engine), engine.next_id()
    engine.send(Reweigh(again, ReadoutSettings(), RowAddress(0, 1)))
    engine.until_in_lane(again)
    engine.gates.close("Stepped", after=4)
    assert isinstance(engine.last(again), Reweighed)
    engine.until_held("Stepped")
    engine.send(Cancel(engine.next_id(), request))
    assert engine.last(request) == Cancelled(request)
    engine.gates.open("Stepped")
    told = ids(engine, request)
    assert len(told) == 4
    # What was told stands, and what was computed of it is not computed again.
    after = ask(engine, 1, told, scored=len(told), while_writing=False)
    last = continued(engine, after)
    assert last.cache.computed <= 3
    whole = ask(engine, len(told) + 1, while_writing=False)
    continued(engine, whole)
    assert ids(engine, whole) == (*told, *ids(engine, after))


def test_a_text_is_answered_while_it_writes(engine: HeldEngine) -> None:
    long, text = begun(engine, while_writing=False), engine.next_id()
    engine.send(Analyze(text, TASK, {"text": "Another text"}, {"max_new_tokens": 2}))
    engine.until_in_lane(text)
    engine.gates.close("Stepped", after=4)
    assert isinstance(engine.last(text), Answered)
    engine.until_held("Stepped")
    for after, request, words in ((6, text, "another"), (8, long, "film")):
        again = engine.next_id()
        engine.send(Reweigh(again, ReadoutSettings(), RowAddress(0, 1), of=request))
        engine.until_in_lane(again)
        engine.gates.close("Stepped", after=after)
        assert isinstance(engine.last(again), Reweighed)
        readout = engine.first(Readout, again)
        tokens = engine.first(Tokenized, request).sequences[0].tokens
        assert f"position 1 “{tokens[1].text.replace('Ġ', ' ')}”" in readout.name, words
    engine.send(Cancel(engine.next_id(), long))
    assert engine.last(long) == Cancelled(long)
    engine.gates.open("Stepped")
    told = ids(engine, long)
    assert continued(engine, ask(engine, len(told), while_writing=False)).stop.kind == "count"
    assert told == ids(engine, engine.seen[-1].id)


def test_a_newer_one_takes_its_place(engine: HeldEngine) -> None:
    long, newer = begun(engine), ask(engine, 1)
    engine.until_in_lane(newer)
    engine.gates.open("Stepped")
    assert engine.last(long) == Superseded(long, newer)
    assert continued(engine, newer).stop.kind == "count"


def test_seeds_and_constraints(engine: EngineProcess) -> None:
    decoding = Decoding(method="sample", seed=11, constraint=Constraint("regex", "[a-z]{2,9}!"))
    request = ask(engine, 40, decoding=decoding)
    last = continued(engine, request)
    assert last.stop.kind == "constraint"
    assert last.text.endswith("!")
    assert last.text[:-1].islower()
    steps = [event.chosen for event in engine.of(request) if isinstance(event, Stepped)]
    assert all(chosen.kept is not None and chosen.kept < 400 for chosen in steps)
    readout = last_readout(engine, request)
    assert [stage.name for stage in readout.stages] == ["constraint"]
    again = ask(engine, 40, decoding=decoding)
    continued(engine, again)
    assert ids(engine, again) == ids(engine, request)
    free = ask(engine, 5, decoding=Decoding(method="sample", seed=3), readout=ReadoutSettings(top_k=4))
    continued(engine, free)
    ranks = [event.chosen.rank or 99 for event in engine.of(free) if isinstance(event, Stepped)]
    assert max(ranks) <= 4


@pytest.mark.parametrize(
    ("request_of", "title"),
    [
        (lambda engine: ask(engine, 1, text=""), "Nothing to read"),
        (lambda engine: ask(engine, 1, (10**7,)), "The tokenizer doesn't fit the model"),
        (lambda engine: ask(engine, 1, text="film " * 2500), "The prompt is too long to go on with"),
        (lambda engine: ask(engine, 1, task="summarization"), "The checkpoint in use is for another task"),
        (lambda engine: ask(engine, 1, task="ner"), "Nothing is written here"),
        (lambda engine: ask(engine, 1, readout=ReadoutSettings(temperature=0.0)), "Impossible temperature"),
        (lambda engine: ask(engine, 1, decoding=Decoding(banned=(5, 10**7))), "No such token"),
        (lambda engine: ask(engine, 1, decoding=Decoding(banned=(-1,))), "No such token"),
    ],
)
def test_what_can_not_be_done_is_said(engine: EngineProcess, request_of: object, title: str) -> None:
    assert callable(request_of)
    failed = engine.last(request_of(engine))
    assert isinstance(failed, Failed)
    assert failed.failure.title == title
    assert continued(engine, ask(engine, 1)).stop.kind == "count"


def test_memory_that_runs_out_is_said_and_what_stands_is_gone_on_with(
    endless: str,
) -> None:
    loaded = load_here(endless, task=TASK)
    reader, writer = os.pipe()
    told = FrameReader(reader)
    outbox = Outbox(writer, broken=lambda: None)
    lanes = tuple(
        Lane(name, ("Continue", "Search", "Reweigh"), outbox.supersede) for name in ("token", "model")
    )

    def attempt(request: int, kind: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - as the session does it
            outbox.send(Failed(request, failure_of(error, kind)))

    generating = Generating(
        outbox, attempt, (lanes[0], lanes[1]), lambda: loaded, threading.Lock(), lambda _: None
    )
    for lane in lanes:
        lane.start()

    def events(request: Continue) -> list[AnyEvent]:
        outbox.open(request.id)
        generating.take(request)
        found: list[AnyEvent] = []
        while not found or not isinstance(found[-1], LAST_EVENTS):
            body = told.next_body()
            assert body is not None
            found.append(frames.decode_event(body))
        return found

    written = 0

    def fail(*_: object) -> None:
        nonlocal written
        written += 1
        if written > 3:
            raise MemoryError("cannot allocate memory")

    model: Any = loaded.model
    handle = model.transformer.h[3].register_forward_pre_hook(fail)
    short = events(Continue(1, TASK, {"text": TEXT}, most=9, while_writing=False))
    handle.remove()
    assert isinstance(short[-1], Failed)
    assert short[-1].failure.title == "Out of memory"
    steps = [event.chosen.id for event in short if isinstance(event, Stepped)]
    assert len(steps) == 3
    rest = events(
        Continue(2, TASK, {"text": TEXT}, most=6, written=tuple(steps), scored=3, while_writing=False)
    )
    assert isinstance(rest[-1], Continued)
    assert rest[-1].cache.reused == 0
    whole = events(Continue(3, TASK, {"text": TEXT}, most=9, while_writing=False))
    assert [event.chosen.id for event in whole if isinstance(event, Stepped)] == [
        *steps,
        *(event.chosen.id for event in rest if isinstance(event, Stepped)),
    ]


def test_a_search_ends_as_generate_ends_it() -> None:
    task, text, reference = "translation", "The old house by the river is small.", "nano-translation"
    writer = Writer(load_here(reference, task=task))
    with EngineProcess() as engine:
        load(engine, reference, task)
        request = engine.next_id()
        engine.send(Search(request, task, {"text": text}, most=4, decoding=Decoding(num_beams=3)))
        last = engine.last(request)
    assert isinstance(last, Searched)
    # Its end token is forced at the length that was asked for.
    expected = writer.reference(text, 4, num_beams=3)
    assert list(last.hypotheses[0].ids) == expected
    assert expected[-1] == writer.model.generation_config.forced_eos_token_id


def test_another_checkpoint_ends_it_and_takes_what_was_kept(endless: str, tmp_path: Path) -> None:
    with HeldEngine(tmp_path) as engine:
        nothing = ask(engine, 1)
        failed = engine.last(nothing)
        assert isinstance(failed, Failed)
        assert failed.failure.title == "No checkpoint is loaded"
        load(engine, endless)
        first = ask(engine, 4)
        assert continued(engine, first).cache.branches == 1
        long = begun(engine)
        load(engine, "nano-translation", "translation")
        engine.gates.open("Stepped")
        ended = engine.last(long)
        assert isinstance(ended, Failed)
        assert ended.failure.title == "Another checkpoint is in use now"
        other = ask(engine, 30, text="The house is small.", task="translation")
        last = continued(engine, other)
        assert (last.stop.kind, last.prompt, last.cache.branches) == ("end", 1, 1)
        readout = last_readout(engine, other)
        assert readout.address == RowAddress(1, len(ids(engine, other)))
        again = engine.next_id()
        engine.send(Reweigh(again, ReadoutSettings(), RowAddress(1, 0)))
        assert isinstance(engine.last(again), Reweighed)
        assert_every_request_ends_once(engine)
