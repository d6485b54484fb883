"""What may be logged, and as what."""

from __future__ import annotations

import argparse
import math
import struct
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.values import UNNUMBERED_STEP, as_float, as_seconds, as_step, encode_value, flatten


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (True, 1.0),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7.0),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.array([[2.5]]), 2.5),
        (torch.tensor(1.5), 1.5),
        (torch.tensor([1.5], requires_grad=True), 1.5),
        (torch.tensor(1.5, dtype=torch.bfloat16), 1.5),
        (math.inf, math.inf),
    ],
)
def test_numbers_of_all_kinds_are_points(value: object, number: float) -> None:
    """Whatever holds one number is a point: of Python, numpy and torch, as a scalar or an array of one element."""
    assert as_float(value) == number


def test_nan_is_a_point() -> None:
    """NaN is a value like any other."""
    assert math.isnan(as_float(torch.tensor(math.nan)))


@pytest.mark.parametrize("value", ["0.5", b"1", None, [1.0], {}, 1j, np.zeros(2), torch.zeros(2), object()])
def test_what_is_no_number_is_no_point(value: object) -> None:
    """Anything else raises a TypeError that names the value and what is accepted."""
    with pytest.raises(UnsupportedTypeError, match="a point is a number") as caught:
        as_float(value)
    assert isinstance(caught.value, TypeError)
    assert type(value).__name__ in str(caught.value)


def test_a_number_too_large_for_a_float_is_refused() -> None:
    """An int beyond 64-bit floats raises a ValueError."""
    with pytest.raises(InvalidValueError, match="too large"):
        as_float(10**400)


@pytest.mark.parametrize(
    ("step", "micros"),
    [
        (None, UNNUMBERED_STEP),
        (3, 3_000_000),
        (-2, -2_000_000),
        (0.1, 100_000),
        (1.0000004, 1_000_000),
        (Decimal("4000000000000"), 4 * 10**18),
        (np.int32(5), 5_000_000),
        (np.float64(0.5), 500_000),
        (torch.tensor(9), 9_000_000),
    ],
)
def test_steps_are_kept_in_millionths(step: object, micros: int) -> None:
    """A step is a number with six decimals; further ones are rounded."""
    assert as_step(step) == micros


@pytest.mark.parametrize("step", [math.nan, math.inf, Decimal("NaN"), 4_000_000_000_001, -(10**30), 1e300])
def test_impossible_steps_are_refused(step: object) -> None:
    """NaN, infinities and steps that 64 bits cannot hold raise a ValueError."""
    with pytest.raises(InvalidValueError, match="a step is an int, a float or a Decimal"):
        as_step(step)


@pytest.mark.parametrize("step", ["3", True, [3], np.bool_(True), 1j])
def test_what_is_no_number_is_no_step(step: object) -> None:
    """Other types raise a TypeError; a bool is a mistake."""
    with pytest.raises(UnsupportedTypeError, match="is not a step"):
        as_step(step)


@given(st.integers(-(4 * 10**18), 4 * 10**18))
def test_every_step_of_six_decimals_is_exact(micros: int) -> None:
    """A Decimal with six places arrives exactly."""
    assert as_step(Decimal(micros).scaleb(-6)) == micros


def test_timestamps_are_seconds_or_datetimes() -> None:
    """A datetime with a zone is that moment; one without is local time, as datetime has it."""
    moment = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert as_seconds(moment) == moment.timestamp()
    assert as_seconds(datetime(2026, 1, 2)) == datetime(2026, 1, 2).timestamp()
    assert as_seconds(5) == 5.0


@pytest.mark.parametrize("timestamp", [math.nan, -1, 1e12, math.inf])
def test_impossible_timestamps_are_refused(timestamp: float) -> None:
    """A time that is not between 1970 and the year 10000 raises a ValueError."""
    with pytest.raises(InvalidValueError, match="between the years 1970 and 10000"):
        as_seconds(timestamp)


@pytest.mark.parametrize("timestamp", ["2026-01-01", True, None])
def test_what_is_no_time_is_no_timestamp(timestamp: object) -> None:
    """Other types raise a TypeError."""
    with pytest.raises(UnsupportedTypeError, match="is not a timestamp"):
        as_seconds(timestamp)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (True, b"b\x01"),
        (np.bool_(False), b"b\x00"),
        (-3, b"i" + struct.pack("<q", -3)),
        (np.int8(4), b"i" + struct.pack("<q", 4)),
        (0.25, b"f" + struct.pack("<d", 0.25)),
        (torch.tensor(0.25), b"f" + struct.pack("<d", 0.25)),
        ("tiefe ü", b"s" + "tiefe ü".encode()),
        ("", b"s"),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc), b"d" + struct.pack("<q", 1000)),
        ({"b", "ä", "a"}, 'S["a", "b", "ä"]'.encode()),
        (frozenset(), b"S[]"),
    ],
)
def test_a_value_is_recorded_with_its_type(value: object, encoded: bytes) -> None:
    """Each type has its letter, and numpy and torch scalars count as what they hold."""
    assert encode_value("a", value) == encoded


@pytest.mark.parametrize("value", [None, [1], (1,), b"x", 1j, object(), np.zeros(3), {1, 2}])
def test_a_value_of_another_type_is_refused_with_what_is_accepted(value: object) -> None:
    """The error names the path and the value."""
    with pytest.raises(UnsupportedTypeError, match="'a/b' cannot be"):
        encode_value("a/b", value)


def test_values_out_of_range_are_refused() -> None:
    """An int has 64 bits, a text 16 MiB."""
    with pytest.raises(InvalidValueError, match="an int has 64 bits"):
        encode_value("a", 2**63)
    with pytest.raises(InvalidValueError, match="16,777,216 are accepted"):
        encode_value("a", "x" * (16 * 1024 * 1024 + 1))


def test_dicts_are_flattened() -> None:
    """Nested dicts and argparse namespaces become paths; keys may be int."""
    nested = {"lr": 0.1, "opt": {"name": "adam", 1: True}, "args": argparse.Namespace(seed=3), "none": {}}
    assert dict(flatten("p", nested)) == {"p/lr": 0.1, "p/opt/name": "adam", "p/opt/1": True, "p/args/seed": 3}
    with pytest.raises(UnsupportedTypeError, match="keys are str or int"):
        list(flatten("p", {(1, 2): 3}))
