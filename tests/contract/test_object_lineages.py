"""Attempts and forks of series of texts, histograms and files: what series of numbers do, on every engine."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tests.contract.test_attempts import Expected
from tests.contract.test_objects import reference
from tests.contract.test_series import Expected as ExpectedPoints
from tests.journals import Sender
from tidelog_server.errors import FileNotHereError
from tidelog_server.files.reading import files_at
from tidelog_server.runs.attempts import attempts_of, stretches_of
from tidelog_server.runs.attributes import Extent
from tidelog_server.runs.paths import path_ids
from tidelog_server.series import consistency
from tidelog_server.series.inheritance import stale_forks
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.alongside import alongside
from tidelog_server.series.objects.lookup import find_by_ids, find_many
from tidelog_server.series.points import STEP_UNITS

RUNS = itertools.count()
PROPERTY = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
STEPS = st.lists(st.one_of(st.none(), st.integers(0, 20).map(float)), min_size=1, max_size=8)
BEGAN_MS = 1_700_000_000_000


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few points are several chunks."""
    monkeypatch.setattr(chunks, "CHUNK_POINTS", 3)
    monkeypatch.setattr(chunks, "OPEN_POINTS", 2)


def texts(points: list[tuple[float, bytes]] | None) -> dict[float, str]:
    """By step, what is read of a series of texts."""
    return {step: value.decode() for step, value in points or []}


class Resumed:
    """A run with one writer of each attempt."""

    def __init__(self, store: Store, key: str = "") -> None:
        self.store = store
        self.key = key or f"resumed-{next(RUNS)}"
        self.moment_ms = BEGAN_MS
        self.senders = [store.sender(key=self.key, created_ms=BEGAN_MS)]

    @property
    def run_id(self) -> int:
        return self.senders[0].run_id

    @property
    def newest(self) -> Sender:
        return self.senders[-1]

    def resume(self) -> Sender:
        """Every writer is over; another one begins."""
        self.moment_ms += 100_000
        with self.store.database.write() as connection:
            over = f"state = 'crashed', ended_ms = {self.moment_ms - 50_000}"
            connection.exec_driver_sql(f"UPDATE writers SET {over} WHERE run_id = {self.run_id}")
        self.senders.append(self.store.sender(key=self.key, created_ms=self.moment_ms))
        return self.newest

    def log(self, attempt: int, *steps: float | None) -> None:
        sender = self.senders[attempt]
        for step in steps:
            sender.journal.text("t", f"attempt {attempt}", step)
        sender.ship()


@PROPERTY
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("log"), st.integers(0, 5), STEPS),
            st.tuples(st.just("resume"), st.none(), st.none()),
            st.tuples(st.just("fold"), st.none(), st.none()),
            st.tuples(st.just("delete"), st.integers(0, 5), st.none()),
        ),
        max_size=20,
    )
)
def test_abandoned_tails_equal_brute_force(store: Store, actions: list[tuple[str, Any, Any]]) -> None:
    """Whatever several attempts log in whatever order, before a fold and after it: the rules of series of numbers."""
    run = Resumed(store)
    expected = Expected()
    values = itertools.count()
    for action, number, steps in actions:
        attempt = (number or 0) % len(run.senders)
        sender = run.senders[attempt]
        if action == "log":
            for step in steps:
                value = next(values)
                sender.journal.text("t", str(value), step)
                expected.add(attempt, step, value)
            sender.ship()
        elif action == "delete":
            sender.journal.delete("t")
            sender.ship()
            expected = Expected()
        elif action == "resume":
            run.resume()
        else:
            store.folder.fold(run.run_id)
    for by in range(len(run.senders)):
        wanted = expected.abandoned.get(by, {}) if by else expected.curve
        for newest_first in (False, True):
            found = store.objects(run.run_id, "t", limit=4, newest_first=newest_first, abandoned_by=by)
            ordered = sorted(wanted.items(), reverse=newest_first)
            assert (found or []) == [(step / 1e6, str(int(value)).encode()) for step, value in ordered]
    store.folder.fold(run.run_id)
    extent = store.attributes(run.run_id)["t"].extent if expected.curve else None
    assert extent == (Extent(len(expected.curve), max(expected.curve) / 1e6) if expected.curve else None)
    with store.database.read() as connection:
        assert consistency.examine(connection, run.run_id).problems == []


def test_histograms_and_files_have_attempts_too(store: Store) -> None:
    """Each keeps what was abandoned, as bytes, and says which attempts there are and how much they left behind."""
    run = Resumed(store)
    for step in range(4):
        run.newest.journal.histogram("h", [0.0, 1.0], [float(step)], step)
        run.newest.journal.object("f", reference(step), step)
    run.newest.ship()
    store.folder.fold(run.run_id)
    run.resume()
    run.newest.journal.histogram("h", [0.0, 2.0], [9.0], 2)
    run.newest.journal.object("f", reference(0), 3)
    run.newest.ship()
    assert [len(store.objects(run.run_id, path) or []) for path in "hf"] == [3, 4]
    assert [len(store.objects(run.run_id, path, abandoned_by=1) or []) for path in "hf"] == [2, 1]
    with store.database.read() as connection:
        attempts = attempts_of(connection, store.run(run.run_id))
        stretches, _ = stretches_of(connection, run.run_id)
    assert [(attempt.abandoned, attempt.first_step) for attempt in attempts] == [(0, None), (3, 2 * STEP_UNITS)]
    told = {(one.path, one.type, one.attempt, one.first_step // STEP_UNITS, one.is_abandoned) for one in stretches}
    assert told == {
        (path, kind, 1, step, abandoned)
        for path, kind, step in (("h", "histogram_series", 2), ("f", "file_series", 3))
        for abandoned in (False, True)
    }


def test_lines_without_a_step_go_on(store: Store) -> None:
    """What a resumed job prints comes behind what was printed before; nothing is abandoned."""
    run = Resumed(store)
    run.log(0, None, None)
    run.resume()
    run.log(1, None)
    assert texts(store.objects(run.run_id, "t")) == {0: "attempt 0", 1: "attempt 0", 2: "attempt 1"}
    assert store.objects(run.run_id, "t", abandoned_by=1) is None


def test_a_journal_that_comes_twice_abandons_nothing_twice(store: Store) -> None:
    """As after a cut: what was folded is acknowledged again, and stays as it is."""
    run = Resumed(store)
    run.log(0, 0, 1, 2)
    run.resume()
    run.log(1, 1)
    store.folder.fold(run.run_id)
    run.newest.sent = 0
    run.newest.ship()
    store.folder.fold(run.run_id)
    assert texts(store.objects(run.run_id, "t")) == {0: "attempt 0", 1: "attempt 1"}
    assert texts(store.objects(run.run_id, "t", abandoned_by=1)) == {1: "attempt 0", 2: "attempt 0"}
    assert store.run(run.run_id).points == 4


@pytest.mark.parametrize("folds", [True, False])
def test_attempts_come_home_in_any_order(store: Store, folds: bool) -> None:
    """The first of three attempts comes second: numbers, curve and tails are those of the order in which they ran."""
    key = f"any-{folds}"
    for attempt, steps in ((1, range(2, 5)), (0, range(4)), (2, range(4, 6))):
        began_ms = BEGAN_MS + attempt * 100_000
        sender = store.sender(key=key, created_ms=began_ms, ended_ms=began_ms + 50_000)
        for step in steps:
            sender.journal.text("t", f"attempt {attempt}", step)
        sender.journal.end(time_s=(began_ms + 50_000) / 1000)
        sender.ship()
        if folds:
            store.folder.fold(sender.run_id)
    found = [texts(store.objects(sender.run_id, "t", abandoned_by=number)) for number in range(3)]
    assert found[0] == dict.fromkeys((0, 1), "attempt 0") | dict.fromkeys((2, 3), "attempt 1") | dict.fromkeys(
        (4, 5), "attempt 2"
    )
    assert found[1:] == [dict.fromkeys((2, 3), "attempt 0"), {4: "attempt 1"}]


class Family:
    """A run, its forks and theirs; what each must show follows from what each logged."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.senders = [store.sender(key=f"family-{next(RUNS)}")]
        self.own: list[dict[int, float]] = [{}]
        self.origins: list[tuple[int, float] | None] = [None]
        self.values = itertools.count()

    def fork(self, origin: int, step: float) -> None:
        label = self.store.run(self.senders[origin].run_id).label
        self.senders.append(self.store.sender(key=f"family-{next(RUNS)}", fork_run=label, fork_step=step))
        self.own.append({})
        self.origins.append((origin, step))

    def log(self, index: int, step: float | None) -> None:
        value = next(self.values)
        self.senders[index].journal.text("t", str(value), step)
        expected = ExpectedPoints()
        expected.values = dict(self.own[index])
        fork = self.origins[index]
        if step is None and not expected.values and fork is not None:
            step = fork[1] + 1
        expected.add(step, value)
        self.own[index] = expected.values

    def shown(self, index: int) -> dict[int, float]:
        own, fork = self.own[index], self.origins[index]
        if fork is None:
            return own
        before = min([round(fork[1] * 1e6), *(step - 1 for step in own)])
        return {step: value for step, value in self.shown(fork[0]).items() if step <= before} | own

    def check(self) -> None:
        for index, sender in enumerate(self.senders):
            ordered = [(step / 1e6, str(value).encode()) for step, value in sorted(self.shown(index).items())]
            for newest_first in (False, True):
                found = self.store.objects(sender.run_id, "t", limit=4, newest_first=newest_first)
                assert (found or []) == (ordered[::-1] if newest_first else ordered)

    def check_side_by_side(self) -> None:
        """At each step all of them show what they have there or before, and lead to the steps around it."""
        run_ids = [sender.run_id for sender in self.senders]
        with self.store.database.read() as connection:
            project_id = self.store.run(run_ids[0]).project_id
            path_id = path_ids(connection, project_id, ["t"]).get("t", 0)
        self.store.tails.prepare(run_ids)
        every = sorted({step for index in range(len(run_ids)) for step in self.shown(index)})
        for at in [-1, *every[::3], *every[-1:]]:
            with self.store.database.read() as connection:
                found = find_by_ids(connection, self.store.tails, run_ids, [path_id])
                beside = alongside(connection, found, at)
            here = -1
            for index, run_id in enumerate(run_ids):
                before = [step for step in self.shown(index) if step <= at]
                shown = beside.shown.get((run_id, path_id))
                assert ([] if shown is None else shown.steps.tolist()) == ([max(before)] if before else [])
                if before and shown is not None:
                    assert shown.values[0] == str(self.shown(index)[max(before)]).encode()
                    here = max(here, *before)
            if every:
                assert (beside.first, beside.last) == (every[0], every[-1])
                assert beside.next == min((step for step in every if step > at), default=None)
                earlier = max((step for step in every if step < here), default=None)
                assert beside.previous == (earlier if here >= 0 else None)

    def check_attributes(self) -> None:
        for index, sender in enumerate(self.senders):
            self.store.folder.fold_lineage(sender.run_id)
            shown, found = self.shown(index), self.store.attributes(sender.run_id)
            if not shown:
                assert found == {}
                continue
            assert found["t"].extent == Extent(len(shown), max(shown) / 1e6)
            assert found["t"].value == str(shown[max(shown)])


@PROPERTY
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("log"), st.integers(0, 4), STEPS),
            st.tuples(st.just("fork"), st.integers(0, 4), st.integers(0, 20)),
            st.tuples(st.just("fold"), st.integers(0, 4), st.none()),
            st.tuples(st.just("delete"), st.integers(0, 4), st.none()),
        ),
        max_size=16,
    )
)
def test_forks_of_forks_equal_brute_force(store: Store, actions: list[tuple[str, Any, Any]]) -> None:
    """Whatever is logged to whichever of them before and after it was forked, folded or not, on every reading way."""
    family = Family(store)
    for action, number, detail in actions:
        index = number % len(family.senders)
        if action == "log":
            for step in detail:
                family.log(index, step)
        elif action == "fork" and len(family.senders) < 5:
            family.fork(index, float(detail))
        elif action == "delete":
            family.senders[index].journal.delete("t")
            family.own[index] = {}
        if action == "fold":
            store.folder.fold(family.senders[index].run_id)
        else:
            family.senders[index].ship()
    family.check()
    family.check_side_by_side()
    family.check_attributes()
    family.check()
    with store.database.read() as connection:
        for sender in family.senders:
            assert consistency.examine(connection, sender.run_id).problems == []


def test_a_fork_reads_the_files_of_its_origin(store: Store) -> None:
    """At a step up to the fork's those of the origin, which no fork copies; behind it none of the origin's."""
    origin = store.sender(key="origin")
    for step in range(5):
        origin.journal.object("f", reference(step), step)
    origin.ship()
    fork = store.sender(key="fork", fork_run="origin", fork_step=2.0)
    store.folder.fold_lineage(fork.run_id)
    project_id = store.run(fork.run_id).project_id
    with store.database.read() as connection:
        [last] = files_at(connection, store.tails, project_id, fork.run_id, "f").files
        [first] = files_at(connection, store.tails, project_id, fork.run_id, "f", step=0).files
        with pytest.raises(FileNotHereError):
            files_at(connection, store.tails, project_id, fork.run_id, "f", step=3 * STEP_UNITS)
    assert [(file.step, file.number) for file in (last, first)] == [(2.0, 2), (0.0, 0)]


def test_the_parts_of_a_fork_say_whose_they_are(store: Store) -> None:
    """In the order of the steps, the origin's first."""
    origin = store.sender(key="origin")
    origin.journal.text("t", "of the origin", 0)
    origin.ship()
    fork = store.sender(key="fork", fork_run="origin", fork_step=2.0)
    fork.journal.text("t", "of the fork")
    fork.ship()
    with store.database.read() as connection:
        found = find_many(connection, store.tails, store.run(fork.run_id).project_id, fork.run_id, ["t"])["t"]
    assert [part.run_id for part in found.parts] == [origin.run_id, fork.run_id]
    assert texts(store.objects(fork.run_id, "t")) == {0: "of the origin", 3: "of the fork"}


def test_a_fork_that_logs_other_things_there_inherits_nothing(store: Store) -> None:
    """A value, numbers, or objects of another type take the place of an inherited series; deleted, it comes back."""
    origin = store.sender(key="origin")
    for path in "abc":
        origin.journal.text(path, "line", 0)
    origin.ship()
    fork = store.sender(key="fork", fork_run="origin", fork_step=5.0)
    store.folder.fold_lineage(fork.run_id)
    kinds = {path: found.type for path, found in store.attributes(fork.run_id).items()}
    assert kinds == dict.fromkeys("abc", "string_series")
    fork.journal.assign("a", b"stext")
    fork.journal.point("b", 1.0, 7)
    fork.journal.histogram("c", [0.0, 1.0], [1.0], 7)
    fork.ship()
    origin.journal.text("c", "another line", 1)
    origin.ship()
    for _ in range(2):
        store.folder.fold_lineage(fork.run_id)
        found = store.attributes(fork.run_id)
        assert [found[path].type for path in "abc"] == ["string", "float_series", "histogram_series"]
        assert found["c"].extent == Extent(1, 7.0)
    for path in "abc":
        fork.journal.delete(path)
    fork.ship()
    store.folder.fold_lineage(fork.run_id)
    found = store.attributes(fork.run_id)
    assert {path: found[path].type for path in "abc"} == dict.fromkeys("abc", "string_series")
    assert found["c"].extent == Extent(2, 1.0)


def test_a_fork_follows_an_origin_that_resumes(store: Store) -> None:
    """It shows the curve, not what was abandoned; an origin that goes on behind the fork's step costs it nothing."""
    origin = Resumed(store, key="origin")
    origin.log(0, 0, 1, 2, 3)
    fork = store.sender(key="fork", fork_run="origin", fork_step=2.0)
    store.folder.fold_lineage(fork.run_id)
    origin.log(0, 4)
    store.folder.fold(origin.run_id)
    with store.database.read() as connection:
        assert stale_forks(connection) == []
    origin.resume()
    origin.log(1, 1)
    store.folder.fold(origin.run_id)
    with store.database.read() as connection:
        assert stale_forks(connection) == [fork.run_id]
    store.folder.fold_lineage(fork.run_id)
    assert texts(store.objects(fork.run_id, "t")) == {0: "attempt 0", 1: "attempt 1"}
    assert store.attributes(fork.run_id)["t"].extent == Extent(2, 1.0)


def test_a_fork_that_resumes(store: Store) -> None:
    """Its own tail is abandoned; what it inherits stays."""
    origin = store.sender(key="origin")
    origin.journal.text("t", "of the origin", 0)
    origin.ship()
    now_ms = int(time.time() * 1000)
    for attempt in range(2):
        fork = store.sender(key="fork", fork_run="origin", fork_step=2.0, created_ms=now_ms + attempt * 60_000)
        for step in (3, 4):
            fork.journal.text("t", f"attempt {attempt}", step + attempt)
        fork.journal.end(time_s=now_ms / 1000 + attempt * 60 + 1)
        fork.ship()
        store.folder.fold_lineage(fork.run_id)
    assert texts(store.objects(fork.run_id, "t")) == {
        0: "of the origin", 3: "attempt 0", 4: "attempt 1", 5: "attempt 1",
    }  # fmt: skip
    assert texts(store.objects(fork.run_id, "t", abandoned_by=1)) == {4: "attempt 0"}
    assert store.attributes(fork.run_id)["t"].extent == Extent(4, 5.0)
    with store.database.read() as connection:
        stretches, _ = stretches_of(connection, fork.run_id)
    assert sorted((one.attempt, one.is_abandoned) for one in stretches) == [(1, False), (1, True)]
