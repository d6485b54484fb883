"""Attempts of one run that come home in any order, whole or bit by bit: what is stored is the same, on every engine."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tests.contract.test_attempts import Expected
from tests.contract.test_objects import reference
from tests.contract.test_series import bits
from tests.journals import MemoryJournal, Sender
from tidelog_server.series import chunks, compaction, consistency, fold, growth, past_attempts, stubs
from tidelog_server.series.heads import has_chunks
from tidelog_server.series.objects import chunks as object_chunks
from tidelog_server.tables import attributes, paths, series, writers

RUNS = itertools.count()
BEGAN_MS = 1_700_000_000_000
PROPERTY = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

NUMBERS, TEXTS, HISTOGRAMS, FILES = "a", "t", "h", "f"
PATHS = (NUMBERS, TEXTS, HISTOGRAMS, FILES)
EXPLICIT = st.integers(0, 24)


class Batch(NamedTuple):
    """Points that arrive together; None is a point without a step."""

    path: str
    steps: Sequence[int | None]


def _batches(steps: Any) -> Any:
    return st.builds(Batch, st.sampled_from(PATHS), st.lists(steps, min_size=1, max_size=8))


def _begun_with_a_step(batch: Batch, first: int) -> Batch:
    return Batch(batch.path, [first if batch.steps[0] is None else batch.steps[0], *batch.steps[1:]])


# An attempt logs with steps, some of its points without; or it logs none with steps. Either way in any order.
COUNTING = st.lists(_batches(st.none()), min_size=1, max_size=4)
STEPPING = st.lists(
    st.builds(_begun_with_a_step, _batches(st.one_of(EXPLICIT, EXPLICIT, st.none())), EXPLICIT), min_size=1, max_size=4
)
RISING = st.builds(
    lambda path, first, count, stride: [Batch(path, range(first, first + count * stride, stride))],
    st.sampled_from(PATHS),
    EXPLICIT,
    st.integers(1, 30),
    st.integers(1, 2),
)
ATTEMPTS = st.lists(st.one_of(COUNTING, STEPPING, RISING, RISING), min_size=2, max_size=5)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few points are several chunks, and take every way of folding."""
    for module, name, points in (
        (chunks, "CHUNK_POINTS", 6), (chunks, "OPEN_POINTS", 4), (growth, "OPEN_POINTS", 4), (fold, "OPEN_POINTS", 4),
        (growth, "STUB_POINTS", 3), (stubs, "STUB_POINTS", 3), (object_chunks, "CHUNK_POINTS", 4),
        (object_chunks, "OPEN_POINTS", 2),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, points)


def _log(journal: MemoryJournal, path: str, step: int | None, value: int) -> None:
    if path == NUMBERS:
        journal.point(path, float(value), step)
    elif path == TEXTS:
        journal.text(path, str(value), step)
    elif path == HISTOGRAMS:
        journal.histogram(path, [0.0, 1.0], [float(value)], step)
    else:
        journal.object(path, reference(value), step)


class Home:
    """A run whose attempts come home here."""

    def __init__(self, store: Store, attempts: Sequence[Sequence[Batch]], origin: str | None) -> None:
        self.store, self.attempts = store, attempts
        self.key = f"home-{next(RUNS)}"
        self.fork = {} if origin is None else {"fork_run": origin, "fork_step": 5.0}
        self.senders: dict[int, Sender] = {}
        self.sent: dict[int, int] = {}

    @property
    def run_id(self) -> int:
        return next(iter(self.senders.values())).run_id

    def receive(self, attempt: int) -> None:
        """The next batch of an attempt arrives; the first one of it brings when it began and ended."""
        began_ms = BEGAN_MS + attempt * 100_000
        if attempt not in self.senders:
            lived = {"created_ms": began_ms, "ended_ms": began_ms + 50_000}
            self.senders[attempt] = self.store.sender(key=self.key, **lived, **self.fork)
        place = self.sent.get(attempt, 0)
        batch, sender = self.attempts[attempt][place], self.senders[attempt]
        for number, step in enumerate(batch.steps):
            _log(sender.journal, batch.path, step, 10_000 * attempt + 100 * place + number)
        sender.ship()
        self.sent[attempt] = place + 1

    def state(self) -> dict[str, Any]:
        """All that is stored of its series but how they are cut into chunks."""
        self.store.folder.fold_lineage(self.run_id)
        names = ("abandoned_by", "points", "step_last", "last", "min", "max", "finite")
        began = sa.case((series.c.open_step.is_(None), 0), else_=series.c.attempt_step)  # a fork's lineage has none
        of_run = series.c.run_id == self.run_id
        with self.store.database.read() as connection:
            assert consistency.examine(connection, self.run_id).problems == []
            heads = sa.select(paths.c.path, began, *(series.c[name] for name in names)).join(paths).where(of_run)
            values = sa.select(paths.c.path, attributes.c.type, attributes.c.number, attributes.c.text)
            values = values.join(paths).where(attributes.c.run_id == self.run_id)
            numbers = sa.select(writers.c.attempt).where(writers.c.run_id == self.run_id).order_by(writers.c.created_ms)
            return {
                "parts": {path: self.parts(path) for path in PATHS},
                "heads": sorted(tuple(map(_plain, row)) for row in connection.execute(heads)),
                "noted": self.noted(connection),
                "values": sorted(tuple(map(_plain, row)) for row in connection.execute(values)),
                "attempts": list(connection.scalars(numbers)),
            }

    def noted(self, connection: sa.Connection) -> dict[str, Any]:
        """What is known of the attempts of each series."""
        curves = sa.select(paths.c.path, series).join(paths).where(series.c.run_id == self.run_id, has_chunks())
        found: dict[str, Any] = {}
        for row in connection.execute(curves):
            past = past_attempts.load(connection, self.run_id, np.array([row.path_id])).get(row.path_id, {})
            known = past_attempts.with_newest(past, row.attempt, row.attempt_step, row.step_last)
            found[row.path] = {
                number: (attempt.first_step, attempt.step_last, attempt.behind.tolist())
                for number, attempt in sorted(known.items())
            }
        return found

    def parts(self, path: str) -> list[list[tuple[float, Any]]]:
        found = []
        for number in range(len(self.attempts)):
            if path == NUMBERS:
                points = self.store.points(self.run_id, path, abandoned_by=number)
                pairs = (
                    [] if points is None else list(zip((points.steps / 1e6).tolist(), bits(points.values), strict=True))
                )
            else:
                stored = self.store.objects(self.run_id, path, abandoned_by=number) or []
                pairs = [(step, _plain(value)) for step, value in stored]
            found.append(pairs)
        return found


def _plain(item: object) -> str:
    """As text; a reference to a file without the number of its writer."""
    text = item.decode("latin-1") if isinstance(item, bytes) else str(item)
    return re.sub(r'"writer": \d+, ', "", text)


@PROPERTY
@given(attempts=ATTEMPTS, is_fork=st.booleans(), data=st.data())
def test_any_order_of_arrival(store: Store, attempts: list[list[Batch]], is_fork: bool, data: st.DataObject) -> None:
    """Batch by batch, attempts between one another, with folds and compactions between: as one after the other."""
    origin = None
    if is_fork:
        before = store.sender(key=f"origin-{next(RUNS)}")
        for path in PATHS:
            for step in range(8):
                _log(before.journal, path, step, step)
        before.ship()
        origin = store.run(before.run_id).label
    in_order, shuffled = (Home(store, attempts, origin) for _ in range(2))
    arrivals = [attempt for attempt, batches in enumerate(attempts) for _ in batches]
    for attempt in arrivals:
        in_order.receive(attempt)
    for attempt in data.draw(st.permutations(arrivals), "arrivals"):
        shuffled.receive(attempt)
        between = data.draw(st.sampled_from(["", "", "fold", "compact"]), "then")
        if between:
            store.folder.fold_lineage(shuffled.run_id)
        if between == "compact":
            assert compaction.compact(store.database, shuffled.run_id)
    assert shuffled.state() == in_order.state()


@PROPERTY
@given(attempts=ATTEMPTS, data=st.data())
def test_any_order_of_whole_attempts(store: Store, attempts: list[list[Batch]], data: st.DataObject) -> None:
    """As `tidelog sync` brings them, each folded before the next one: what the rules in plain Python say."""
    home = Home(store, attempts, None)
    expected = {path: Expected() for path in PATHS}
    for attempt, batches in enumerate(attempts):
        for place, batch in enumerate(batches):
            for number, step in enumerate(batch.steps):
                expected[batch.path].add(attempt, step, 10_000 * attempt + 100 * place + number)
    for attempt in data.draw(st.permutations(range(len(attempts))), "arrivals"):
        for _ in attempts[attempt]:
            home.receive(attempt)
        store.folder.fold(home.run_id)
    found = home.state()["parts"]
    for path in (NUMBERS, TEXTS):
        wanted = expected[path].parts()
        for number, pairs in enumerate(found[path]):
            values = sorted((step / 1e6, value) for step, value in wanted.get(number, {}).items())
            assert pairs == [(step, bits([value])[0] if path == NUMBERS else str(value)) for step, value in values]
