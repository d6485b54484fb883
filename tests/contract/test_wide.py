"""Very many series that get a few points each, which the fold takes all at once, on every engine."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tests.contract.test_series import Expected, bits
from tidelog_server.series import codec, compaction, statistics
from tidelog_server.series.points import Points, offsets_of

RUNS = itertools.count()
PATHS = [f"layer/{number}" for number in range(12)]
PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

VALUES = st.sampled_from([0.0, -0.0, 1.5, -2.5, math.nan, math.inf, -math.inf, 1e300, 5e-324])
STEPS = st.one_of(st.none(), st.integers(0, 200).map(float))
MANY = st.lists(st.sampled_from(PATHS), min_size=1, max_size=12)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("points"), MANY, st.lists(st.tuples(STEPS, VALUES), min_size=1, max_size=8)),
        st.tuples(st.just("ascending"), MANY, st.integers(1, 70)),
        st.tuples(st.just("assign"), MANY, st.none()),
        st.tuples(st.just("delete"), st.sampled_from(PATHS), st.none()),
        st.tuples(st.just("fold"), st.none(), st.none()),
        st.tuples(st.just("compact"), st.none(), st.none()),
    ),
    max_size=16,
)


@PROPERTY
@given(actions=ACTIONS)
def test_many_series_grow_like_one(store: Store, actions: list[tuple[Any, ...]]) -> None:
    """Whatever mix of series a fold holds, each reads back bit for bit, and has the aggregates of its points."""
    sender, expected = store.sender(key=f"wide-{next(RUNS)}"), {path: Expected() for path in PATHS}
    greatest = 300.0
    for action, paths, detail in actions:
        if action == "points":
            for path, (step, value) in itertools.product(paths, detail):
                sender.journal.point(path, value, step)
                expected[path].add(step, value)
        elif action == "ascending":
            for path, number in itertools.product(dict.fromkeys(paths), range(detail)):
                sender.journal.point(path, number / 7, greatest + number)
                expected[path].add(greatest + number, number / 7)
            greatest += detail
        elif action == "assign":
            sender.journal.assign(paths[0], b"stext")
        elif action == "delete":
            sender.journal.delete(paths)
            expected[paths] = Expected()
        else:
            sender.ship()
            store.folder.fold(sender.run_id)
            if action == "compact":
                assert compaction.compact(store.database, sender.run_id)
    sender.ship()
    for _ in ("partly folded", "folded"):
        for path in PATHS:
            steps, values = expected[path].arrays()
            points = store.points(sender.run_id, path)
            assert (points is None) == (not steps)
            if points is not None:
                assert points.steps.tolist() == steps
                assert bits(points.values) == bits(values)
        store.folder.fold(sender.run_id)
    attributes = store.attributes(sender.run_id)
    for path in PATHS:
        _, values = expected[path].arrays()
        if values:
            aggregates = attributes[path].series
            assert aggregates is not None
            finite = [value for value in values if math.isfinite(value)]
            assert aggregates.points == len(values)
            assert aggregates.last == pytest.approx(values[-1], rel=0, abs=0, nan_ok=True)
            assert (aggregates.min, aggregates.max) == ((min(finite), max(finite)) if finite else (None, None))


def test_few_chunks_are_rewritten(store: Store) -> None:
    """A series that grows by a few points at a time has one chunk and one stub behind it at the most."""
    sender = store.sender()
    for start in range(0, 900, 30):
        sender.journal.column("a", ((float(step), float(step)) for step in range(start, start + 30)))
        sender.ship()
        store.folder.fold(sender.run_id)
        with store.database.read() as connection:
            sizes = list(connection.exec_driver_sql("SELECT points FROM chunks ORDER BY step_min").scalars())
        assert sum(sizes) == start + 30
        assert len(sizes) <= 2
        assert len(sizes) == 1 or sizes[1] < 64 <= sizes[0]


@given(st.lists(st.lists(st.tuples(st.integers(-(2**40), 2**40), VALUES), min_size=1, max_size=80), max_size=10))
def test_plain_chunks_by_the_dozen_are_those_one_by_one(series: list[list[tuple[int, float]]]) -> None:
    """`encode_plain` gives what `encode` does for short stretches, and `decode_each` undoes both."""
    parts = [sorted(dict(points).items()) for points in series]
    lengths = [len(part) for part in parts]
    flat = list(itertools.chain.from_iterable(parts))
    steps = np.array([step for step, _ in flat], np.int64)
    points = Points(steps, steps * 3, np.array([value for _, value in flat], np.float64))
    offsets = offsets_of(np.array(lengths, np.int64))
    alone = [codec.encode(points[int(a) : int(b)]) for a, b in itertools.pairwise(offsets)]
    many = codec.encode_plain(points, offsets)
    short = [index for index, length in enumerate(lengths) if length < codec.PLAIN_POINTS[codec.FOLD_LEVEL]]
    assert [many[index] for index in short] == [alone[index] for index in short]
    decoded, found = codec.decode_each(alone)
    assert found.tolist() == offsets.tolist()
    assert (decoded.steps == points.steps).all()
    assert (decoded.times == points.times).all()
    assert bits(decoded.values) == bits(points.values)


@pytest.mark.parametrize("seed", range(5))
def test_statistics_of_many_are_those_one_by_one(seed: int) -> None:
    """Of stretches with NaN and infinities, and merged."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 6, 40)
    offsets = offsets_of(lengths)
    values = random.choice([1.0, 2.5, -3.0, math.nan, math.inf], int(offsets[-1]))
    many = statistics.statistics_of_each(values, offsets)
    alone = [statistics.statistics_of(values[int(a) : int(b)]) for a, b in itertools.pairwise(offsets)]
    merged = many[:20].copy()
    statistics.merge_each(merged, many[20:])
    both = [first.merged_with(second) for first, second in zip(alone[:20], alone[20:], strict=True)]
    for found, one in zip([*many.tolist(), *merged.tolist()], [*alone, *both], strict=True):
        assert found[0] == one.finite
        if one.finite:
            assert found[1:] == pytest.approx((one.min, one.max, one.mean, one.m2))
