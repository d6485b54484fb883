"""Curves of many series are what each would be alone: exact extremes, counts, gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidelog_server.series import curves, pyramid
from tidelog_server.series.curves import Axis, Curve, curve_of, curves_of
from tidelog_server.series.points import STEP_UNITS, Points

BUCKETS = 10


def series(values: list[float], *, stride: int = 1, times_back: bool = False) -> Points:
    """Points at even steps; their times may go back."""
    steps = stride * STEP_UNITS * np.arange(len(values), dtype=np.int64)
    times = np.arange(len(values), dtype=np.int64) * (-7 if times_back else 7) % 1000
    return Points(steps, times, np.array(values, np.float64))


VALUES = st.floats(width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
ANY = st.builds(series, st.lists(VALUES, max_size=60), stride=st.integers(1, 5), times_back=st.booleans())
LONG = st.builds(series, st.lists(VALUES, min_size=2 * BUCKETS + 1, max_size=60), stride=st.integers(1, 5))


def columns(curve: Curve) -> dict[str, list[float]]:
    """The columns of a curve by name."""
    return {name: column.tolist() for name, column in zip(curve.names, curve.columns, strict=True)}


@settings(deadline=None)
@given(st.lists(st.tuples(ANY, st.sampled_from(["step", "time"]), st.booleans()), max_size=8), st.integers(1, 200))
def test_many_are_what_each_is_alone(parts: list[tuple[Points, Axis, bool]], at_once: int) -> None:
    """Whatever is worked on together."""
    stretches = [pyramid.summarise(part, np.arange(len(part))) if as_blocks else part for part, _, as_blocks in parts]
    axes = [axis for _, axis, _ in parts]
    alone = [curve_of(stretch, axis, BUCKETS) for stretch, axis in zip(stretches, axes, strict=True)]
    usual, curves.AT_ONCE = curves.AT_ONCE, at_once
    try:
        together = curves_of(stretches, axes, BUCKETS)
    finally:
        curves.AT_ONCE = usual
    for one, other in zip(alone, together, strict=True):
        assert (one.points, one.nonfinite, one.names) == (other.points, other.nonfinite, other.names)
        np.testing.assert_equal(columns(one), columns(other))


@settings(deadline=None)
@given(st.lists(LONG, min_size=1, max_size=6))
def test_nothing_is_lost_among_many(parts: list[Points]) -> None:
    """Least, greatest and count of each series are those of its points; no more buckets than were asked for."""
    for part, curve in zip(parts, curves_of(parts, ["step"] * len(parts), BUCKETS), strict=True):
        found = columns(curve)
        assert curve.points == len(part)
        assert curve.nonfinite == np.count_nonzero(~np.isfinite(part.values))
        assert len(found["step"]) <= BUCKETS
        # Of zeros with different signs either one is the least: adding zero takes the sign away.
        np.testing.assert_equal(np.fmin.reduce(found["min"]) + 0.0, np.fmin.reduce(part.values) + 0.0)
        np.testing.assert_equal(np.fmax.reduce(found["max"]) + 0.0, np.fmax.reduce(part.values) + 0.0)


def test_runs_that_logged_at_the_same_steps_share_them() -> None:
    """So that an answer has them once; with the same ends, but other steps between, they are others."""
    for count in (2 * BUCKETS, 6 * BUCKETS):
        same = [series([1.0] * count), series([2.0] * count)]
        other = series([3.0] * count)
        other.steps[BUCKETS] += 1
        first, second, third = (curve.columns[0] for curve in curves_of([*same, other], ["step"] * 3, BUCKETS))
        assert first is second
        assert third is not first
        assert third.tolist() == curve_of(other, "step", BUCKETS).columns[0].tolist()


def test_steps_over_time_are_those_of_each() -> None:
    """Though times are the same."""
    fast, slow = series([1.0] * 60), series([1.0] * 60, stride=3)
    of_fast, of_slow, over_steps = curves_of([fast, slow, fast], ["time", "time", "step"], BUCKETS)
    assert columns(of_slow)["step"] == [3 * step for step in columns(of_fast)["step"]]
    assert columns(over_steps) == columns(curve_of(fast, "step", BUCKETS))


def test_only_the_columns_that_are_wanted() -> None:
    """Of points and of buckets."""
    few, many = series([1.0, 2.0]), series([1.0] * 100)
    first, second = curves_of([few, many], ["step", "step"], BUCKETS, only={"step", "value", "min", "max"})
    assert first.names == ("step", "value")
    assert second.names == ("step", "min", "max")


def test_buckets_of_places_as_far_apart_as_numbers_go() -> None:
    """The x axis may be a metric."""
    places = np.array([-1.7e308, 0.0, 5e-324, 1.7e308])
    assert pyramid.bucket_starts(places, 2).tolist() == [0, 1]
    assert pyramid.bucket_starts(np.array([3.0, 3.0, 3.0]), 5).tolist() == [0]
    assert pyramid.bucket_starts(np.empty(0), 5).tolist() == []
