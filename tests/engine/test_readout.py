"""Logits to probabilities: the pipeline's rules, every column of a row, and rows that are broken."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from transformers import DistilBertConfig

from tui.engine import readout
from tui.engine.errors import EngineError
from tui.protocol import Function, Readout, ReadoutSettings

LABELS = tuple(f"label {index}" for index in range(8))


def config(**settings: Any) -> DistilBertConfig:
    return DistilBertConfig(**settings)


def read(
    logits: list[float], function: Function = "softmax", settings: ReadoutSettings | None = None
) -> Readout:
    return readout.read_out(
        1, np.array(logits), LABELS[: len(logits)], settings or ReadoutSettings(), function, "because"
    )


@pytest.mark.parametrize(
    ("labels", "problem_type", "function"),
    [
        (1, None, "sigmoid"),
        (2, None, "softmax"),
        (1, "regression", "none"),
        (3, "regression", "none"),
        (3, "multi_label_classification", "sigmoid"),
        (2, "single_label_classification", "softmax"),
    ],
)
def test_the_pipelines_rules(labels: int, problem_type: str | None, function: str) -> None:
    chosen, reason = readout.pipeline_function(config(num_labels=labels, problem_type=problem_type))
    assert chosen == function
    assert (problem_type or "label") in reason or "one label" in reason


def test_softmax_columns_follow_their_formula() -> None:
    reading = read([1.6123, -1.5607, 0.25], settings=ReadoutSettings(temperature=0.5))
    assert [row.index for row in reading.rows] == [0, 2, 1]
    assert reading.maximum == 1.6123 / 0.5
    for row in reading.rows:
        assert row.label == LABELS[row.index]
        assert row.scaled == row.logit / 0.5
        assert row.shifted == row.scaled - reading.maximum
        assert row.exponential == pytest.approx(math.exp(row.shifted), rel=1e-15)
        assert row.probability == pytest.approx(row.exponential / reading.sum_exponentials, rel=1e-15)
    probabilities = [row.probability for row in reading.rows if row.probability is not None]
    assert sum(probabilities) == pytest.approx(1.0, abs=1e-15)
    entropy = -sum(probability * math.log2(probability) for probability in probabilities)
    assert reading.entropy_bits == pytest.approx(entropy, rel=1e-12)
    assert (reading.total, reading.tail) == (3, 0.0)


def test_sigmoid_columns_follow_their_formula() -> None:
    reading = read([-2.0, 3.0], "sigmoid", ReadoutSettings(temperature=2.0))
    assert [row.index for row in reading.rows] == [1, 0]
    for row in reading.rows:
        assert (row.scaled, row.shifted) == (row.logit / 2.0, -row.logit / 2.0)
        assert row.exponential == pytest.approx(math.exp(row.shifted), rel=1e-15)
        assert row.probability == pytest.approx(1.0 / (1.0 + row.exponential), rel=1e-15)
    assert (reading.tail, reading.entropy_bits) == (None, None)


def test_a_regression_has_no_probability() -> None:
    reading = read([-2.5, 4.0], "none")
    assert [(row.index, row.scaled, row.probability) for row in reading.rows] == [
        (1, 4.0, None),
        (0, -2.5, None),
    ]
    assert (reading.tail, reading.entropy_bits) == (None, None)


def test_rows_that_are_not_shown_are_counted_and_weighed() -> None:
    everything = read([0.0, 2.0, 1.0, -1.0, 2.0])
    reading = read([0.0, 2.0, 1.0, -1.0, 2.0], settings=ReadoutSettings(top=2))
    assert [row.index for row in reading.rows] == [1, 4]
    assert reading.total == 5
    hidden = [row.probability or 0.0 for row in everything.rows[2:]]
    assert reading.tail == pytest.approx(sum(hidden), rel=1e-12)
    assert read([1.0, 2.0], settings=ReadoutSettings(top=-1)).rows == ()


def test_broken_logits_are_shown_as_they_are() -> None:
    reading = read([1.0, math.nan, 3.0])
    assert [row.index for row in reading.rows] == [2, 0, 1]
    assert all(math.isnan(row.probability or 0.0) for row in reading.rows)
    assert math.isnan(reading.rows[-1].logit)
    endless = read([math.inf, 0.0])
    assert endless.rows[0].logit == math.inf
    assert math.isnan(endless.rows[0].probability or 0.0)
    far = read([-1e5, 1e5], "sigmoid")
    assert [row.probability for row in far.rows] == [1.0, 0.0]
    answer = readout.pipeline_answer(np.array([1.0, math.nan], dtype=np.float32), LABELS, "softmax")
    assert math.isnan(answer[0].score)


@pytest.mark.parametrize("temperature", [0.0, -0.1, math.nan, math.inf])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(EngineError, match="temperature"):
        read([1.0, 2.0], settings=ReadoutSettings(temperature=temperature))
