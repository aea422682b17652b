"""Loading: where the weights go, in which number format, and that nothing leaks into what runs beside it."""

from __future__ import annotations

import threading

import pytest
import torch

from tests.engine.conftest import TASK, TinyFolder, classify_here, load_here
from tui.engine import runtime
from tui.engine.checkpoint import loading
from tui.engine.checkpoint.loads import Loader
from tui.engine.frames import Outbox
from tui.engine.sources import facts
from tui.engine.sources.locate import locate
from tui.settings import DtypeName

TEXT = "A warm, funny film"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_it_computes_in_the_number_format_asked_for(tiny: TinyFolder, dtype: DtypeName) -> None:
    loaded = load_here(tiny("bert", 3), dtype=dtype)
    assert loaded.dtype == dtype
    assert {str(parameter.dtype) for parameter in loaded.model.parameters()} == {f"torch.{dtype}"}
    assert not loaded.model.training
    outcome = classify_here(loaded, TEXT)
    assert outcome.logits.dtype == getattr(torch, dtype)
    assert outcome.steps[-1].dtype == dtype
    exact = classify_here(load_here(tiny("bert", 3)), TEXT)
    assert outcome.row() == pytest.approx(exact.row(), abs=0.1)


def test_forwards_are_held_off_while_the_default_number_format_is_another(
    tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny("albert")
    gate = threading.Lock()
    seen: list[tuple[torch.dtype, bool]] = []
    set_default = torch.set_default_dtype

    def watched(dtype: torch.dtype) -> None:
        seen.append((dtype, gate.locked()))
        set_default(dtype)

    monkeypatch.setattr(torch, "set_default_dtype", watched)
    loading.load(
        facts.describe(locate(str(folder)), folder, TASK),
        folder,
        TASK,
        requested_device="cpu",
        requested_dtype="bfloat16",
        tokenizer=None,
        default_dtype_gate=gate,
        stage=lambda _: None,
    )
    assert (torch.bfloat16, True) in seen, "nothing set the other number format"
    assert all(held for _, held in seen)
    assert torch.get_default_dtype() is torch.float32
    assert not gate.locked()


def test_a_load_can_be_given_up_between_its_stages(tiny: TinyFolder) -> None:
    folder = tiny("bert", 3)
    stages: list[str] = []

    class EnoughError(Exception):
        pass

    def stage(name: str) -> None:
        stages.append(name)
        if name == "weights":
            raise EnoughError

    with pytest.raises(EnoughError):
        load_here(folder, stage=stage)
    assert stages == ["tokenizer", "weights"]


@pytest.mark.parametrize("put_off", [False, True])
def test_torch_stays_out_where_a_tokenizer_is_asked_about_first(
    put_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing it takes longer than tokenizing a megabyte, and 300 MB."""
    brought = threading.Event()
    monkeypatch.setattr(runtime.Libraries, "bring_in", lambda _: brought.set())
    loader = Loader(Outbox(-1, lambda: None))
    if put_off:
        loader.put_off()
    loader.prewarm()
    loader.first_text_read.set()
    for thread in threading.enumerate():
        if thread.name == "prewarm":
            thread.join()
    assert brought.is_set() is not put_off
