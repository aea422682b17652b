"""All cores compute, but for one while somebody types or others need it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest
import torch

from tests.engine.conftest import TinyFolder, load_here
from tests.engine.driver import EngineProcess
from tui.engine import device
from tui.engine.cores import KEYS_SECONDS, LONGEST, SHORTEST, Cores, Use
from tui.engine.steps_timed import TRIED, StepsTimed
from tui.protocol import Ping, Pong


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Torch has as many threads afterwards as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_key_takes_one_core_from_the_model_for_a_while() -> None:
    use = Use(4)
    assert use.threads(10.0, 9) == 4
    use.typed(10.0)
    assert use.threads(10.0, 9) == 3
    assert use.threads(10.0 + KEYS_SECONDS / 2, 9) == 3
    assert use.threads(10.0 + KEYS_SECONDS, 9) == 4


def test_a_machine_with_one_core_has_one() -> None:
    use = Use(1)
    use.typed(0.0)
    assert use.threads(0.0, 9) == 1
    use.computed(0.0, 1, 9, 10.0, 1.0)
    assert use.threads(0.0, 9) == 1


def test_a_forward_that_had_to_wait_leaves_a_core_to_others() -> None:
    use = Use(2)
    use.computed(0.0, 2, 9, 1.0, 0.5)
    assert use.threads(0.0, 9) == 1
    assert use.threads(SHORTEST, 9) == 2


def test_vain_trials_become_rarer_until_one_succeeds() -> None:
    use, now = Use(2), 0.0
    pauses = []
    for _ in range(8):
        use.computed(now, 2, 9, 1.0, 0.5)
        pauses.append(use.others_until - now)
        now = use.others_until
    assert pauses[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert pauses[-1] == LONGEST
    use.computed(now, 2, 9, 1.0, 0.99)
    assert use.threads(now, 9) == 2
    use.computed(now, 2, 9, 1.0, 0.5)
    assert use.others_until - now == SHORTEST


def test_short_forwards_are_judged_together() -> None:
    use = Use(2)
    use.computed(0.0, 2, 9, 0.01, 0.0)  # one that was interrupted
    assert use.threads(0.0, 9) == 2
    for _ in range(20):
        use.computed(0.0, 2, 9, 0.01, 0.01)
    assert use.threads(0.0, 9) == 2


def test_what_fewer_threads_took_says_nothing_of_all() -> None:
    use = Use(4)
    use.typed(0.0)
    use.computed(0.0, use.threads(0.0, 9), 9, 1.0, 0.1)
    assert use.threads(KEYS_SECONDS, 9) == 4


def test_a_thread_that_waited_for_something_else_gets_its_core_back() -> None:
    use, now = Use(2), 0.0
    trusted = []
    for _ in range(7):
        use.computed(now, 2, 100, 1.0, 0.5)
        assert use.threads(now, 100) == 1
        use.computed(now, 1, 100, 1.5, 1.5)  # slower with one
        assert use.threads(now, 100) == 2
        use.computed(now, 2, 100, 1.0, 0.5)
        assert use.threads(now, 100) == 2
        trusted.append(use.all_until - now)
        now = use.all_until
    assert trusted[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert trusted[-1] == LONGEST


def test_fewer_threads_that_are_faster_keep_the_core_free() -> None:
    use = Use(2)
    use.computed(0.0, 2, 100, 1.0, 0.5)
    use.computed(0.0, 1, 120, 0.6, 0.6)
    assert use.threads(0.0, 100) == 1
    assert use.threads(SHORTEST, 100) == 2


def test_only_texts_of_about_the_same_length_are_compared() -> None:
    use = Use(2)
    use.computed(0.0, 2, 100, 1.0, 0.5)
    use.computed(0.0, 1, 10, 1.0, 1.0)
    use.computed(0.0, 1, 1000, 1.0, 1.0)
    assert [use.threads(0.0, positions) for positions in (10, 100, 150, 1000)] == [2, 1, 1, 2]


def write(steps: StepsTimed, seconds: Mapping[int, float], count: int) -> list[int]:
    """The number of threads of each of so many forwards, which take what is said of it."""
    used = []
    for _ in range(count):
        used.append(steps.threads())
        steps.computed(used[-1], seconds[used[-1]])
    return used


@pytest.mark.parametrize("fastest", [8, 7, 4])
def test_the_fastest_number_of_threads_writes(fastest: int) -> None:
    seconds = {8: 0.02, 7: 0.02, 4: 0.02} | {fastest: 0.01}
    used = write(StepsTimed((8, 7, 4)), seconds, 1000)
    assert used[:3] == [8, 8, 8]
    assert set(used) == {8, 7, 4}
    assert used.count(fastest) > 850


def test_numbers_that_differ_little_leave_the_one_in_use() -> None:
    used = write(StepsTimed((2, 1)), {2: 0.01, 1: 0.0099}, 3000)
    assert used.count(1) < 60


def test_a_machine_that_changes_is_noticed() -> None:
    steps = StepsTimed((2, 1))
    write(steps, {2: 0.01, 1: 0.015}, 2000)
    used = write(steps, {2: 0.03, 1: 0.015}, 500)  # another program came
    assert used[: 4 * TRIED].count(1) > TRIED
    assert used.count(1) > 400
    used = write(steps, {2: 0.01, 1: 0.015}, 1000)  # and went
    assert used[-200:].count(2) > 150


def test_one_slow_forward_says_nothing() -> None:
    steps = StepsTimed((2, 1))
    write(steps, {2: 0.01, 1: 0.015}, 40)
    write(steps, {2: 10.0, 1: 0.015}, 1)
    assert write(steps, {2: 0.01, 1: 0.015}, 20) == [2] * 20


def test_while_keys_come_a_core_is_left_and_nothing_is_compared() -> None:
    use = Use(2)
    use.typed(0.0)
    for _ in range(100):
        assert use.threads_to_write(0.0, "a model") == 1
        use.wrote(1, 0.001)
    assert use.threads_to_write(KEYS_SECONDS, "a model") == 2


def test_other_work_is_compared_anew() -> None:
    use = Use(2)
    for _ in range(100):
        threads = use.threads_to_write(0.0, "a model")
        use.wrote(threads, 0.001 if threads == 1 else 0.002)
    assert use.threads_to_write(0.0, "a model") == 1
    assert use.threads_to_write(0.0, "another") == 2


def test_only_forwards_that_write_a_token_are_compared(
    tiny: TinyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(device, "cores", lambda: 2)
    torch.set_num_threads(2)
    cores = Cores()
    cores.torch_is_there()
    loaded = load_here(tiny("gpt2", head="CausalLM"), task="text-generation")
    cores.follow(loaded.model)
    wrote: list[object] = []
    monkeypatch.setattr(Use, "wrote", lambda _, *took: wrote.append(took))
    read: list[object] = []
    monkeypatch.setattr(Use, "computed", lambda _, *took: read.append(took))
    ids = torch.tensor([[1, 2, 3]])
    loaded.model.generate(ids, max_new_tokens=5, min_new_tokens=5)  # type: ignore[operator]
    assert (len(read), len(wrote)) == (1, 4)


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
