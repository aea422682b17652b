import doctest
import importlib
from types import ModuleType

import pytest

WITH_EXAMPLES = (
    "sentiment.augment",
    "card",
    "measure",
    "sentiment.neighbors",
    "splits",
    "texts.descriptions",
)


def module_named(name: str) -> ModuleType:
    return importlib.import_module(f"tui.training.{name}")


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    outcome = doctest.testmod(module_named(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0
