"""Loading: where the weights go, in which number format, and that nothing leaks into what runs beside it."""

from __future__ import annotations

import threading

import pytest
import torch

from tests.engine.conftest import TASK, TinyFolder, load_here
from tui.choices import DtypeName
from tui.engine import loading
from tui.engine.sources import facts
from tui.engine.sources.locate import locate
from tui.engine.tasks import sentiment_analysis

TEXT = "A warm, funny film"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_it_computes_in_the_number_format_asked_for(tiny: TinyFolder, dtype: DtypeName) -> None:
    loaded = load_here(tiny("bert", 3), dtype=dtype)
    assert loaded.dtype == dtype
    assert {str(parameter.dtype) for parameter in loaded.model.parameters()} == {f"torch.{dtype}"}
    assert not loaded.model.training
    outcome = sentiment_analysis.forward(loaded, loaded.tokenizer.read(TEXT))
    assert outcome.logits.dtype == getattr(torch, dtype)
    assert outcome.steps[-1].dtype == dtype
    exact = sentiment_analysis.forward(load_here(tiny("bert", 3)), loaded.tokenizer.read(TEXT))
    assert outcome.row() == pytest.approx(exact.row(), abs=0.1)


def test_forwards_are_held_off_while_the_default_number_format_is_another(tiny: TinyFolder) -> None:
    folder = tiny("albert", num_hidden_layers=600)
    gate, over = threading.Lock(), threading.Event()
    seen: set[tuple[bool, bool]] = set()

    def watch() -> None:
        while not over.is_set():
            held = gate.locked()
            narrow = torch.get_default_dtype() is not torch.float32
            seen.add((narrow, held or gate.locked()))

    watcher = threading.Thread(target=watch)
    watcher.start()
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
    over.set()
    watcher.join()
    assert (True, True) in seen, "the watcher never saw the other number format"
    assert (True, False) not in seen
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
        loading.load(
            facts.describe(locate(str(folder)), folder, TASK),
            folder,
            TASK,
            requested_device="cpu",
            requested_dtype="auto",
            tokenizer=None,
            default_dtype_gate=threading.Lock(),
            stage=stage,
        )
    assert stages == ["tokenizer", "weights"]
