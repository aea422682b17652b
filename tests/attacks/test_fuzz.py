"""A short run of the fuzzer with fixed numbers; what it found is among the attacks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.attacks.fuzz import Fuzzing
from tests.attacks.fuzz_worker import SEEDS, WAYS, Case, case

pytestmark = pytest.mark.timeout(900)
FILES = 150


@pytest.fixture
def fuzzing() -> Iterator[Fuzzing]:
    running = Fuzzing(seed=12, through_engine=40)
    yield running
    running.close()


def test_changed_files_are_survived(fuzzing: Fuzzing) -> None:
    for number in range(FILES):
        fuzzing.one(number)
    assert fuzzing.findings == []
    assert fuzzing.confirmed >= FILES // 40
    kinds = {name.partition(":")[0] for name in fuzzing.outcomes}
    assert kinds == {kind for _, kind in WAYS}
    assert any(name.endswith("works") for name in fuzzing.outcomes)


def test_what_hangs_its_process_goes_through_an_engine(fuzzing: Fuzzing) -> None:
    fuzzing.one(1)
    fuzzing.limit_seconds = 0  # nothing is that fast
    fuzzing.one(2)
    fuzzing.one(3)
    assert fuzzing.slow
    assert fuzzing.confirmed
    assert fuzzing.findings == []


def test_the_same_numbers_make_the_same_files() -> None:
    made = [case(3, number) for number in range(200)]
    assert made == [case(3, number) for number in range(200)]
    assert len({frozenset(each.files.items()) for each in made}) > 190
    assert {(each.base, each.kind) for each in made} == set(WAYS)


def test_a_finding_is_shrunk_to_what_it_takes(fuzzing: Fuzzing) -> None:
    """Of five changes in two files the one is left that the tokenizer is refused for."""
    before = SEEDS["classifier"]
    tokenizer = json.loads(before["tokenizer.json"])
    tokenizer["model"]["vocab"] |= {"good": -1, "film": 40, "new": 41}
    del tokenizer["normalizer"]
    one = Case(
        "classifier",
        "tokenizer",
        {**before, "tokenizer.json": json.dumps(tokenizer).encode(), "config.json": b"{}"},
        "good",
    )
    expected = json.loads(before["tokenizer.json"])
    expected["model"]["vocab"]["good"] = -1
    shrunk = fuzzing.shrunk(one)
    assert json.loads(shrunk.files["tokenizer.json"]) == expected
    assert shrunk.files["config.json"] == before["config.json"]
