"""The maths: every docstring's worked example, and what must hold for any row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tui.engine.rows import probability

ROWS = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e4, 1e4))


@settings(deadline=None)
@given(ROWS)
def test_softmax_is_a_distribution_and_agrees_with_its_logarithm(row: probability.Floats) -> None:
    probabilities = probability.softmax(row)
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(np.exp(probability.log_softmax(row)), probabilities, atol=1e-15)
    assert probabilities[row.argmax()] == probabilities.max()


@settings(deadline=None)
@given(ROWS, st.floats(-1e3, 1e3))
def test_softmax_ignores_a_common_offset(row: probability.Floats, offset: float) -> None:
    assert np.allclose(probability.softmax(row + offset), probability.softmax(row), atol=1e-9)


@settings(deadline=None)
@given(ROWS)
def test_entropy_lies_between_none_and_uniform(row: probability.Floats) -> None:
    bits = probability.entropy_bits(probability.log_softmax(row))
    assert -1e-12 <= bits <= math.log2(len(row)) + 1e-9


@settings(deadline=None)
@given(ROWS)
def test_sigmoid_of_two_labels_is_softmax_of_their_difference(row: probability.Floats) -> None:
    assert np.allclose(
        probability.sigmoid(row), [probability.softmax(np.array([0.0, z]))[1] for z in row], atol=1e-12
    )


@settings(deadline=None)
@given(ROWS)
def test_ranking_is_by_score_then_index(row: probability.Floats) -> None:
    expected = sorted(range(len(row)), key=lambda index: (-row[index], index))
    assert probability.ranking(row).tolist() == expected


@settings(deadline=None)
@given(
    arrays(
        np.float64, st.integers(1, 30), elements=st.sampled_from([math.nan, math.inf, -1.0, 0.0, 0.5, 2.0])
    ),
    st.integers(-2, 32),
    st.integers(0, 32),
)
def test_parts_of_the_ranking_need_no_sorting(row: probability.Floats, start: int, count: int) -> None:
    everything = probability.ranking(row).tolist()
    first = max(0, start)
    assert probability.ranked(row, start, count).tolist() == everything[first : max(first, start + count)]
    assert [probability.rank_of(row, index) for index in everything] == list(range(len(row)))


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_a_temperature_that_divides_nothing_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        probability.scale(np.zeros(2), temperature)


def test_broken_rows_stay_broken_and_do_not_raise() -> None:
    for row in ([math.nan, 1.0], [math.inf, 1.0], [-math.inf, -math.inf]):
        assert np.isnan(probability.softmax(np.array(row))).any()
        assert math.isnan(probability.entropy_bits(probability.log_softmax(np.array(row))))
    assert probability.sigmoid(np.array([-1e9, 1e9])).tolist() == [0.0, 1.0]
