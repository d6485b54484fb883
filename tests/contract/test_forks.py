"""A fork shows the history that it inherits before its own points, and copies nothing, on every engine."""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tests.contract.test_series import Expected, bits, check_buckets
from tests.journals import Sender
from tidelog_server.errors import InvalidRequestError, RunNotFoundError
from tidelog_server.query.parser import parse_subject
from tidelog_server.runs.attributes import SERIES, attributes_of
from tidelog_server.runs.table import runs_table
from tidelog_server.series.charts import Window
from tidelog_server.series.inheritance import stale_forks
from tidelog_server.sheets.store import Sheets

RUNS = itertools.count()
CELLS = ["a", "min(a)", "max(a)", "mean(a)", "variance(a)", "count(a)"]
PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

STEPS = st.one_of(st.none(), st.integers(0, 40).map(float))
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("points"), st.integers(0, 4), st.lists(STEPS, min_size=1, max_size=6)),
        st.tuples(st.just("column"), st.integers(0, 4), st.integers(0, 3_000)),
        st.tuples(st.just("fork"), st.integers(0, 4), st.integers(0, 3_000)),
        st.tuples(st.just("fold"), st.integers(0, 4), st.none()),
        st.tuples(st.just("delete"), st.integers(0, 4), st.none()),
    ),
    max_size=14,
)


class Family:
    """A run, its forks and theirs, each with its own points; what each must show follows from these."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.senders: list[Sender] = [store.sender(key=f"fork-{next(RUNS)}")]
        self.own: list[dict[int, float]] = [{}]
        self.origins: list[tuple[int, float] | None] = [None]
        self.count = itertools.count()
        self.sheets = Sheets()

    def fork(self, origin: int, step: float) -> None:
        label = self.store.run(self.senders[origin].run_id).label
        self.senders.append(self.store.sender(key=f"fork-{next(RUNS)}", fork_run=label, fork_step=step))
        self.own.append({})
        self.origins.append((origin, step))

    def log(self, index: int, step: float | None) -> None:
        value = float(next(self.count))
        self.senders[index].journal.point("a", value, step)
        expected = Expected()
        expected.values = dict(self.own[index])
        fork = self.origins[index]
        if step is None and not expected.values and fork is not None:
            step = fork[1] + 1
        expected.add(step, value)
        self.own[index] = expected.values

    def delete(self, index: int) -> None:
        self.senders[index].journal.delete("a")
        self.own[index] = {}

    def shown(self, index: int) -> dict[int, float]:
        own, fork = self.own[index], self.origins[index]
        if fork is None:
            return own
        before = min([round(fork[1] * 1e6), *(step - 1 for step in own)])
        return {step: value for step, value in self.shown(fork[0]).items() if step <= before} | own

    def check(self) -> None:
        for index, sender in enumerate(self.senders):
            shown = self.shown(index)
            points = self.store.points(sender.run_id, "a", limit=700)
            assert (points is None) == (not shown)
            if points is not None:
                assert points.steps.tolist() == sorted(shown)
                assert bits(points.values) == bits(shown[step] for step in sorted(shown))
                curve = self.store.curve(sender.run_id, "a", 20)
                check_buckets(curve, np.array(sorted(shown)), np.array([shown[step] for step in sorted(shown)]))

    def check_aggregates(self) -> None:
        """Over the whole lineage, wherever they are read: attributes, table, query and sheet."""
        for sender in self.senders:
            self.store.folder.fold(sender.run_id)
        with self.store.database.read() as connection:
            project_id = self.store.run(self.senders[0].run_id).project_id
            rows = {}
            for query in ("", "count(a) >= 1"):
                page = runs_table(connection, project_id, query=query, columns=CELLS, sort="min(a)", limit=200)
                rows = {row.run.id: row.values for row in page.rows}
            subjects = [parse_subject(cell) for cell in CELLS]
            sheet = self.sheets.sheet(connection, project_id, subjects)
            columns = [sheet.column(subject).numbers for subject in subjects]
            for index, sender in enumerate(self.senders):
                shown = self.shown(index)
                values = np.array([shown[step] for step in sorted(shown)])
                attributes = attributes_of(connection, sender.run_id)
                if not shown:
                    assert attributes == []
                    assert sender.run_id not in rows
                    continue
                wanted = [values[-1], values.min(), values.max(), values.mean(), values.var(), len(values)]
                [attribute] = attributes
                found = attribute.series
                assert found is not None
                assert found.last_step == max(shown) / 1e6
                cells = [found.last, found.min, found.max, found.mean, found.variance, found.points]
                assert cells == pytest.approx(wanted)
                assert [rows[sender.run_id][cell] for cell in CELLS] == pytest.approx(wanted)
                [place] = sheet.places_of([sender.run_id])
                assert [column[place] for column in columns] == pytest.approx(wanted)


@PROPERTY
@given(actions=ACTIONS)
def test_forks_of_forks_equal_brute_force(store: Store, actions: list[tuple[Any, ...]]) -> None:
    """Whatever is logged to whichever of them before and after it was forked, folded or not."""
    family = Family(store)
    for action, number, detail in actions:
        index = number % len(family.senders)
        if action == "points":
            for step in detail:
                family.log(index, step)
        elif action == "column":
            for step in range(detail, detail + 1_300):
                family.log(index, float(step))
        elif action == "delete":
            family.delete(index)
        elif action == "fork":
            family.fork(index, float(detail))
        else:
            store.folder.fold(family.senders[index].run_id)
        family.senders[index].ship()
    family.check()
    family.check_aggregates()
    family.check()


def test_a_window_of_time_and_a_zoom_end_at_the_fork(store: Store) -> None:
    """No point of the origin behind the fork's step shows, whatever the axis."""
    origin = store.sender(key="origin")
    origin.journal.column("a", ((float(step), float(step)) for step in range(20_000)))
    origin.ship()
    store.folder.fold(origin.run_id)
    fork = store.sender(key="fork", fork_run=store.run(origin.run_id).label, fork_step=9_999.5)
    fork.journal.column("a", ((float(step), -float(step)) for step in range(10_000, 30_000)))
    fork.ship()
    for window in (Window("step", 0, 25_000 * 10**6), Window("time", 0, 2_000_000_000_000)):
        curve = store.curve(fork.run_id, "a", 50, window)
        columns = dict(zip(curve.names, curve.columns, strict=True))
        assert columns["max"].max() == 9_999
    zoomed = store.curve(fork.run_id, "a", 50, Window("step", 9_990 * 10**6, 10_010 * 10**6))
    assert zoomed.columns[2].tolist() == [float(step if step < 10_000 else -step) for step in range(9_990, 10_011)]


def test_a_fork_of_nothing_is_refused(store: Store) -> None:
    """And so is half a fork; nothing is stored."""
    with pytest.raises(RunNotFoundError, match="to fork from"):
        store.sender(key="one", fork_run="NOWHERE-1", fork_step=1.0)
    with pytest.raises(InvalidRequestError, match="both fork_run and fork_step"):
        store.sender(key="two", fork_step=1.0)


def test_a_fork_may_name_its_origin_by_key(store: Store) -> None:
    """As an offline job does, which knows no label yet."""
    origin = store.sender(key="origin")
    fork = store.sender(key="fork", fork_run="origin", fork_step=3.0)
    run = store.run(fork.run_id)
    assert (run.fork_label, run.fork_step) == (store.run(origin.run_id).label, 3_000_000)


def test_a_value_of_the_fork_takes_the_place_of_a_series_that_it_inherited(store: Store) -> None:
    """And the series comes back when the value is deleted."""
    origin = store.sender(key="origin")
    origin.journal.row({"a": 1.0, "b": 2.0}, step=0)
    origin.ship()
    fork = store.sender(key="fork", fork_run="origin", fork_step=5.0)
    store.folder.fold_lineage(fork.run_id)
    assert {path: found.type for path, found in store.attributes(fork.run_id).items()} == dict.fromkeys("ab", SERIES)
    fork.journal.assign("a", b"stext")
    fork.journal.text("b", "a line")
    fork.ship()
    store.folder.fold(fork.run_id)
    found = store.attributes(fork.run_id)
    assert [(found[path].type, found[path].value) for path in "ab"] == [("string", "text"), ("string_series", "a line")]
    origin.journal.row({"a": 3.0, "b": 4.0}, step=1)
    origin.ship()
    store.folder.fold_lineage(fork.run_id)
    assert [(found[path].type, found[path].value) for path in "ab"] == [("string", "text"), ("string_series", "a line")]
    fork.journal.delete("a")
    fork.ship()
    store.folder.fold(fork.run_id)
    assert store.attributes(fork.run_id)["a"].series == store.attributes(origin.run_id)["a"].series


def test_only_what_changes_below_the_fork_is_worked_out_again(store: Store) -> None:
    """An origin that goes on costs its forks nothing; one that fills in, resumes or deletes is followed."""
    origin = store.sender(key="origin")
    origin.journal.column("a", ((float(step), float(step)) for step in range(10)))
    origin.ship()
    fork = store.sender(key="fork", fork_run="origin", fork_step=4.0)
    store.folder.fold_lineage(fork.run_id)
    assert store.attributes(fork.run_id)["a"].value == 4.0
    for step, stale in ((10, []), (None, []), (4, [fork.run_id])):
        origin.journal.point("a", -1.0, step)
        origin.ship()
        store.folder.fold(origin.run_id)
        with store.database.read() as connection:
            assert stale_forks(connection) == stale
    store.folder.fold(fork.run_id)
    assert store.attributes(fork.run_id)["a"].value == -1.0
    origin.journal.end()
    origin.ship()
    again = store.sender(key="origin", created_ms=int(time.time() * 1000) + 60_000)
    again.journal.point("a", 7.0, 2)
    again.ship()
    store.folder.fold_lineage(fork.run_id)
    aggregates = store.attributes(fork.run_id)["a"].series
    assert aggregates is not None
    assert (aggregates.points, aggregates.last) == (3, 7.0)
    again.journal.delete("a")
    again.ship()
    store.folder.fold_lineage(fork.run_id)
    assert store.attributes(fork.run_id) == {}
