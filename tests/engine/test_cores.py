"""All cores compute, but for one while somebody types or others need it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from tests.engine.conftest import TinyFolder, load_here
from tests.engine.driver import EngineProcess
from tui.engine import device
from tui.engine.cores import KEYS_SECONDS, LONGEST, SHORTEST, Cores, Use
from tui.protocol import Ping, Pong


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Torch has as many threads afterwards as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_key_takes_one_core_from_the_model_for_a_while() -> None:
    use = Use(4)
    assert use.threads(10.0) == 4
    use.typed(10.0)
    assert use.threads(10.0) == 3
    assert use.threads(10.0 + KEYS_SECONDS / 2) == 3
    assert use.threads(10.0 + KEYS_SECONDS) == 4


def test_a_machine_with_one_core_has_one() -> None:
    use = Use(1)
    use.typed(0.0)
    assert use.threads(0.0) == 1
    use.computed(0.0, 1, 10.0, 1.0)
    assert use.threads(0.0) == 1


def test_a_forward_that_had_to_wait_leaves_a_core_to_others() -> None:
    use = Use(2)
    use.computed(0.0, 2, 1.0, 0.5)
    assert use.threads(0.0) == 1
    assert use.threads(SHORTEST) == 2


def test_vain_trials_become_rarer_until_one_succeeds() -> None:
    use, now = Use(2), 0.0
    pauses = []
    for _ in range(8):
        use.computed(now, 2, 1.0, 0.5)
        pauses.append(use.others_until - now)
        now = use.others_until
    assert pauses[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert pauses[-1] == LONGEST
    use.computed(now, 2, 1.0, 0.99)
    assert use.threads(now) == 2
    use.computed(now, 2, 1.0, 0.5)
    assert use.others_until - now == SHORTEST


def test_short_forwards_are_judged_together() -> None:
    use = Use(2)
    use.computed(0.0, 2, 0.01, 0.0)  # one that was interrupted
    assert use.threads(0.0) == 2
    for _ in range(20):
        use.computed(0.0, 2, 0.01, 0.01)
    assert use.threads(0.0) == 2


def test_what_fewer_threads_took_says_nothing_of_all() -> None:
    use = Use(4)
    use.typed(0.0)
    use.computed(0.0, use.threads(0.0), 1.0, 0.1)
    assert use.threads(KEYS_SECONDS) == 4


def test_torch_has_the_threads_before_each_forward(tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(device, "cores", lambda: 2)
    torch.set_num_threads(2)
    cores = Cores()
    cores.torch_is_there()
    loaded = load_here(tiny("t5", head="Seq2SeqLM"), task="translation")
    cores.follow(loaded.model)
    seen = []
    loaded.model.get_encoder().register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    ids = torch.tensor([[1, 2, 3]])
    for _ in range(2):
        loaded.model.generate(ids, max_new_tokens=2)  # type: ignore[operator]
        cores.typed()
    assert seen == [2, 1]


def test_who_sets_the_number_of_threads_has_as_many(
    tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    torch.set_num_threads(3)
    cores = Cores()
    cores.torch_is_there()
    loaded = load_here(tiny())
    cores.follow(loaded.model)
    cores.typed()
    loaded.model(torch.tensor([[1, 2, 3]]))
    assert torch.get_num_threads() == 3


def test_how_threads_wait_is_set_unless_somebody_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    Cores().prepare()
    assert "GOMP_SPINCOUNT" not in os.environ
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    Cores().prepare()
    assert os.environ["GOMP_SPINCOUNT"] == "7"


def test_the_engine_hears_that_keys_come() -> None:
    with EngineProcess() as engine:
        engine.send(Ping(1, typing=True), Ping(2))
        assert isinstance(engine.last(1), Pong)
        assert isinstance(engine.last(2), Pong)
