"""What goes into a series comes out of it: the contract of the store, on every engine."""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tidelog_server.series import compaction, pyramid
from tidelog_server.series.charts import Window
from tidelog_server.series.curves import Curve

RUNS = itertools.count()

# A fixture that lasts for all examples is what we want: a store that already holds other runs.
PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 0.0, 1e9, 5e-324]),
)
STEPS = st.one_of(
    st.none(),
    st.integers(0, 40).map(float),
    st.integers(-50, 3_000).map(lambda step: step / 10),
    st.sampled_from([1e-6, 4e12, -4e12, 2.5]),
)
POINTS = st.lists(st.tuples(STEPS, VALUES), min_size=1, max_size=60)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("points"), POINTS),
        st.tuples(st.just("column"), st.integers(0, 5_000), st.integers(1, 3_000)),
        st.tuples(st.just("ship"), st.none()),
        st.tuples(st.just("ship twice"), st.none()),
        st.tuples(st.just("fold"), st.none()),
        st.tuples(st.just("forget"), st.none()),
        st.tuples(st.just("compact"), st.none()),
    ),
    max_size=14,
)


class Expected:
    """The rules in plain Python: last write wins per step; without a step, the one after the greatest."""

    def __init__(self) -> None:
        self.values: dict[int, float] = {}

    def add(self, step: float | None, value: float) -> None:
        following = max(self.values) + 1_000_000 if self.values else 0
        self.values[following if step is None else round(step * 1e6)] = value

    def arrays(self) -> tuple[list[int], list[float]]:
        steps = sorted(self.values)
        return steps, [self.values[step] for step in steps]


def bits(values: Any) -> list[bytes]:
    """Values as bytes, so that NaN equals itself and -0.0 differs from 0.0."""
    return [struct.pack("<d", value) for value in values]


def perform(store: Store, actions: list[tuple[Any, ...]]) -> tuple[int, Expected]:
    """Do all of it, ship the rest, and say what must have come of it."""
    sender, expected = store.sender(key=f"run-{next(RUNS)}"), Expected()
    for action, *details in actions:
        if action == "points":
            for step, value in details[0]:
                sender.journal.point("a", value, step)
                expected.add(step, value)
        elif action == "column":
            start, count = details
            points = [(float(step), math.sin(step) * 1000) for step in range(start, start + count)]
            sender.journal.column("a", points)
            for step, value in points:
                expected.add(step, value)
        elif action == "ship":
            sender.ship()
        elif action == "ship twice":
            before = sender.sent
            sender.ship()
            sender.sent = before
            sender.ship()
        elif action == "fold":
            store.folder.fold(sender.run_id)
        elif action == "forget":
            store.cache.drop(list(store.cache._batches))
        elif action == "compact":
            store.folder.fold(sender.run_id)
            assert compaction.compact(store.database, sender.run_id)
    sender.ship()
    return sender.run_id, expected


@PROPERTY
@given(actions=ACTIONS)
def test_last_write_wins_per_step_bit_for_bit(store: Store, actions: list[tuple[Any, ...]]) -> None:
    """Any mix of appends, re-sends, rewinds, folds and compactions reads back as last write wins, before a fold and
    after.
    """
    run_id, expected = perform(store, actions)
    steps, values = expected.arrays()
    for _ in ("partly folded", "folded"):
        points = store.points(run_id, "a", limit=1_000)
        if not steps:
            assert points is None
            continue
        assert points is not None
        assert points.steps.tolist() == steps
        assert bits(points.values) == bits(values)
        store.folder.fold(run_id)


@PROPERTY
@given(actions=ACTIONS)
def test_aggregates_equal_brute_force(store: Store, actions: list[tuple[Any, ...]]) -> None:
    """Count, last, minimum, maximum, mean and variance are those of the points that remain, whatever was
    overwritten.
    """
    run_id, expected = perform(store, actions)
    store.folder.fold(run_id)
    steps, values = expected.arrays()
    if not steps:
        assert "a" not in store.attributes(run_id)
        return
    aggregates = store.attributes(run_id)["a"].series
    assert aggregates is not None
    finite = np.array([value for value in values if math.isfinite(value)])
    assert aggregates.points == len(values)
    assert aggregates.last_step == steps[-1] / 1_000_000
    assert math.isnan(aggregates.last) if math.isnan(values[-1]) else aggregates.last == values[-1]
    assert (aggregates.min, aggregates.max) == ((finite.min(), finite.max()) if len(finite) else (None, None))
    if len(finite) and np.abs(finite).max() < 1e150:
        assert aggregates.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-9 * max(1, np.abs(finite).max()))
        assert aggregates.variance == pytest.approx(
            finite.var(), rel=1e-6, abs=1e-9 * max(1, np.abs(finite).max()) ** 2
        )


def check_buckets(curve: Curve, steps: np.ndarray, values: np.ndarray) -> None:
    """Every bucket's extremes, first and last equal brute force over the points from its step to the next bucket's."""
    columns = dict(zip(curve.names, curve.columns, strict=True))
    if "value" in columns:
        assert bits(columns["value"]) == bits(values)
        return
    starts = np.searchsorted(steps, np.rint(columns["step"] * 1e6).astype(np.int64))
    assert starts[0] == 0
    assert (np.diff(starts) > 0).all()
    for index, (start, stop) in enumerate(zip(starts, [*starts[1:], len(steps)], strict=True)):
        part = values[start:stop]
        assert bits([columns["first"][index], columns["last"][index]]) == bits([part[0], part[-1]])
        for name, reduce in (("min", np.fmin), ("max", np.fmax)):
            exact = reduce.reduce(part)
            assert columns[name][index] == exact or (math.isnan(exact) and math.isnan(columns[name][index]))


@pytest.mark.parametrize("buckets", [10, 100, 800])
@pytest.mark.parametrize("count", [50, 900, 12_000, 90_000])
@pytest.mark.parametrize("folded", [True, False])
def test_chart_extremes_are_exact(store: Store, count: int, buckets: int, folded: bool) -> None:
    """Minimum, maximum, first and last of every bucket are exact with NaN, infinities and single spikes, at each
    level.
    """
    random = np.random.default_rng(count * buckets)
    values = random.normal(size=count)
    values[random.integers(0, count, 5)] = [np.nan, np.inf, -np.inf, 1e9, -1e9]
    sender = store.sender()
    middle = count * 2 // 3
    sender.journal.column("a", enumerate(values[:middle].tolist()))
    sender.ship()
    store.folder.fold(sender.run_id)
    sender.journal.column("a", ((middle + i, value) for i, value in enumerate(values[middle:].tolist())))
    sender.ship()
    if folded:
        store.folder.fold(sender.run_id)
    curve = store.curve(sender.run_id, "a", buckets)
    assert curve.points == count
    assert curve.nonfinite == np.count_nonzero(~np.isfinite(values))
    check_buckets(curve, np.arange(count) * 1_000_000, values)


@PROPERTY
@given(actions=ACTIONS, buckets=st.integers(10, 60))
def test_chart_of_any_history_is_exact(store: Store, actions: list[tuple[Any, ...]], buckets: int) -> None:
    """The same after any history, folded in part."""
    run_id, expected = perform(store, actions)
    steps, values = expected.arrays()
    if steps:
        curve = store.curve(run_id, "a", buckets)
        assert curve.points == len(steps)
        check_buckets(curve, np.array(steps), np.array(values))


def test_zoom_reaches_the_points(store: Store) -> None:
    """A window of a long series holds every point in it; a little more at its edges at most."""
    sender = store.sender()
    values = np.random.default_rng(1).normal(size=100_000)
    sender.journal.column("a", enumerate(values.tolist()))
    sender.ship()
    store.folder.fold(sender.run_id)
    near = store.curve(sender.run_id, "a", 100, Window("step", 50_000 * 10**6, 50_150 * 10**6))
    assert near.names == ("step", "time", "value")
    assert bits(near.columns[2]) == bits(values[50_000:50_151])
    wide = store.curve(sender.run_id, "a", 100, Window("step", 20_000 * 10**6, 40_000 * 10**6))
    columns = dict(zip(wide.names, wide.columns, strict=True))
    assert 20_000 - pyramid.FINE_POINTS < columns["step"][0] <= 20_000
    assert columns["max"].max() >= values[20_000:40_001].max()


def test_time_window(store: Store) -> None:
    """A window of wall time shows the points logged in it."""
    sender = store.sender()
    for step in range(100):
        sender.journal.point("a", float(step), step, seconds=1_800_000_000 + step)
    sender.ship()
    for _ in ("in the log", "folded"):
        curve = store.curve(sender.run_id, "a", 100, Window("time", 1_800_000_010_000, 1_800_000_020_000))
        assert curve.columns[2].tolist() == [float(step) for step in range(10, 21)]
        store.folder.fold(sender.run_id)
