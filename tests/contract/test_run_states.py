"""The state of a run follows from how its writers ended, on every engine."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from tests.contract.conftest import Store
from tests.journals import Sender
from tidelog_server import tables
from tidelog_server.runs import writers


def fall_silent(store: Store, sender: Sender, seconds: float) -> None:
    """Pretend that the writer was last heard of so long ago."""
    with store.database.write() as connection:
        connection.execute(
            sa.update(tables.writers)
            .where(tables.writers.c.name == sender.name)
            .values(seen_ms=tables.writers.c.seen_ms - round(seconds * 1000))
        )


def give_up_silent_writers(store: Store) -> None:
    """What maintenance does."""
    with store.database.write() as connection:
        writers.mark_crashed(connection, lost_after_ms=60_000)


@pytest.mark.parametrize("state", ["finished", "failed"])
def test_end_of_the_only_writer(store: Store, state: str) -> None:
    """A run ends as its writer ended, with the traceback and the number of records that the disk refused."""
    sender = store.sender()
    assert store.run(sender.run_id).state == "running"
    sender.journal.end(state, error="Traceback ..." if state == "failed" else None, dropped=7)
    sender.ship()
    run = store.run(sender.run_id)
    assert (run.state, run.dropped) == (state, 7)
    assert run.error == ("Traceback ..." if state == "failed" else None)
    assert run.ended_ms is not None


def test_one_rank_still_runs(store: Store) -> None:
    """A run of several processes is running while one of them is, and failed if one failed."""
    ranks = [store.sender(key="shared") for _ in range(3)]
    ranks[0].journal.end("finished")
    ranks[1].journal.end("failed", error="boom")
    for rank in ranks:
        rank.ship()
    assert store.run(ranks[0].run_id).state == "running"
    ranks[2].journal.end("finished")
    ranks[2].ship()
    assert store.run(ranks[0].run_id).state == "failed"


def test_silence_is_a_crash_until_the_writer_speaks(store: Store) -> None:
    """A writer that is silent for a minute makes its run crashed; when it speaks again, the run is running."""
    sender = store.sender()
    give_up_silent_writers(store)
    assert store.run(sender.run_id).state == "running"
    fall_silent(store, sender, 61)
    give_up_silent_writers(store)
    assert store.run(sender.run_id).state == "crashed"
    sender.journal.point("a", 1.0)
    sender.ship()
    assert store.run(sender.run_id).state == "running"


def test_resumed_run_forgets_the_crash(store: Store) -> None:
    """A run that was killed, resumed by another process and finished there is finished."""
    first = store.sender(key="resumed")
    fall_silent(store, first, 90)
    give_up_silent_writers(store)
    second = store.sender(key="resumed")
    assert store.run(first.run_id).state == "running"
    second.journal.end("finished")
    second.ship()
    assert store.run(first.run_id).state == "finished"


def test_close_does_not_overrule_the_writer(store: Store) -> None:
    """`tidelog sync` may close a writer as crashed only if it did not say itself how it ended."""
    sender, silent = store.sender(key="said"), store.sender(key="silent")
    sender.journal.end("finished")
    sender.ship()
    for name in (sender.name, silent.name):
        with store.database.write() as connection:
            writer = writers.find_writer(connection, name)
            writers.close_silent(connection, writer, ended_ms=round(time.time() * 1000))
    assert store.run(sender.run_id).state == "finished"
    assert store.run(silent.run_id).state == "crashed"


def test_labels_count_up_per_project(store: Store) -> None:
    """Labels are the project's key and a number; projects of one key get different ones."""
    labels = [store.run(store.sender(project=project, key=key).run_id).label for project, key in
              [("mnist", "a"), ("mnist", "b"), ("team/mnist", "a"), ("123", "a"), ("mnist", "a")]]  # fmt: skip
    assert labels == ["MNIST-1", "MNIST-2", "MNIST2-1", "P123-1", "MNIST-1"]


@pytest.mark.parametrize(
    ("lives", "expected"),
    [
        ([(0, 10)], (10, None)),
        ([(0, 10), (2, 5), (4, 12)], (12, None)),  # side by side
        ([(0, 10), (100, 130)], (40, None)),  # resumed after a pause
        ([(100, 130), (0, 10)], (40, None)),  # that came home in another order
        ([(0, 10), (100, None)], (10, 100)),
        ([(0, 10), (5, None), (7, 9)], (0, 0)),  # the present life began when the first of these processes did
        ([(0, 10), (20, None), (30, 40)], (10, 20)),
        ([(10, 5)], (0, None)),  # clocks differ
        ([], (0, None)),
    ],
)
def test_time_that_a_run_ran(lives: list[tuple[int, int | None]], expected: tuple[int, int | None]) -> None:
    """The time in which at least one of its writers lived; what is still going on counts from its begin."""
    assert writers._lived(lives) == expected


def test_running_time_of_a_resumed_run(store: Store) -> None:
    """Pauses do not count, and a run at rest has no begin of a present life."""
    first = store.sender(key="k")
    began_ms = store.run(first.run_id).running_since_ms
    assert began_ms is not None
    assert store.run(first.run_id).running_ms(began_ms + 5_000) == 5_000
    first.journal.end()
    first.ship()
    run = store.run(first.run_id)
    assert run.running_since_ms is None
    assert run.running_ms(began_ms + 10**9) == run.ran_ms == (run.ended_ms or 0) - began_ms
