"""One engine for all attacks of a process; where one is lost, that test fails and the next gets another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.attacks.survival import Survivor


@pytest.fixture(scope="session")
def _survivors() -> Iterator[Callable[[], Survivor]]:
    running: list[Survivor] = []

    def survivor() -> Survivor:
        if not running or running[-1].is_lost:
            running.append(Survivor())
        return running[-1]

    yield survivor
    for each in running:
        each.close()


@pytest.fixture
def survivor(_survivors: Callable[[], Survivor]) -> Survivor:
    return _survivors()
