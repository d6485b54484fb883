"""What may be given to `extend`."""

from __future__ import annotations

from array import array
from datetime import datetime, timezone

import numpy as np
import pytest
import torch

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.values.columns import float_column, step_column, time_column
from tidelog.values.encoding import UNNUMBERED_STEP


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.0, 3],
        (1.0, 2.0, 3.0),
        range(1, 4),
        array("d", [1, 2, 3]),
        array("f", [1, 2, 3]),
        np.array([1.0, 2.0, 3.0]),
        np.array([9, 1.0, 9, 2.0, 9, 3.0])[1::2],
        np.array([1, 2, 3], dtype=np.int32),
        np.array([1, 2, 3], dtype=np.float32),
        np.array([1, 2, 3], dtype=">f8"),
        torch.tensor([1.0, 2.0, 3.0], requires_grad=True),
        (np.float32(x) for x in (1, 2, 3)),
        [np.array([1.0]), torch.tensor(2), True + 2],
    ],
)
def test_lists_and_arrays_of_all_kinds_are_columns(values: object) -> None:
    """Sequences, generators, arrays of numpy (strided, foreign byte order) and torch give the same floats."""
    assert float_column(values) == array("d", [1, 2, 3])


@pytest.mark.parametrize("values", ["123", b"123", {"a": 1}, 5, None, ["a"], np.zeros((2, 2))])
def test_what_is_no_column_of_numbers_is_refused(values: object) -> None:
    """Text, dicts, single numbers and tables raise a TypeError."""
    with pytest.raises(UnsupportedTypeError):
        float_column(values)


def test_steps_are_given_for_every_value_or_for_none() -> None:
    """Without steps the server counts; with them there is one for each value."""
    assert step_column(None, 2) == array("q", [UNNUMBERED_STEP] * 2)
    assert step_column(range(3), 3) == array("q", [0, 1_000_000, 2_000_000])
    assert step_column(np.array([0.5, 1.5]), 2) == array("q", [500_000, 1_500_000])
    assert step_column([], 0) == array("q")
    with pytest.raises(InvalidValueError, match="3 values but 2 steps"):
        step_column([1, 2], 3)


@pytest.mark.parametrize("steps", [[1, 10**13], [0.5, float("nan")]])
def test_an_impossible_step_among_many_is_refused(steps: list[float]) -> None:
    """One step out of range refuses the column."""
    with pytest.raises(InvalidValueError, match="step"):
        step_column(steps, 2)


def test_timestamps_are_now_or_given() -> None:
    """Without timestamps all points have the present time."""
    assert time_column(None, 2, 7.5) == array("d", [7.5, 7.5])
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert time_column([1.5, moment], 2, 0.0) == array("d", [1.5, moment.timestamp()])
