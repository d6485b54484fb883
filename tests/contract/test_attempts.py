"""A resumed run that logs earlier steps again: the tail that it abandons stays, beside the curve, on every engine."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tests.contract.test_series import bits, check_buckets
from tests.journals import Sender
from tidelog_server.series import compaction

RUNS = itertools.count()
PATHS = ("a", "b")
PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

STEPS = st.one_of(st.none(), st.integers(0, 30).map(float))
POINTS = st.lists(st.tuples(STEPS, st.sampled_from([0.5, -1.0, math.nan, math.inf])), min_size=1, max_size=12)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("points"), st.integers(0, 5), st.sampled_from(PATHS), POINTS),
        st.tuples(st.just("column"), st.integers(0, 5), st.sampled_from(PATHS), st.integers(0, 1_500)),
        st.tuples(st.just("resume"), st.none(), st.none(), st.none()),
        st.tuples(st.just("rank"), st.none(), st.none(), st.none()),
        st.tuples(st.just("fold"), st.none(), st.none(), st.none()),
        st.tuples(st.just("compact"), st.none(), st.none(), st.none()),
        st.tuples(st.just("delete"), st.integers(0, 5), st.sampled_from(PATHS), st.none()),
    ),
    max_size=24,
)


@dataclass
class Logged:
    """What one attempt logged to one series: values by step, or while it `counts` values in order."""

    first_step: int = 0
    counts: bool = False
    counted: list[float] = field(default_factory=list)
    values: dict[int, float] = field(default_factory=dict)

    def steps(self, base: int) -> dict[int, float]:
        if not self.counts:
            return self.values
        return {base + (place + 1) * 1_000_000: value for place, value in enumerate(self.counted)}


@dataclass
class Expected:
    """The rules in plain Python, for one series."""

    logged: dict[int, Logged] = field(default_factory=dict)

    def add(self, attempt: int, step: float | None, value: float) -> None:
        mine = self.logged.get(attempt)
        if mine is None:
            mine = self.logged[attempt] = Logged(counts=step is None, first_step=round((step or 0) * 1e6))
        if mine.counts and step is None:
            mine.counted.append(value)
            return
        if mine.counts:  # it counts no more: its points stay where they are
            mine.values = self.by_attempt()[attempt]
            mine.counts, mine.first_step = False, min(mine.values)
        mine.values[max(mine.values) + 1_000_000 if step is None else round(step * 1e6)] = value

    def by_attempt(self) -> dict[int, dict[int, float]]:
        found: dict[int, dict[int, float]] = {}
        base = -1_000_000
        for attempt, logged in sorted(self.logged.items()):
            found[attempt] = logged.steps(base)
            base = max(found[attempt])
        return found

    def parts(self) -> dict[int, dict[int, float]]:
        """The curve (0), and what each attempt left behind."""
        by_attempt = self.by_attempt()
        parts: dict[int, dict[int, float]] = {}
        for attempt, values in by_attempt.items():
            for step, value in values.items():
                takers = [later for later in by_attempt if later > attempt and self.takes(by_attempt, later, step)]
                parts.setdefault(min(takers, default=0), {})[step] = value
        return parts

    def takes(self, by_attempt: dict[int, dict[int, float]], attempt: int, step: int) -> bool:
        logged = self.logged[attempt]
        first = min(by_attempt[attempt]) if logged.counts else logged.first_step
        return first <= step or step in by_attempt[attempt]

    @property
    def curve(self) -> dict[int, float]:
        return self.parts().get(0, {})

    @property
    def abandoned(self) -> dict[int, dict[int, float]]:
        return {number: values for number, values in self.parts().items() if number}


class Job:
    """A run with its writers, each of an attempt, and what must come of them."""

    def __init__(self, store: Store) -> None:
        self.store, self.key = store, f"attempts-{next(RUNS)}"
        self.moment_ms = int(time.time() * 1000) - 10_000_000
        self.writers: list[tuple[Sender, int]] = []
        self.expected = {path: Expected() for path in PATHS}
        self.add_writer(0)

    def add_writer(self, attempt: int) -> None:
        self.moment_ms += 1_000
        self.writers.append((self.store.sender(key=self.key, created_ms=self.moment_ms), attempt))

    def resume(self) -> None:
        """Every writer is over; another one begins."""
        self.moment_ms += 1_000
        with self.store.database.write() as connection:
            connection.exec_driver_sql(
                f"UPDATE writers SET state = 'crashed', ended_ms = {self.moment_ms} WHERE run_id = {self.run_id}"
            )
        self.add_writer(self.writers[-1][1] + 1)

    @property
    def run_id(self) -> int:
        return self.writers[0][0].run_id

    def check(self) -> None:
        """Curves, abandoned tails and aggregates are what the rules say."""
        numbers = range(1, self.writers[-1][1] + 1)
        for path in PATHS:
            expected = self.expected[path]
            for number, values in [(0, expected.curve), *((n, expected.abandoned.get(n, {})) for n in numbers)]:
                points = self.store.points(self.run_id, path, limit=700, abandoned_by=number)
                assert (points is None) == (not values)
                if points is not None:
                    assert points.steps.tolist() == sorted(values)
                    assert bits(points.values) == bits(values[step] for step in sorted(values))
            if expected.curve:
                curve = self.store.curve(self.run_id, path, 30)
                steps = sorted(expected.curve)
                check_buckets(curve, np.array(steps), np.array([expected.curve[step] for step in steps]))
                self.store.folder.fold(self.run_id)
                aggregates = self.store.attributes(self.run_id)[path].series
                assert aggregates is not None
                assert aggregates.points == len(steps)
                finite = [value for value in expected.curve.values() if math.isfinite(value)]
                assert aggregates.max == (max(finite) if finite else None)


def perform(job: Job, actions: list[tuple[Any, ...]]) -> None:
    """Do all of it; each action that logs is shipped at once, so that the server has them in this order."""
    for action, writer, path, detail in actions:
        sender, attempt = job.writers[(writer or 0) % len(job.writers)]
        if action == "points":
            for step, value in detail:
                sender.journal.point(path, value, step)
                job.expected[path].add(attempt, step, value)
            sender.ship()
        elif action == "column":
            points = [(float(step), step / 3) for step in range(detail, detail + 1_100)]
            sender.journal.column(path, points)
            for step, value in points:
                job.expected[path].add(attempt, step, value)
            sender.ship()
        elif action == "delete":
            sender.journal.delete(path)
            job.expected[path] = Expected()
            sender.ship()
        elif action == "resume":
            job.resume()
        elif action == "rank":
            job.add_writer(job.writers[-1][1])
        else:
            job.store.folder.fold(job.run_id)
            if action == "compact":
                assert compaction.compact(job.store.database, job.run_id)


@PROPERTY
@given(actions=ACTIONS)
def test_abandoned_tails_equal_brute_force(store: Store, actions: list[tuple[Any, ...]]) -> None:
    """Whatever several attempts of several writers log in whatever order, before a fold, after it, compacted or not."""
    job = Job(store)
    perform(job, actions)
    job.check()
    assert compaction.compact(store.database, job.run_id)
    job.check()


def test_the_abandoned_tail_stays_beside_the_curve(store: Store) -> None:
    """Attempt 1 goes on from step 3: steps 3 and 4 of before are its abandoned tail."""
    job = Job(store)
    perform(job, [("points", 0, "a", [(float(step), 0.5) for step in range(5)]), ("resume", None, None, None)])
    perform(job, [("points", 1, "a", [(3.0, -1.0)])])
    points, tail = (store.points(job.run_id, "a", abandoned_by=number) for number in (0, 1))
    assert points is not None
    assert tail is not None
    assert points.values.tolist() == [0.5, 0.5, 0.5, -1.0]
    assert tail.steps.tolist() == [3_000_000, 4_000_000]


def test_writers_side_by_side_are_one_attempt(store: Store) -> None:
    """Ranks, and forked children: nothing is abandoned, and the last write of a step wins."""
    job = Job(store)
    job.add_writer(0)
    perform(job, [("points", 0, "a", [(1.0, 0.5), (2.0, 0.5)]), ("points", 1, "a", [(1.0, -1.0)])])
    job.check()
    assert store.points(job.run_id, "a", abandoned_by=1) is None


def test_journals_shipped_later_in_any_order_are_one_attempt(store: Store) -> None:
    """Two ranks of an offline job that come home one after the other, the first one ended."""
    first = store.sender(created_ms=1_700_000_000_000)
    first.journal.end()  # now, long after the other began
    first.ship()
    store.sender(created_ms=1_700_000_000_500)
    with store.database.read() as connection:
        assert set(connection.exec_driver_sql("SELECT attempt FROM writers").scalars()) == {0}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2)])
@pytest.mark.parametrize("folds", [True, False])
def test_attempts_come_home_in_any_order(store: Store, order: tuple[int, ...], folds: bool) -> None:
    """Three attempts of an offline run, each over before the next began: the same numbers, curve and tails."""
    logged = [range(10), range(6, 12), range(8, 10)]
    for attempt in order:
        began_ms = 1_700_000_000_000 + attempt * 100_000
        sender = store.sender(key=f"any-{folds}-{order}", created_ms=began_ms, ended_ms=began_ms + 50_000)
        sender.journal.column("a", [(float(step), float(attempt)) for step in logged[attempt]])
        sender.journal.end(time_s=(began_ms + 50_000) / 1000)
        sender.ship()
        if folds:
            store.folder.fold(sender.run_id)
    run = store.run(sender.run_id)
    assert (run.created_ms, run.ended_ms, run.ran_ms) == (1_700_000_000_000, 1_700_000_250_000, 150_000)
    found = [store.points(sender.run_id, "a", abandoned_by=number) for number in range(3)]
    values = [dict(zip(points.steps // 10**6, points.values, strict=True)) for points in found if points is not None]
    assert values == [
        dict.fromkeys(range(6), 0.0) | {6: 1.0, 7: 1.0, 8: 2.0, 9: 2.0},
        dict.fromkeys(range(6, 10), 0.0),
        dict.fromkeys(range(8, 12), 1.0),
    ]
    with store.database.read() as connection:
        attempts = connection.exec_driver_sql("SELECT attempt FROM writers ORDER BY created_ms").scalars()
        assert list(attempts) == [0, 1, 2]


def test_an_attempt_that_comes_between_two_others(store: Store) -> None:
    """It takes its number, and what it took over; what it logged before the later one began is in the curve."""
    for attempt, steps in ((0, range(4)), (2, range(4, 6)), (1, range(2, 5))):
        began_ms = 1_700_000_000_000 + attempt * 100_000
        sender = store.sender(created_ms=began_ms, ended_ms=began_ms + 50_000)
        sender.journal.column("a", [(float(step), float(attempt)) for step in steps])
        sender.journal.end(time_s=(began_ms + 50_000) / 1000)
        sender.ship()
        store.folder.fold(sender.run_id)
    found = [store.points(sender.run_id, "a", abandoned_by=number) for number in range(3)]
    assert [None if points is None else points.values.tolist() for points in found] == [
        [0.0, 0.0, 1.0, 1.0, 2.0, 2.0],
        [0.0, 0.0],
        [1.0],
    ]


def test_a_deleted_series_begins_anew(store: Store) -> None:
    """What was noted of its attempts goes with it."""
    job = Job(store)
    perform(job, [("points", 0, "a", [(5.0, 0.5)]), ("resume", None, None, None), ("points", 1, "a", [(4.0, -1.0)])])
    job.store.folder.fold(job.run_id)
    perform(
        job, [("delete", 1, "a", None), ("points", 0, "a", [(1.0, 0.5), (2.0, 0.5)]), ("points", 1, "a", [(2.0, -1.0)])]
    )
    job.check()
    with store.database.read() as connection:
        noted = connection.exec_driver_sql("SELECT attempt, first_step, step_last FROM past_attempts").all()
    assert [tuple(row) for row in noted] == [(0, 1_000_000, 2_000_000)]


def test_a_rank_that_began_first_and_comes_later_belongs_to_its_attempt(store: Store) -> None:
    """Ranks of a resumed job register in any order, a moment after one another."""
    first = store.sender(created_ms=1_700_000_000_000)
    first.journal.end(time_s=1_700_000_010.0)
    first.ship()
    store.sender(created_ms=1_700_000_020_005)
    store.sender(created_ms=1_700_000_020_000)
    with store.database.read() as connection:
        assert list(connection.exec_driver_sql("SELECT attempt FROM writers ORDER BY id").scalars()) == [0, 1, 1]


def test_a_silent_writer_does_not_run_beside_a_new_one(store: Store) -> None:
    """A job that was killed and starts again within the minute in which it counts as running begins an attempt."""
    job = Job(store)
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE writers SET seen_ms = seen_ms - 26000")
    job.add_writer(1)
    with store.database.read() as connection:
        assert list(connection.exec_driver_sql("SELECT attempt FROM writers ORDER BY id").scalars()) == [0, 1]
