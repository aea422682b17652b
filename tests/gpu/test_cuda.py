"""What differs on an NVIDIA GPU: placement, number format, memory, running out of it, a context that is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.checkpoints import ARCHITECTURES, make_checkpoint
from tests.engine.conftest import TASK, classify_here, load_here
from tests.engine.driver import EngineProcess
from tui.engine import device
from tui.engine.errors import EngineError, failure_of
from tui.engine.server import EXIT_LOST
from tui.protocol import Analyze, Answered, Failed, Load, Loaded, Ping, Pong, Reweigh, Reweighed
from tui.protocol.rows import ReadoutSettings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

TEXT = "A warm, funny and surprisingly honest story"
POISONING = """
from tui.engine.tasks import text_classification as task

forward = task.forward


def poisoned(loaded, prepared, check):
    import torch

    if len(prepared.readings[0].tokens) > 8:
        torch.zeros(4, device="cuda")[torch.tensor([9_999_999], device="cuda")].cpu()
    return forward(loaded, prepared, check)


task.forward = poisoned
from tui.engine.__main__ import main

main([])
"""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "tiny", "bert", 3)


@pytest.fixture
def little_memory() -> Iterator[None]:
    """The driver of torch's allocator pretends that the GPU is almost full."""
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-6)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_auto_takes_the_gpu_and_names_it(checkpoint: Path) -> None:
    loaded = load_here(checkpoint, device="auto")
    assert loaded.placement.device == "cuda:0"
    assert loaded.placement.name == torch.cuda.get_device_name(0)
    assert loaded.placement.note == ""
    assert {parameter.device.type for parameter in loaded.model.parameters()} == {"cuda"}


def test_a_gpu_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(EngineError) as raised:
        device.place(f"cuda:{torch.cuda.device_count()}")
    assert "cuda:0" in raised.value.failure.detail


@pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16, torch.float16])
def test_large_weights_stored_in_half_precision_run_in_bfloat16(
    tmp_path: Path, stored: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_checkpoint(tmp_path, "bert", 3, dtype=stored)
    assert load_here(folder, device="cuda").dtype == "float32"
    monkeypatch.setattr(device, "SMALL", 10)
    loaded = load_here(folder, device="cuda")
    half = stored is not torch.float32 and torch.cuda.is_bf16_supported()
    assert loaded.dtype == ("bfloat16" if half else "float32")
    outcome = classify_here(loaded, TEXT)
    assert [step.dtype for step in outcome.steps if step.name == "logits"] == [loaded.dtype]


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_logits_are_those_of_the_cpu(tmp_path: Path, model_type: str) -> None:
    folder = make_checkpoint(tmp_path, model_type, 5, "single_label_classification")
    rows = []
    for where in ("cpu", "cuda"):
        loaded = load_here(folder, device=where)
        rows.append(classify_here(loaded, TEXT).row())
    assert rows[1] == pytest.approx(rows[0], rel=1e-3, abs=1e-4)


def test_the_steps_are_timed_with_the_device_synchronized(checkpoint: Path) -> None:
    loaded = load_here(checkpoint, device="cuda")
    classify_here(loaded, TEXT)
    outcome = classify_here(loaded, TEXT)
    parts = [step.seconds for step in outcome.steps if step.seconds is not None]
    assert 0 < sum(parts) <= outcome.seconds


def test_memory_is_the_devices_own(checkpoint: Path) -> None:
    before = device.memory("cuda:0")
    ballast = torch.zeros(64 * 1024 * 1024, device="cuda:0")
    during = device.memory("cuda:0")
    assert before.used is not None
    assert during.used is not None
    assert during.free is not None
    assert during.used - before.used >= ballast.numel() * 4
    assert during.used + during.free <= torch.cuda.get_device_properties(0).total_memory
    del ballast
    device.release("cuda:0")
    after = device.memory("cuda:0")
    assert after.used is not None
    assert after.used < during.used


def test_running_out_of_memory_says_what_to_do(tmp_path: Path, little_memory: None) -> None:
    folder = make_checkpoint(tmp_path, "bert", 3, hidden_size=512, intermediate_size=4096)
    with pytest.raises(torch.OutOfMemoryError) as raised:
        load_here(folder, device="cuda")
    failure = failure_of(raised.value)
    assert failure.title == "Out of memory"
    assert "--device cpu" in failure.hint
    assert not failure.fatal


def test_the_engine_answers_from_the_gpu_and_reports_its_memory(checkpoint: Path) -> None:
    with EngineProcess() as engine:
        load, text, reweigh, ping = (engine.next_id() for _ in range(4))
        engine.send(Load(load, str(checkpoint), TASK), Analyze(text, TASK, {"text": TEXT}))
        loaded = engine.last(load)
        assert isinstance(loaded, Loaded)
        assert (loaded.device, loaded.device_name) == ("cuda:0", torch.cuda.get_device_name(0))
        assert isinstance(engine.last(text), Answered)
        engine.send(Reweigh(reweigh, ReadoutSettings(temperature=3.0)), Ping(ping))
        assert isinstance(engine.last(reweigh), Reweighed)
        pong = engine.last(ping)
        assert isinstance(pong, Pong)
        assert pong.memory.free is not None
        assert pong.memory.free <= torch.cuda.get_device_properties(0).total_memory


def test_a_lost_context_ends_the_engine_with_its_own_status(checkpoint: Path) -> None:
    with EngineProcess(arguments=("-c", POISONING)) as engine:
        load, good, bad = (engine.next_id() for _ in range(3))
        engine.send(Load(load, str(checkpoint), TASK, device="cuda"))
        assert isinstance(engine.last(load), Loaded)
        engine.send(Analyze(good, TASK, {"text": "a"}))
        assert isinstance(engine.last(good), Answered)
        engine.send(Analyze(bad, TASK, {"text": TEXT * 3}))
        failed = engine.last(bad)
        assert isinstance(failed, Failed)
        assert failed.failure.fatal
        assert engine.ended() == EXIT_LOST
