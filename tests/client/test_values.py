"""What may be logged, and as what."""

from __future__ import annotations

import argparse
import math
import struct
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.values.encoding import UNNUMBERED_STEP, as_float, as_seconds, as_step, encode_value
from tidelog.values.leaves import flatten, stringify_unsupported


class Optimizer(Enum):
    """An enumeration like those in configurations."""

    ADAM = "adam"


class Level(IntEnum):
    """An enumeration of numbers, which are numbers."""

    HIGH = 3


@dataclass
class Model:
    """A configuration as a dataclass."""

    width: int = 64
    schedule: dict[str, float] = field(default_factory=lambda: {"warmup": 0.1})


class Shape(NamedTuple):
    """A configuration as a named tuple."""

    rows: int
    columns: int


class Hostile:
    """A value whose texts cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


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
        (None, b"sNone"),
        (Path("/data/x"), b"s/data/x"),
        (date(1970, 1, 2), b"d" + struct.pack("<q", 86_400_000)),
        (np.datetime64("1970-01-02T00:00:00.001"), b"d" + struct.pack("<q", 86_400_001)),
        (pandas.Timestamp(86_400_000, unit="ms", tz="UTC"), b"d" + struct.pack("<q", 86_400_000)),
        (Decimal("0.25"), b"f" + struct.pack("<d", 0.25)),
        (Fraction(1, 4), b"f" + struct.pack("<d", 0.25)),
        (Optimizer.ADAM, b"sADAM"),
        (Level.HIGH, b"i" + struct.pack("<q", 3)),
        (np.str_("text"), b"stext"),
        ([64, 0.5, "a", None, True, [np.int64(1)], {"k": Path("p")}], b's[64, 0.5, "a", null, true, [1], {"k": "p"}]'),
        ((), b"s[]"),
    ],
)
def test_a_value_is_recorded_with_its_type(value: object, encoded: bytes) -> None:
    """Each type has its letter, and numpy and torch scalars count as what they hold."""
    assert encode_value("a", value) == encoded


@pytest.mark.parametrize("value", [b"x", 1j, object(), np.zeros(3), torch.zeros(3), {1, 2}, int, math.sin])
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


def test_configurations_are_flattened() -> None:
    """Dataclasses, named tuples and OmegaConf, interpolations filled in, become paths; lists stay values."""
    config = OmegaConf.create({"lr": 0.1, "twice": "${lr}", "layers": [1, 2], "deep": {"x": None}})
    nested = {"model": Model(), "shape": Shape(2, 3), "config": config}
    assert dict(flatten("p", nested)) == {
        "p/model/width": 64, "p/model/schedule/warmup": 0.1, "p/shape/rows": 2, "p/shape/columns": 3,
        "p/config/lr": 0.1, "p/config/twice": 0.1, "p/config/layers": [1, 2], "p/config/deep/x": None,
    }  # fmt: skip


def test_a_configuration_that_cannot_be_resolved_is_refused() -> None:
    """An interpolation that leads nowhere raises at the call and names the path."""
    with pytest.raises(InvalidValueError, match="configuration for 'p'"):
        list(flatten("p", OmegaConf.create({"x": "${nowhere}"})))


def test_a_structure_that_holds_itself_is_refused() -> None:
    """Dicts and lists in themselves raise, and do not hang."""
    nested: dict[str, Any] = {}
    nested["x"] = nested
    with pytest.raises(UnsupportedTypeError, match="does it hold itself"):
        list(flatten("p", nested))
    items: list[Any] = []
    items.append(items)
    with pytest.raises(UnsupportedTypeError, match="does it hold itself"):
        encode_value("p", items)


def test_a_hostile_value_is_refused_all_the_same() -> None:
    """A value whose repr raises is named by its type."""
    with pytest.raises(UnsupportedTypeError, match=r"repr failed: RuntimeError.*\(Hostile\)"):
        encode_value("a", Hostile())


def test_arrays_of_objects_are_refused_with_what_to_do() -> None:
    """An object array is no value and no point; the error names the path and a way out."""
    strange = np.array([object(), "x"], dtype=object)
    with pytest.raises(UnsupportedTypeError, match="stringify_unsupported"):
        encode_value("a", strange)
    with pytest.raises(UnsupportedTypeError, match="a point is a number"):
        as_float(strange)


def test_stringify_unsupported_takes_everything() -> None:
    """What can be recorded stays; all else becomes text, keys too; nothing raises."""
    strange = object()
    nested = {"lr": 0.1, "layer": strange, "model": Model(), 3: [1, strange], (1, 2): b"x", "no": Hostile()}
    found = stringify_unsupported(nested)
    assert found == {
        "lr": 0.1, "layer": str(strange), "model": {"width": 64, "schedule": {"warmup": 0.1}},
        3: str([1, strange]), "(1, 2)": "b'x'", "no": "<Hostile without a text: RuntimeError>",
    }  # fmt: skip
    for path, leaf in flatten("p", found):
        encode_value(path, leaf)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_stringified_values_can_be_recorded(value: Any) -> None:
    """Whatever is nested in a value, after stringify_unsupported each leaf is recorded."""
    for path, leaf in flatten("p", stringify_unsupported(value)):
        encode_value(path, leaf)
