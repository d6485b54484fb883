"""Joins by step and curves of groups, beside what one would do point by point."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidelog_server.series import pyramid
from tidelog_server.series.curves import curve_of
from tidelog_server.series.expressions import parse
from tidelog_server.series.groups import GROUP_COLUMNS, group_curve, on_axis, t_975
from tidelog_server.series.joins import bounded, curve_over, evaluated, over_metric
from tidelog_server.series.points import STEP_UNITS, Points

VALUES = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf]))
SERIES = st.dictionaries(st.integers(0, 60), VALUES, max_size=40)


def points(values: dict[int, float]) -> Points:
    """A series by its steps; each point was logged as many seconds after 1970 as its step says."""
    steps = np.array(sorted(values), np.int64)
    return Points(steps * STEP_UNITS, steps * 1000, np.array([values[int(step)] for step in steps], np.float64))


@given(SERIES, SERIES)
def test_an_expression_has_a_value_at_every_common_step(a: dict[int, float], b: dict[int, float]) -> None:
    """At no other step, and none is made up between two."""
    found = evaluated(parse("a - b"), [points(a), points(b)])
    common = sorted(a.keys() & b.keys())
    assert (found.steps // STEP_UNITS).tolist() == common
    np.testing.assert_array_equal(found.values, [a[step] - b[step] for step in common])


@given(SERIES, SERIES, st.integers(1, 7), st.integers(2, 12))
def test_bounds_of_long_series_contain_every_value(
    a: dict[int, float], b: dict[int, float], block: int, buckets: int
) -> None:
    """However the blocks of the two series lie to one another."""
    parts = [points(a), points(b)]
    exact = evaluated(parse("a * 2 - b"), parts)
    blocks = [
        pyramid.summarise(part, np.arange(0, len(part), size)) for part, size in zip(parts, (block, 3), strict=True)
    ]
    found = bounded(parse("a * 2 - b"), blocks, buckets)
    for step, value in zip(exact.steps, exact.values, strict=True):
        if math.isnan(value):
            continue
        place = int(np.searchsorted(found["step"], step, side="right")) - 1
        assert found["min"][place] - 1e-6 <= value <= found["max"][place] + 1e-6


@given(SERIES, SERIES, st.integers(1, 30))
def test_a_metric_as_x_axis_joins_by_step(x: dict[int, float], y: dict[int, float], buckets: int) -> None:
    """Ascending by x, with the exact extremes of y in every bucket."""
    places, joined = over_metric(points(x), points(y), None, None)
    expected = sorted((x[step], step) for step in x.keys() & y.keys() if math.isfinite(x[step]))
    assert places.tolist() == [place for place, _ in expected]
    np.testing.assert_array_equal(joined.values, [y[step] for _, step in expected])
    curve = curve_over(places, joined, buckets)
    columns = dict(zip(curve.names, curve.columns, strict=True))
    assert (np.diff(columns["x"]) >= 0).all()
    assert curve.points == len(expected)
    if "min" in columns and np.isfinite(joined.values).any():
        assert np.nanmin(columns["min"]) == np.nanmin(joined.values)


def test_the_window_of_a_metric_axis_is_in_its_values() -> None:
    """Both ends are included."""
    places, joined = over_metric(points({0: 0.1, 1: 0.2, 2: 0.3}), points({0: 5.0, 1: 6.0, 2: 7.0}), 0.2, 0.3)
    assert (places.tolist(), joined.values.tolist()) == ([0.2, 0.3], [6.0, 7.0])


@given(st.lists(SERIES, min_size=1, max_size=5))
def test_a_group_of_few_steps_has_each_of_them(runs: list[dict[int, float]]) -> None:
    """Mean over runs, extremes over runs, and how many there are, at each step."""
    steps = sorted(set().union(*runs))
    shared = [{step: run.get(step, math.nan) for step in steps} for run in runs]
    curve = group_curve([on_axis(points(run), "step") for run in shared], 100)
    assert curve.names == GROUP_COLUMNS
    columns = dict(zip(curve.names, curve.columns, strict=True))
    assert columns["step"].tolist() == steps
    for place, step in enumerate(steps):
        values = [run[step] for run in shared if math.isfinite(run[step])]
        assert columns["n"][place] == len(values)
        if values:
            assert columns["mean"][place] == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)
        real = [run[step] for run in shared if not math.isnan(run[step])]
        if real:
            assert (columns["min"][place], columns["max"][place]) == (min(real), max(real))


def test_the_band_of_a_group_is_students_interval() -> None:
    """Of three runs with 1, 2 and 3: 2 ± 4.3027 / sqrt(3); of one run there is none."""
    runs = [{0: 1.0, 1: 1.0}, {0: 2.0}, {0: 3.0}]
    curve = group_curve([on_axis(points(run), "step") for run in runs], 100)
    columns = dict(zip(curve.names, curve.columns, strict=True))
    assert columns["low"][0] == pytest.approx(2 - 4.3027 / math.sqrt(3), abs=1e-3)
    assert columns["high"][0] == pytest.approx(2 + 4.3027 / math.sqrt(3), abs=1e-3)
    assert math.isnan(columns["low"][1])


def test_students_percentiles() -> None:
    """From tables."""
    assert t_975(np.array([1, 5, 10, 30, 100, 10_000])).round(3).tolist() == [12.706, 2.571, 2.228, 2.042, 1.984, 1.96]
    assert math.isnan(t_975(np.array([0]))[0])


def test_runs_with_steps_of_their_own_share_buckets() -> None:
    """Otherwise each bucket would hold one run, and the mean would jump between them."""
    runs = [{step * 10 + number: float(number) for step in range(50)} for number in range(5)]
    curve = group_curve([on_axis(points(run), "step") for run in runs], 400)
    columns = dict(zip(curve.names, curve.columns, strict=True))
    assert np.median(columns["n"]) >= 4
    assert curve.points == 250


def test_groups_of_long_runs_keep_extremes() -> None:
    """A spike of one run is in the band of its group."""
    values = np.zeros(100_000)
    values[77_777] = 40.0
    long = Points(np.arange(100_000) * STEP_UNITS, np.arange(100_000), values)
    blocks = pyramid.fine_blocks(long)
    curve = group_curve([on_axis(blocks, "step"), on_axis(blocks, "step")], 200)
    columns = dict(zip(curve.names, curve.columns, strict=True))
    assert columns["max"].max() == 40.0
    assert curve.points == 200_000
    assert curve_of(blocks, "step", 200).points == 100_000
