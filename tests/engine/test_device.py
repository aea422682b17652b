"""Devices, number formats and memory figures, as far as a machine without an accelerator can show them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest
import torch

from tui.engine import device
from tui.engine.errors import EngineError

NO_ACCELERATOR = not torch.cuda.is_available() and not torch.backends.mps.is_available()


@pytest.mark.parametrize("spelling", ["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:17"])
def test_devices_that_can_exist(spelling: str) -> None:
    device.check_spelling(spelling)


@pytest.mark.parametrize(
    "spelling", ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:a", "mps:0", "cpu ", "cuda:0\n"]
)
def test_devices_that_can_not(spelling: str) -> None:
    with pytest.raises(EngineError) as raised:
        device.check_spelling(spelling)
    assert raised.value.failure.title == "Unknown device"
    assert "cuda:N" in raised.value.failure.hint


@pytest.mark.skipif(not NO_ACCELERATOR, reason="there is an accelerator")
def test_without_an_accelerator_auto_is_the_cpu_and_others_are_refused() -> None:
    placement = device.place("auto")
    assert (placement.device, placement.note) == ("cpu", "")
    for spelling in ("cuda", "cuda:1", "mps"):
        with pytest.raises(EngineError) as raised:
            device.place(spelling)
        assert raised.value.failure.title == "No such device here"
        assert "has cpu." in raised.value.failure.detail


def test_an_accelerator_that_fails_falls_back_to_the_cpu_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that reports a GPU which then can't be used is the one thing no test machine can be asked for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    if torch.cuda.device_count():
        pytest.skip("the GPU here works")
    placement = device.place("auto")
    assert placement.device == "cpu"
    assert "could not be used" in placement.note


@pytest.mark.parametrize("stored", ["float32", "bfloat16", "float16", None])
def test_on_the_cpu_auto_computes_in_float32(stored: str | None) -> None:
    assert device.choose_dtype("auto", "cpu", stored, 10**10) is torch.float32


@pytest.mark.parametrize("stored", ["float16", "bfloat16"])
def test_an_accelerator_runs_large_halves_in_bfloat16_and_small_ones_exactly(stored: str) -> None:
    assert device.choose_dtype("auto", "mps", stored, device.SMALL + 1) is torch.bfloat16
    assert device.choose_dtype("auto", "mps", stored, None) is torch.bfloat16
    assert device.choose_dtype("auto", "mps", stored, device.SMALL) is torch.float32
    assert device.choose_dtype("auto", "mps", "float32", None) is torch.float32


def test_a_number_format_that_is_asked_for_is_taken() -> None:
    assert device.choose_dtype("bfloat16", "cpu", None, None) is torch.bfloat16
    assert device.choose_dtype("float16", "cpu", "float32", 10) is torch.float16
    assert device.choose_dtype("float32", "cpu", "bfloat16", 10) is torch.float32
    assert device.dtype_name(torch.bfloat16) == "bfloat16"


def test_memory_of_the_cpu_is_this_process_and_what_the_machine_has_left() -> None:
    memory = device.memory("cpu")
    assert memory.used == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
    assert memory.free == pytest.approx(psutil.virtual_memory().available, rel=0.2)


def test_cores_are_those_of_this_process() -> None:
    assert 1 <= device.cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="no /proc")
def test_the_processor_has_a_name_or_none() -> None:
    assert "\n" not in device.processor_name()
    assert sys.platform == "linux" or device.processor_name() == ""
