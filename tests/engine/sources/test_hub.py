"""Checkpoints from a Hub, through the real client: looked up, downloaded, cancelled, refused, found again."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from tests.checkpoints import edit_json, make_checkpoint
from tests.engine.conftest import TASK, TinyFolder
from tests.engine.driver import EngineProcess
from tests.engine.sources.loopback_hub import COMMIT, LoopbackHub
from tests.patience import PATIENCE
from tui.protocol import (
    Analyze,
    Answered,
    Cancel,
    Cancelled,
    CheckpointsListed,
    Event,
    Failed,
    Inspect,
    Inspected,
    ListCheckpoints,
    Load,
    Loaded,
    Progress,
    Shutdown,
    Tokenized,
)

GOOD = "someone/tiny-classifier"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of some megabytes, with the files of other libraries beside it."""
    folder = make_checkpoint(tmp_path_factory.mktemp("large"), "distilbert", 3, dim=256, hidden_dim=1024)
    (folder / "tf_model.h5").write_bytes(b"\0" * 3_000_000)
    torch.save({}, folder / "pytorch_model.bin")
    return folder


@pytest.fixture(scope="module")
def hub(large: Path, tiny: TinyFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHub]:
    bare = tmp_path_factory.mktemp("bare")
    (bare / "model.gguf").write_bytes(b"GGUF")
    tensorflow = Path(shutil.copytree(tiny("bert", 2), tmp_path_factory.mktemp("tensorflow") / "copy"))
    (tensorflow / "model.safetensors").rename(tensorflow / "tf_model.h5")
    adapted = Path(shutil.copytree(tiny("bert", 2), tmp_path_factory.mktemp("adapted") / "copy"))
    (adapted / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/base"}')
    (adapted / "adapter_model.safetensors").write_bytes(b"not looked into")
    repositories = {
        GOOD: large,
        "someone/adapted": adapted,
        "someone/tensorflow": tensorflow,
        "gated/model": large,
        "broken/server": large,
        "plain": tiny("bert", 2),
        "someone/masked": tiny("bert", head="MaskedLM"),
        "someone/without-a-head": tiny("gpt2", head=""),
        "someone/bare": bare,
    }
    with LoopbackHub(repositories) as serving:
        serving.refusals = {"gated/model": (403, "GatedRepo"), "broken/server": (500, "")}
        yield serving


@pytest.fixture(scope="module")
def engine(hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with EngineProcess(hub.environment(tmp_path_factory.mktemp("cache"))) as running:
        yield running


def ask_load(engine: EngineProcess, reference: str, revision: str | None = None) -> Event:
    request = engine.next_id()
    engine.send(Load(request, reference, TASK, revision=revision))
    return engine.last(request)


def downloads(engine: EngineProcess, request: int) -> list[Progress]:
    return [event for event in engine.of(request) if isinstance(event, Progress) and event.unit == "bytes"]


def test_a_checkpoint_is_inspected_without_its_weights(engine: EngineProcess, hub: LoopbackHub) -> None:
    request = engine.next_id()
    engine.send(Inspect(request, GOOD, TASK))
    inspected = engine.last(request)
    assert isinstance(inspected, Inspected)
    checkpoint = inspected.checkpoint
    weights = hub.repositories[GOOD] / "model.safetensors"
    assert (checkpoint.source, checkpoint.serves, checkpoint.note) == ("hub", True, "")
    assert checkpoint.architecture == "DistilBertForSequenceClassification"
    assert checkpoint.labels == ("label 0", "label 1", "label 2")
    assert (checkpoint.size_bytes, checkpoint.dtype) == (weights.stat().st_size, "float32")
    assert (checkpoint.license, checkpoint.max_tokens, checkpoint.hidden_size) == ("apache-2.0", 48, 256)
    assert not any("model.safetensors" in request for request in hub.requests)


def test_it_is_downloaded_then_used_then_found_without_the_network(
    engine: EngineProcess, hub: LoopbackHub
) -> None:
    request, text = engine.next_id(), engine.next_id()
    engine.send(Load(request, GOOD, TASK), Analyze(text, TASK, {"text": "A warm, funny film"}))
    loaded = engine.last(request)
    assert isinstance(loaded, Loaded)
    assert (loaded.checkpoint.reference, loaded.checkpoint.source) == (GOOD, "hub-cache")
    assert isinstance(engine.last(text), Answered)
    told = [(event.done, event.total) for event in downloads(engine, request)]
    total = told[-1][1]
    assert told[-1] == (total, total)
    assert told == sorted(told)
    assert all(done is not None and total is not None and done <= total for done, total in told)
    names = " ".join(hub.requests)
    assert "model.safetensors" in names
    assert "tf_model.h5" not in names
    assert "pytorch_model.bin" not in names

    before = len(hub.requests)
    assert isinstance(ask_load(engine, GOOD), Loaded)
    assert isinstance(ask_load(engine, GOOD, COMMIT), Loaded)
    assert len(hub.requests) == before
    listing = engine.next_id()
    engine.send(ListCheckpoints(listing, TASK))
    listed = engine.last(listing)
    assert isinstance(listed, CheckpointsListed)
    assert (GOOD, "hub-cache") in [(entry.reference, entry.source) for entry in listed.checkpoints]


def test_a_class_that_may_hold_the_head_is_downloaded(engine: EngineProcess) -> None:
    request = engine.next_id()
    engine.send(Load(request, "someone/without-a-head", "text-generation"))
    loaded = engine.last(request)
    assert isinstance(loaded, Loaded)
    assert loaded.warning == ""


def test_an_id_without_an_owner(engine: EngineProcess) -> None:
    assert isinstance(ask_load(engine, "plain"), Loaded)


@pytest.mark.parametrize(
    ("reference", "revision", "title"),
    [
        ("someone/nobody", None, "No such checkpoint on the Hub"),
        (GOOD, "v9", "No such revision"),
        ("gated/model", None, "This checkpoint is gated"),
        ("broken/server", None, "The Hub refused"),
        ("someone/bare", None, "Not a transformers checkpoint"),
        ("someone/masked", None, "This checkpoint can't do the task"),
        ("no good/name", None, "Not a checkpoint's name"),
        ("a/b/c", None, "Not a checkpoint's name"),
        ("./nothing-here", None, "No such folder"),
    ],
)
def test_every_refusal_has_its_own_words(
    engine: EngineProcess, hub: LoopbackHub, reference: str, revision: str | None, title: str
) -> None:
    before = len(hub.requests)
    failed = ask_load(engine, reference, revision)
    assert isinstance(failed, Failed)
    assert failed.failure.title == title
    assert failed.failure.hint
    assert not any("safetensors" in request for request in hub.requests[before:])
    request = engine.next_id()
    engine.send(Inspect(request, reference, TASK, revision))
    answer = engine.last(request)
    if title == "This checkpoint can't do the task":
        assert isinstance(answer, Inspected)
        assert not answer.checkpoint.serves
        assert answer.checkpoint.note == "BertForMaskedLM has no classification head"
    else:
        assert isinstance(answer, Failed)
        assert answer.failure == failed.failure


def test_what_a_repository_holds_instead_of_weights_is_said(engine: EngineProcess) -> None:
    for reference, said in (("someone/tensorflow", "tf_model.h5"), ("someone/bare", "model.gguf")):
        failed = ask_load(engine, reference)
        assert isinstance(failed, Failed)
        assert said in failed.failure.detail
    request = engine.next_id()
    engine.send(Inspect(request, "someone/tensorflow", TASK))
    seen = engine.last(request)
    assert isinstance(seen, Inspected)
    assert not seen.checkpoint.serves
    assert "TensorFlow weights (tf_model.h5). " in seen.checkpoint.note


def test_an_adapter_beside_whole_weights_is_told_of_before_and_after_the_download(
    engine: EngineProcess,
) -> None:
    request = engine.next_id()
    engine.send(Inspect(request, "someone/adapted", TASK))
    seen = engine.last(request)
    assert isinstance(seen, Inspected)
    assert seen.checkpoint.serves
    assert "A PEFT adapter (adapter_config.json) lies beside the weights" in seen.checkpoint.note
    made = ask_load(engine, "someone/adapted")
    assert isinstance(made, Loaded)
    for note in (made.note, made.checkpoint.note):
        assert "A PEFT adapter of “someone/base” (adapter_config.json) lies beside the weights" in note


def partial_files(cache: Path) -> list[Path]:
    return [file for file in cache.rglob("*.incomplete") if file.stat().st_size]


def test_a_download_stops_at_once_leaves_nothing_and_goes_on_next_time(large: Path, tmp_path: Path) -> None:
    hub = LoopbackHub({GOOD: large}, stop_after=1_000_000)
    with hub, EngineProcess(hub.environment(tmp_path)) as engine:
        first = engine.next_id()
        engine.send(Load(first, GOOD, TASK))
        engine.until(
            lambda event: event.id == first and isinstance(event, Progress) and (event.done or 0) > 500_000
        )
        assert partial_files(tmp_path)
        children = psutil.Process(engine.process.pid).children(recursive=True)
        assert children
        engine.send(Cancel(engine.next_id(), first))
        assert isinstance(engine.last(first), Cancelled)
        psutil.wait_procs(children, timeout=PATIENCE)
        assert not any(child.is_running() for child in children)
        assert not partial_files(tmp_path)

        hub.go_on()
        hub.requests.clear()
        assert isinstance(ask_load(engine, GOOD), Loaded)
        assert not any(request.startswith("GET") and "tokenizer.json" in request for request in hub.requests)


@pytest.mark.parametrize("end", ["kill", "shutdown"])
def test_the_end_of_the_engine_ends_its_download(large: Path, tmp_path: Path, end: str) -> None:
    hub = LoopbackHub({GOOD: large}, stop_after=1_000_000)
    with hub, EngineProcess(hub.environment(tmp_path)) as engine:
        request = engine.next_id()
        engine.send(Load(request, GOOD, TASK))
        engine.until(lambda event: isinstance(event, Progress) and (event.done or 0) > 300_000)
        assert partial_files(tmp_path)
        children = psutil.Process(engine.process.pid).children(recursive=True)
        assert children
        if end == "kill":
            engine.process.kill()
        else:
            engine.send(Shutdown(engine.next_id()))
        engine.ended()
        psutil.wait_procs(children, timeout=PATIENCE)
        assert not any(child.is_running() for child in children)
        assert not partial_files(tmp_path)


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        environment = {"HF_ENDPOINT": nobody, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path)}
        with EngineProcess(environment) as engine:
            failed = ask_load(engine, GOOD)
            assert isinstance(failed, Failed)
            assert failed.failure.title == "No connection to the Hub"
            assert nobody in failed.failure.detail
    with EngineProcess({"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}) as engine:
        failed = ask_load(engine, GOOD)
        assert isinstance(failed, Failed)
        assert failed.failure.title == "The Hub is switched off"


def test_code_that_comes_with_a_checkpoint_is_never_run(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "own", "bert")
    witness = tmp_path / "witness"
    (folder / "modeling.py").write_text(f"open({str(witness)!r}, 'w')\n")
    edit_json(
        folder / "config.json",
        model_type="own-kind",
        architectures=["OwnForSequenceClassification"],
        auto_map={
            "AutoConfig": "modeling.OwnConfig",
            "AutoModelForSequenceClassification": "modeling.OwnForSequenceClassification",
        },
    )
    hub = LoopbackHub({GOOD: folder})
    with hub, EngineProcess(hub.environment(tmp_path / "cache")) as engine:
        for reference in (GOOD, str(folder)):
            failed = ask_load(engine, reference)
            assert isinstance(failed, Failed)
            assert failed.failure.title == "This checkpoint needs its own code"
    assert not witness.exists()


def test_another_checkpoint_answers_during_a_download(large: Path, tiny: TinyFolder, tmp_path: Path) -> None:
    hub = LoopbackHub({GOOD: large}, stop_after=1_000_000)
    with hub, EngineProcess(hub.environment(tmp_path)) as engine:
        assert isinstance(ask_load(engine, "nano-sentiment"), Loaded)
        request = engine.next_id()
        engine.send(Load(request, GOOD, TASK))
        engine.until(lambda event: event.id == request and isinstance(event, Progress))
        text = engine.next_id()
        engine.send(Analyze(text, TASK, {"text": "dull"}))
        assert isinstance(engine.last(text), Answered)
        assert not any(isinstance(event, Loaded) for event in engine.of(request))
        assert isinstance(engine.of(text)[0], Tokenized)
        failing = engine.next_id()
        engine.send(Load(failing, str(tmp_path), TASK))
        assert isinstance(engine.last(failing), Failed)
        assert not any(isinstance(event, Loaded) for event in engine.of(request))
