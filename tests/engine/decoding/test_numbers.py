"""What a row of logits says, held against plain float64 arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.engine.decoding.numbers import Meter, kept
from tui.engine.rows import probability

_LOGITS = st.floats(-80, 80, width=32) | st.sampled_from([0.0, 1.0, 2.5, -math.inf])
_ROWS = st.lists(_LOGITS, min_size=1, max_size=40).filter(lambda row: max(row) > -math.inf)


@settings(max_examples=300, deadline=None)
@given(_ROWS, st.data())
def test_every_number_of_a_row(row: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(row) - 1))
    count = data.draw(st.integers(0, len(row) + 3))
    meter, tensor = Meter(), torch.tensor(row, dtype=torch.float32)
    found = meter.numbers(tensor, index, count)
    logits = np.array(row, dtype=np.float64)
    log_probabilities = probability.log_softmax(logits)
    order = sorted(range(len(row)), key=lambda each: (-row[each], each))
    assert found.log_probability == pytest.approx(log_probabilities[index], abs=1e-12)
    assert found.rank == order.index(index) + 1
    assert found.entropy_bits == pytest.approx(probability.entropy_bits(log_probabilities), abs=1e-9)
    assert [each for each, _ in found.top] == order[:count]
    assert [each for _, each in found.top] == pytest.approx(
        np.exp(log_probabilities[order[:count]]), abs=1e-12
    )
    assert meter.numbers(tensor, None, count).id == int(tensor.argmax()) == order[0]
    # Another row in the same memory changes nothing.
    meter.numbers(tensor.flip(0), 0, count)
    assert meter.numbers(tensor, index, count) == found


@settings(max_examples=100, deadline=None)
@given(_ROWS, st.data())
def test_what_is_kept(row: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(row) - 1))
    log_probability, count = kept(torch.tensor(row, dtype=torch.float32), index)
    assert count == sum(each > -math.inf for each in row)
    expected = probability.log_softmax(np.array(row, dtype=np.float64))[index]
    assert log_probability == pytest.approx(expected, abs=1e-12)


def test_rows_that_say_nothing() -> None:
    nan, beyond = torch.tensor([0.0, math.nan, 1.0]), torch.tensor([0.0, 1.0])
    assert Meter().numbers(nan, 2, 2).top == ()
    assert Meter().numbers(nan, 2, 2).log_probability is None
    assert kept(nan, 0) == (None, None)
    assert Meter().numbers(nan, None, 2).id == 1
    tied = torch.zeros(100)
    assert [Meter().numbers(tied, None, count).id for count in (0, 1, 50, 100)] == [0] * 4
    found = Meter().numbers(beyond, 7, 1)
    assert (found.id, found.log_probability, found.rank) == (7, None, None)
    assert found.entropy_bits == pytest.approx(0.8399, abs=1e-4)
    assert kept(beyond, 7) == (None, 2)
