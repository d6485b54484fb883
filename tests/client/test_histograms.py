"""Histograms made of values, or of edges and counts."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tidelog
from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.journal.reading import ObjectPoint, Record
from tidelog.values.histograms import Histogram

Written = Callable[[], list[Record]]
NUMBERS = [0.0, 1.0, 1.5, 2.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS,
        np.array(NUMBERS),
        np.array([NUMBERS]),
        torch.tensor(NUMBERS),
        torch.tensor(NUMBERS, dtype=torch.bfloat16, requires_grad=True),
        [NUMBERS[:3], NUMBERS[3:]],
    ],
)
def test_values_are_counted(values: Any) -> None:
    """Of lists and of arrays of numpy and torch, of any shape; the greatest value is in the last bin."""
    histogram = Histogram(values, bins=4)
    assert list(histogram.edges) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert list(histogram.counts) == [1.0, 2.0, 2.0, 1.0]


@given(st.lists(st.floats(-1e300, 1e300) | st.sampled_from([math.nan, math.inf]), max_size=30), st.integers(1, 20))
def test_with_and_without_numpy(values: list[float], bins: int) -> None:
    """Both ways give the same edges, and nearly the same counts; every finite value is in a bin, nothing else is."""
    with_numpy = Histogram(values, bins)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "numpy")
        without = Histogram(values, bins)
    assert without.edges == with_numpy.edges
    assert sum(without.counts) == sum(with_numpy.counts) == sum(map(math.isfinite, values))


def test_one_value_again_and_again() -> None:
    """The edges are around it."""
    histogram = Histogram([5.0] * 3, bins=2)
    assert (histogram.edges[0], histogram.edges[-1], sum(histogram.counts)) == (4.5, 5.5, 3.0)


def test_given_edges() -> None:
    """As bins, or with counts; a value beyond them is in no bin."""
    assert list(Histogram([-1, 0, 1, 5], bins=[0, 1, 2]).counts) == [1.0, 1.0]
    assert list(Histogram(edges=np.array([0, 1, 2]), counts=torch.tensor([3, 4])).counts) == [3.0, 4.0]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"values": [1], "counts": [1]},
        {"edges": [0, 1]},
        {"counts": [1]},
        {"values": [1], "bins": 0},
        {"values": [1], "bins": 10_001},
        {"values": [1], "bins": [1, 0]},
        {"values": [1], "bins": [0, math.nan]},
        {"edges": [0, 1], "counts": [1, 2]},
        {"edges": [0, 1], "counts": [-1]},
        {"edges": [0, 1], "counts": [math.inf]},
    ],
)
def test_impossible_histograms_are_refused(arguments: dict[str, Any]) -> None:
    """Each raises a ValueError that says what a histogram is made of."""
    with pytest.raises(InvalidValueError):
        Histogram(**arguments)


@pytest.mark.parametrize("values", ["text", [object()], np.array([object()], dtype=object), {"a": 1}])
def test_what_is_no_numbers_is_refused(values: Any) -> None:
    """Each raises a TypeError."""
    with pytest.raises(UnsupportedTypeError):
        Histogram(values)


def test_a_histogram_is_a_point(run: tidelog.Run, written: Written) -> None:
    """Of a series of histograms, which takes nothing else."""
    run["grads"].append(Histogram([0.0, 1.0], bins=1), step=3, timestamp=5.0)
    point = written()[-1]
    assert isinstance(point, ObjectPoint)
    assert point[1:3] == (3_000_000, 5.0)
    assert point.value == b"h" + struct.pack("<I3d", 1, 0.0, 1.0, 2.0)
    with pytest.raises(tidelog.KindConflictError, match="is a histogram series in this run and cannot become a float"):
        run["grads"].append(0.5)
