import doctest
import importlib
from types import ModuleType

import pytest

WITH_EXAMPLES = (
    "zero_shot.measure",
    "zero_shot.labels",
    "texts.wordnet",
    "generation.measure",
    "examples",
    "sentiment.augment",
    "card",
    "measure",
    "sentiment.neighbors",
    "splits",
    "summarization.rouge",
    "texts.alignment",
    "texts.catalogues",
    "texts.descriptions",
    "translation.dictionary",
    "vocabulary.unigram",
    "ner.measure",
    "ner.sentences",
    "question_answering.measure",
    "question_answering.reader",
    "texts.documents",
    "texts.everyday",
    "texts.names",
    "texts.wikipedia",
    "attention",
    "muon",
)


def module_named(name: str) -> ModuleType:
    return importlib.import_module(f"tui.training.{name}")


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    outcome = doctest.testmod(module_named(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0
