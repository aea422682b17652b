"""What the built-in checkpoints answer equals transformers: its pipelines, and the three that version 5 dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.asking import ask
from tests.engine.conftest import load_here
from tests.engine.tasks import (
    test_fill_mask,
    test_question_answering,
    test_text_generation,
    test_token_classification,
    test_zero_shot_classification,
)
from tests.engine.tasks.test_sequence_to_sequence import SEARCHES, Plain
from tui import catalogue
from tui.engine.answers.entities import STRATEGIES

LONG = "The film was dull, the acting in Paris was worse. " * 90
ODD = "Crème brûlée 東京 😀👩‍👩‍👧 e\u0301 \u202egnihton\u202c مرحبا \x00\x07\x1b[31m [CLS] <s> </s> <pad>"
TEXTS = ("The old library reads files, says Ada Lovelace of London.", "a", ODD, LONG)


def folder_of(task: str) -> Path:
    folder = catalogue.built_in_folder(catalogue.built_in_names(task)[0])
    assert folder is not None
    return folder


def test_labels_never_seen() -> None:
    folder = folder_of("zero-shot-classification")
    here = load_here(folder, task="zero-shot-classification")
    classify = test_zero_shot_classification.pipeline_of(folder)
    labels = ["games", "東京 😀", "a, b"]
    for text in TEXTS:
        for multi_label in (False, True):
            inputs = {"text": text, "candidate_labels": test_zero_shot_classification.typed(labels)}
            told = ask(here, inputs, multi_label=multi_label)
            assert told.answer == classify(text, labels, multi_label=multi_label)


def test_a_text_goes_on() -> None:
    folder = folder_of("text-generation")
    here, generate = load_here(folder, task="text-generation"), test_text_generation.generator_of(folder)
    for text in TEXTS[:3]:
        expected = generate(text, do_sample=False, max_new_tokens=12)
        assert ask(here, text, max_new_tokens=12).answer == expected


def test_masks_are_filled() -> None:
    folder = folder_of("fill-mask")
    here, fill = load_here(folder, task="fill-mask"), test_fill_mask.filler_of(folder)
    for text in TEXTS[:3]:
        masked = f"{text} {fill.tokenizer.mask_token} and {fill.tokenizer.mask_token}"
        assert ask(here, masked, top_k=7).answer == fill(masked, top_k=7)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_entities(strategy: str) -> None:
    both = test_token_classification.both(folder_of("ner"))
    for text in TEXTS:
        told = ask(both.loaded, text, aggregation_strategy=strategy)
        assert told.answer == test_token_classification.piped(both.run, text, aggregation_strategy=strategy)
    if strategy != "none":  # the pipeline's windows need a strategy
        told = ask(both.loaded, LONG, aggregation_strategy=strategy, stride=16)
        theirs = test_token_classification.piped(both.run, LONG, aggregation_strategy=strategy, stride=16)
        test_token_classification.assert_close(told.answer, theirs)


@pytest.mark.parametrize("options", test_question_answering.OPTIONS)
def test_question_answering_is_the_pipelines_of_transformers_4(options: dict[str, Any]) -> None:
    both = test_question_answering.both(folder_of("question-answering"))
    for text in TEXTS:
        test_question_answering.assert_equal(both, "Who says it?", text, **options)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    ("task", "key", "prefix"),
    [("summarization", "summary_text", "summarize: "), ("translation", "translation_text", "")],
)
def test_what_is_written_is_what_generate_writes(
    task: str, key: str, prefix: str, search: dict[str, Any]
) -> None:
    folder = folder_of(task)
    plain, here = Plain(folder), load_here(folder, task=task)
    for text in TEXTS:
        encoded = plain.tokenizer(
            prefix + text, truncation=True, max_length=here.tokenizer.limit, return_tensors="pt"
        )
        ids = plain.model.generate(
            input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"], **search
        )[0]
        told = ask(here, text, **search)
        assert told.answer == [{key: plain.decoded(ids)}]
        assert [token.id for token in told.view.tokens] == ids.tolist()
