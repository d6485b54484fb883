"""Plots that the server draws."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.pages.runs import a_run
from tidelog_server.pages.plots import ParallelAxis, Size, parallel_of, round_values, scatter_of

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, finite)
def test_ticks_are_round_and_inside(one: float, other: float) -> None:
    """However far the values reach, there are a few ticks, and all lie between them."""
    least, greatest = sorted((one, other))
    ticks = round_values(least, greatest)
    assert len(ticks) <= 30
    margin = (greatest / 2 - least / 2) * 1e-6 + abs(least) * 1e-12
    assert all(least - margin <= tick <= greatest + margin for tick in ticks)


def test_ticks_of_a_usual_range() -> None:
    """Multiples of 1, 2 or 5."""
    assert round_values(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert round_values(130, 870) == [200, 400, 600, 800]


@given(st.lists(st.tuples(finite | st.none() | st.just(math.nan) | st.text(max_size=3), finite), max_size=20))
def test_a_scatter_places_what_has_a_place(values: list[tuple[object, float]]) -> None:
    """Every pair of finite numbers is inside of the axes; the others are counted."""
    plot = scatter_of("x", "y", [(a_run(number + 1), x, y) for number, (x, y) in enumerate(values)], Size())
    assert len(plot.marks) + plot.missing == len(values)
    assert all(plot.left <= mark.x <= plot.right and plot.top <= mark.y <= plot.bottom for mark in plot.marks)


def test_parallel_coordinates_take_numbers_and_texts() -> None:
    """An axis of texts has a place for each; a run without a value leaves the axis out."""
    found = [(a_run(1), [0.1, "adam"]), (a_run(2), [0.2, "sgd"]), (a_run(3), [None, "adam"])]
    plot = parallel_of(["lr", "optimizer"], found, Size())
    assert [tick.text for tick in plot.axes[1].ticks] == ["adam", "sgd"]
    assert [len(line.points.split()) for line in plot.lines] == [2, 2, 1]
    assert plot.lines[0].points.split()[1] == plot.lines[2].points


def test_true_and_false_are_places_and_no_scale() -> None:
    """Nothing is between them."""
    plot = parallel_of(["flip", "lr"], [(a_run(1), [True, 1]), (a_run(2), [False, 2])], Size())
    assert [tick.text for tick in plot.axes[0].ticks] == ["false", "true"]
    scatter = scatter_of("flip", "lr", [(a_run(1), True, 1), (a_run(2), False, 2), (a_run(3), None, 3)], Size())
    assert [tick.text for tick in scatter.x_ticks] == ["false", "true"]


def test_long_names_of_axes_do_not_meet() -> None:
    """What has room is the end of a path, which says most; the whole name is one look away."""
    names = [f"training/model/checkpoints/that/are/long/epoch={number}/path" for number in range(6)]
    plot = parallel_of(names, [(a_run(1), [0.1] * 6)], Size(900, 300))
    for row in {axis.label_y for axis in plot.axes}:
        spans = [_span_of(axis) for axis in plot.axes if axis.label_y == row]
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(spans))
    assert [axis.name for axis in plot.axes] == names
    assert all(axis.label.startswith("…") and axis.label.endswith("/path") for axis in plot.axes)


def _span_of(axis: ParallelAxis) -> tuple[float, float]:
    """From where to where a name of letters of common width stands."""
    width = 7 * len(axis.label)
    start = axis.x - {"start": 0.0, "middle": width / 2, "end": width}[axis.anchor]
    return start, start + width
