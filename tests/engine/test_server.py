"""The engine as a process: what it says, in which order, whatever is asked of it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.engine.conftest import TASK, TinyFolder
from tests.engine.driver import EngineProcess, HeldEngine
from tui import catalogue, protocol
from tui.protocol import (
    LAST_EVENTS,
    Analyze,
    Answered,
    Cancel,
    Cancelled,
    CheckpointsListed,
    Failed,
    Forwarded,
    Inspect,
    Inspected,
    ListCheckpoints,
    Load,
    Loaded,
    Ping,
    Pong,
    Progress,
    Readout,
    Ready,
    Reweigh,
    Reweighed,
    Superseded,
    Tokenized,
    frames,
)
from tui.protocol.answers import Classified
from tui.protocol.rows import ReadoutSettings

BUILT_IN = "nano-sentiment"
SENTENCE = "I've been waiting for a course like this my whole life."


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeldEngine]:
    """One engine for every test that leaves it as it was: alive, the built-in in use, no gate closed."""
    with HeldEngine(tmp_path_factory.mktemp("gates")) as engine:
        loaded = load(engine, BUILT_IN)
        assert isinstance(loaded, Loaded)
        yield engine


@pytest.fixture
def engine(shared: HeldEngine) -> Iterator[HeldEngine]:
    yield shared
    assert_every_request_ends_once(shared)


def assert_every_request_ends_once(engine: EngineProcess) -> None:
    ended: dict[int, int] = {}
    for event in engine.seen:
        if event.id != 0:
            assert ended.get(event.id, 0) == 0, f"{event} came after the last event of its request"
            ended[event.id] = ended.get(event.id, 0) + isinstance(event, LAST_EVENTS)


def load(engine: EngineProcess, reference: Path | str, **options: str) -> protocol.AnyEvent:
    request = engine.next_id()
    engine.send(Load(request, str(reference), TASK, **options))  # type: ignore[arg-type]
    return engine.last(request)


def of_text(request: int, text: str, task: str = TASK) -> Analyze:
    return Analyze(request, task, {"text": text})


def analyze(engine: EngineProcess, text: str, settings: ReadoutSettings | None = None) -> int:
    request = of_text(engine.next_id(), text)
    engine.send(msgspec.structs.replace(request, readout=settings or ReadoutSettings()))
    return request.id


def kinds(events: list[protocol.AnyEvent]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, Progress)]


# ---------------------------------------------------------------------------------------------- start


def test_it_introduces_itself_first(shared: EngineProcess) -> None:
    ready = shared.seen[0]
    assert isinstance(ready, Ready)
    assert shared.junk == b""
    assert ready.protocol == protocol.PROTOCOL_VERSION
    assert ready.pid == shared.process.pid
    assert Path(ready.log_path).is_file()


def test_tokens_come_before_torch_is_in(tmp_path: Path) -> None:
    with HeldEngine(tmp_path, closed=("import",)) as engine:
        first, text = engine.next_id(), engine.next_id()
        engine.send(Load(first, BUILT_IN, TASK), of_text(text, SENTENCE))
        engine.first(Tokenized, text)
        engine.until_held("import")
        engine.gates.open("import")
        assert isinstance(engine.last(first), Loaded)
        assert isinstance(engine.last(text), Answered)
        assert kinds(engine.of(text)) == ["Tokenized", "Forwarded", "Readout", "Answered"]
        assert_every_request_ends_once(engine)


# ---------------------------------------------------------------------------------------------- texts


def test_a_text_is_told_stage_by_stage(engine: EngineProcess) -> None:
    request = analyze(engine, SENTENCE)
    answered = engine.last(request)
    tokenized, forwarded, readout, last = engine.of(request)
    assert last is answered
    assert isinstance(tokenized, Tokenized)
    assert isinstance(forwarded, Forwarded)
    assert isinstance(readout, Readout)
    assert isinstance(answered, Answered)
    (sequence,) = tokenized.sequences
    count = len(sequence.tokens)
    assert tokenized.reference == BUILT_IN
    assert (sequence.total, sequence.unread_from, sequence.name) == (count, (None,), "")
    assert [step.shape for step in forwarded.steps[:3]] == [(1, count), (1, count, 128), (1, count, 128)]
    assert forwarded.steps[-1].shape == (2,)
    assert {row.label for row in readout.rows} == {"NEGATIVE", "POSITIVE"}
    assert readout.rows[0].label == answered.answer[0]["label"]


def test_the_answer_on_the_wire_is_the_pipelines(engine: EngineProcess) -> None:
    folder = catalogue.built_in_folder(BUILT_IN)
    assert folder is not None
    classify = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(folder),
        tokenizer=AutoTokenizer.from_pretrained(folder),
    )
    for text in (SENTENCE, "dull", "", "naïve 東京 😀 " * 400):
        answered = engine.last(analyze(engine, text, ReadoutSettings(temperature=3.0, function="sigmoid")))
        assert isinstance(answered, Answered)
        (mine,), (theirs,) = answered.answer, classify(text, truncation=True)
        assert mine["label"] == theirs["label"]
        assert mine["score"] == pytest.approx(theirs["score"], abs=1e-5)
        assert isinstance(answered.view, Classified)
        assert [msgspec.structs.asdict(score) for score in answered.view.scores] == answered.answer


def test_of_many_texts_the_newest_is_answered_and_none_is_forgotten(engine: HeldEngine) -> None:
    engine.gates.close("forward")
    requests = [engine.next_id() for _ in range(80)]
    engine.send(*(of_text(request, SENTENCE[: request % 50]) for request in requests))
    engine.until_in_lane(requests[-1])
    engine.gates.open("forward")
    assert isinstance(engine.last(requests[-1]), Answered)
    ends = [engine.of(request)[-1] for request in requests]
    superseded = [event for event in ends if isinstance(event, Superseded)]
    assert superseded, "eighty texts at once were all run"
    assert all(event.by in requests and event.by > event.id for event in superseded)
    assert len(superseded) + sum(isinstance(event, Answered) for event in ends) == len(requests)


def test_the_latest_logits_are_read_again_without_running_the_model(engine: EngineProcess) -> None:
    request = analyze(engine, SENTENCE)
    engine.last(request)
    first = next(event for event in engine.of(request) if isinstance(event, Readout))
    again = engine.next_id()
    engine.send(Reweigh(again, ReadoutSettings(temperature=2.0, function="sigmoid", top=1)))
    assert isinstance(engine.last(again), Reweighed)
    assert kinds(engine.of(again)) == ["Readout", "Reweighed"]
    second = engine.of(again)[0]
    assert isinstance(second, Readout)
    assert (second.function, second.total, len(second.rows), second.tail) == ("sigmoid", 2, 1, None)
    assert second.rows[0].logit == first.rows[0].logit
    assert second.rows[0].scaled == first.rows[0].logit / 2.0


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_temperature_is_refused(engine: EngineProcess, temperature: float) -> None:
    engine.last(analyze(engine, SENTENCE))
    request = engine.next_id()
    engine.send(Reweigh(request, ReadoutSettings(temperature=temperature)))
    failed = engine.last(request)
    assert isinstance(failed, Failed)
    assert failed.failure.title == "Impossible temperature"


ODD_TEXTS = ("", " ", "\x00\x01\x07", "\u202e\u2066x\u200b\ufeff", "\x1b[31m[/b][CLS]", "😀" * 900, "\r\n\t")


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text)[:20])
def test_no_text_is_too_odd(engine: EngineProcess, text: str) -> None:
    request = analyze(engine, text)
    assert isinstance(engine.last(request), Answered)
    tokenized = engine.of(request)[0]
    assert isinstance(tokenized, Tokenized)
    tokens = tokenized.sequences[0].tokens
    assert all(token.end is not None and token.end <= len(text) for token in tokens)


def test_a_megabyte_is_cut_and_counted_while_pings_are_answered(engine: HeldEngine) -> None:
    text = (SENTENCE + "\n") * 18_000
    engine.gates.close("Tokenized")
    request = analyze(engine, text)
    for _ in range(20):
        engine.pinged()
    assert engine.of(request) == []
    engine.gates.open("Tokenized")
    tokenized = engine.first(Tokenized, request)
    (sequence,) = tokenized.sequences
    assert (len(sequence.tokens), tokenized.limit) == (512, 512)
    assert sequence.total == 18_000 * 14 + 2
    last_read = sequence.tokens[-2].end
    assert last_read is not None
    (unread_from,) = sequence.unread_from
    assert unread_from is not None
    assert text[last_read:unread_from].strip() == ""
    assert isinstance(engine.last(request), Answered)


def test_a_task_that_is_not_built_is_refused(engine: EngineProcess) -> None:
    request = engine.next_id()
    engine.send(of_text(request, SENTENCE, "poetry"))
    failed = engine.last(request)
    assert isinstance(failed, Failed)
    assert "not built" in failed.failure.title


# ---------------------------------------------------------------------------------------------- lanes


def test_tokens_and_pongs_come_while_the_model_is_busy(tiny: TinyFolder, tmp_path: Path) -> None:
    other = tiny("albert")
    with HeldEngine(tmp_path) as engine:
        assert isinstance(load(engine, other), Loaded)

        def begun(text: str) -> int:
            """A text in the hands of the model, which stands still."""
            engine.gates.close("forward")
            request = analyze(engine, text)
            engine.until_held("forward")
            return request

        busy = begun("dull")
        waiting = analyze(engine, SENTENCE)
        engine.first(Tokenized, waiting)
        engine.until_in_lane(waiting)
        engine.pinged()
        newest = analyze(engine, "a warm film")
        superseded = engine.last(waiting)
        assert isinstance(superseded, Superseded)
        assert superseded.by == newest
        assert kinds(engine.of(busy)) == ["Tokenized"]
        engine.gates.open("forward")
        assert isinstance(engine.last(busy), Answered)
        assert isinstance(engine.last(newest), Answered)

        running, reweigh = begun("dull"), engine.next_id()
        engine.send(Cancel(engine.next_id(), running), Reweigh(reweigh, ReadoutSettings()))
        assert isinstance(engine.last(running), Cancelled)
        engine.gates.open("forward")
        assert isinstance(engine.last(reweigh), Reweighed)
        assert kinds(engine.of(running)) == ["Tokenized", "Cancelled"]

        busy, waiting = begun("dull"), analyze(engine, SENTENCE)
        assert engine.first(Tokenized, waiting).reference == str(other)
        assert isinstance(load(engine, BUILT_IN), Loaded)
        assert kinds(engine.of(busy)) == ["Tokenized"]
        engine.gates.open("forward")
        answered = engine.last(waiting)
        assert isinstance(answered, Answered)
        assert isinstance(engine.last(busy), Answered)
        tokenized = [event for event in engine.of(waiting) if isinstance(event, Tokenized)]
        assert [event.reference for event in tokenized] == [str(other), BUILT_IN]
        assert answered.answer[0]["label"] in ("NEGATIVE", "POSITIVE")
        assert_every_request_ends_once(engine)


def test_the_checkpoint_in_use_answers_while_another_is_loaded(tiny: TinyFolder, tmp_path: Path) -> None:
    other = tiny("bert")

    def begun(engine: HeldEngine, reference: str) -> int:
        """A load that stands still before its second stage."""
        engine.gates.close("Progress", after=1)
        request = engine.next_id()
        engine.send(Load(request, reference, TASK))
        engine.until_held("Progress")
        return request

    with HeldEngine(tmp_path) as engine:
        assert isinstance(load(engine, BUILT_IN), Loaded)
        second = begun(engine, str(other))
        for _ in range(3):
            text = analyze(engine, SENTENCE)
            assert isinstance(engine.last(text), Answered)
            tokenized = engine.of(text)[0]
            assert isinstance(tokenized, Tokenized)
            assert tokenized.reference == BUILT_IN
        assert kinds(engine.of(second)) == []
        engine.gates.open("Progress")
        assert isinstance(engine.last(second), Loaded)
        text = analyze(engine, "dull")
        assert isinstance(engine.last(text), Answered)
        tokenized = engine.of(text)[0]
        assert isinstance(tokenized, Tokenized)
        assert tokenized.reference == str(other)

        first, newer = begun(engine, str(other)), engine.next_id()
        engine.send(Load(newer, BUILT_IN, TASK))
        assert engine.last(first) == Superseded(first, newer)
        engine.gates.open("Progress")
        assert isinstance(engine.last(newer), Loaded)

        cancelled = begun(engine, str(other))
        engine.send(Cancel(engine.next_id(), cancelled))
        assert isinstance(engine.last(cancelled), Cancelled)
        engine.gates.open("Progress")
        text = analyze(engine, SENTENCE)
        assert isinstance(engine.last(text), Answered)
        assert engine.of(text)[0] == msgspec.structs.replace(engine.of(text)[0], reference=BUILT_IN)
        assert_every_request_ends_once(engine)


# ---------------------------------------------------------------------------------------------- loads


def test_a_load_says_what_it_does_and_what_came_of_it(engine: EngineProcess) -> None:
    request = engine.next_id()
    engine.send(Load(request, BUILT_IN, TASK, device="cpu"))
    loaded = engine.last(request)
    stages = [event.stage for event in engine.of(request) if isinstance(event, Progress)]
    assert [stage for stage, _ in itertools.groupby(stages)] == ["import torch", "weights", "device"]
    assert isinstance(loaded, Loaded)
    folder = catalogue.built_in_folder(BUILT_IN)
    assert folder is not None
    assert loaded.checkpoint.labels == ("NEGATIVE", "POSITIVE")
    assert loaded.checkpoint.size_bytes == (folder / "model.safetensors").stat().st_size
    assert (loaded.device, loaded.dtype, loaded.parameters) == (
        "cpu",
        "float32",
        loaded.checkpoint.parameters,
    )
    assert loaded.memory.used is not None
    assert loaded.memory.used > 50_000_000


def test_a_load_that_fails_leaves_the_checkpoint_in_use(engine: EngineProcess, tmp_path: Path) -> None:
    failed = load(engine, tmp_path)
    assert isinstance(failed, Failed)
    assert isinstance(engine.last(analyze(engine, SENTENCE)), Answered)


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "cuda:", "mps:1", ""])
def test_a_device_that_is_not_there_is_refused(engine: EngineProcess, device: str) -> None:
    failed = load(engine, BUILT_IN, device=device)
    assert isinstance(failed, Failed)
    assert "device" in failed.failure.title.lower()


def test_without_a_checkpoint_a_text_fails_with_a_hint(tmp_path: Path) -> None:
    with HeldEngine(tmp_path / "gates") as engine:
        failed = engine.last(analyze(engine, SENTENCE))
        assert isinstance(failed, Failed)
        assert failed.failure.title == "No checkpoint is loaded"
        reweigh = engine.next_id()
        engine.send(Reweigh(reweigh, ReadoutSettings()))
        assert isinstance(engine.last(reweigh), Failed)

        first, text = engine.next_id(), engine.next_id()
        engine.send(Load(first, str(tmp_path / "gates"), TASK), of_text(text, SENTENCE))
        assert isinstance(engine.last(first), Failed)
        assert isinstance(engine.last(text), Failed)

        engine.gates.close("import")
        first, older, newer = engine.next_id(), engine.next_id(), engine.next_id()
        engine.send(Load(first, BUILT_IN, TASK), of_text(older, SENTENCE))
        engine.first(Tokenized, older)
        engine.send(of_text(newer, "dull"))
        assert engine.last(older) == Superseded(older, newer)
        engine.send(Cancel(engine.next_id(), first))
        assert isinstance(engine.last(first), Cancelled)
        assert isinstance(engine.last(newer), Failed)
        assert_every_request_ends_once(engine)


def test_in_a_storm_of_requests_each_gets_its_one_last_event(tiny: TinyFolder, tmp_path: Path) -> None:
    chance = random.Random(20)
    references = [
        BUILT_IN,
        BUILT_IN,
        str(tiny("bert", 3)),
        str(tiny("gpt2", 2)),
        str(tmp_path / "gates"),
        "./nowhere",
    ]
    asked: list[int] = []
    with HeldEngine(tmp_path / "gates") as engine:
        engine.gates.close("Progress")  # nothing is loaded before others take its place, or it is cancelled
        for number in range(400):
            if number == 60:
                engine.gates.open("Progress")
            request = engine.next_id()
            kind = chance.choice(
                ["load", "text", "text", "text", "again", "ping", "inspect", "list", "cancel"]
            )
            if kind == "load":
                engine.send(Load(request, chance.choice(references), TASK))
            elif kind == "text":
                engine.send(of_text(request, SENTENCE[: chance.randrange(1, 50)]))
            elif kind == "again":
                engine.send(Reweigh(request, ReadoutSettings(temperature=chance.choice([0.5, 2.0, 0.0]))))
            elif kind == "ping":
                engine.send(Ping(request))
            elif kind == "inspect":
                engine.send(Inspect(request, chance.choice(references), TASK))
            elif kind == "list":
                engine.send(ListCheckpoints(request, TASK))
            else:
                engine.send(Cancel(request, chance.randrange(max(1, request - 6), request + 1)))
                continue
            asked.append(request)
            if chance.random() < 0.1:
                engine.pinged()
        for request in asked:
            engine.last(request)
        final = load(engine, BUILT_IN)
        assert isinstance(final, Loaded)
        assert isinstance(engine.last(analyze(engine, SENTENCE)), Answered)
        assert_every_request_ends_once(engine)
        assert {type(event) for event in engine.seen} >= {
            Answered,
            Superseded,
            Cancelled,
            Failed,
            Loaded,
            Pong,
        }


# -------------------------------------------------------------------------------------------- library


def test_checkpoints_are_listed_and_inspected(engine: EngineProcess, tiny: TinyFolder) -> None:
    listing, inspect = engine.next_id(), engine.next_id()
    folder = tiny("roberta", 5)
    engine.send(ListCheckpoints(listing, TASK), Inspect(inspect, str(folder), TASK))
    listed = engine.last(listing)
    assert isinstance(listed, CheckpointsListed)
    assert listed.checkpoints[0].reference == BUILT_IN
    inspected = engine.last(inspect)
    assert isinstance(inspected, Inspected)
    assert inspected.checkpoint.architecture == "RobertaForSequenceClassification"
    assert inspected.checkpoint.max_tokens == 48


# ------------------------------------------------------------------------------------------- nonsense


def frame(body: bytes) -> bytes:
    return frames.HEADER.pack(len(body)) + body


NONSENSE = (
    b"",
    b"\xff\x00garbage",
    msgspec.msgpack.encode({"type": "Explode", "id": 1}),
    msgspec.msgpack.encode({"type": "Ping"}),
    msgspec.msgpack.encode([1, 2, 3]),
    b"\x83\xa4type\xa7Analyze\xa2id\x01\xa4text\xa3\xed\xa0\x80",
    b"\x91" * 5_000,
)


@pytest.mark.parametrize("body", NONSENSE)
def test_a_frame_that_is_no_request_is_refused_and_the_next_one_answered(
    engine: EngineProcess, body: bytes
) -> None:
    before = len(engine.seen)
    engine.send_bytes(frame(body))
    failed = engine.until(lambda event: isinstance(event, Failed), since=before)
    assert failed.id == 0
    ping = engine.next_id()
    engine.send(Ping(ping))
    assert isinstance(engine.last(ping), Pong)


def test_ids_must_grow(engine: EngineProcess) -> None:
    ping = engine.next_id()
    before = len(engine.seen)
    engine.send(Ping(ping), Ping(ping))
    assert isinstance(engine.last(ping), Pong)
    assert engine.until(lambda event: isinstance(event, Failed), since=before).id == 0


def test_cancelling_what_is_over_or_unknown_says_nothing(engine: EngineProcess) -> None:
    text = analyze(engine, SENTENCE)
    engine.last(text)
    before = len(engine.of(text))
    engine.send(Cancel(engine.next_id(), text), Cancel(engine.next_id(), 1_000_000))
    ping = engine.next_id()
    engine.send(Ping(ping))
    engine.last(ping)
    assert len(engine.of(text)) == before
    assert engine.of(1_000_000) == []
