"""The processes that wrote to a run, on every engine: lists of them have pages, and what they sent is summed up."""

from __future__ import annotations

import sqlalchemy as sa

from tests.contract.conftest import Store
from tidelog_server import tables
from tidelog_server.runs import attempts, writers

BEGAN_MS = 1_700_000_000_000


def test_writers_have_pages(store: Store) -> None:
    """Each is in one page, the oldest first, those of one moment in the order of their registration."""
    senders = [store.sender(created_ms=BEGAN_MS + number // 2) for number in range(5)]
    store.sender(key="another run")
    found: list[writers.WriterState] = []
    with store.database.read() as connection:
        while page := writers.writers_of(
            connection,
            senders[0].run_id,
            after=(found[-1].created_ms, found[-1].number) if found else None,
            limit=2,
        ):
            found += page
    assert [writer.writer for writer in found] == [sender.name for sender in senders]


def test_what_writers_sent_is_summed_up(store: Store) -> None:
    """How many they wrote in all is known once each of them has said so; a crash says nothing."""
    first, second = store.sender(), store.sender()
    for sender in (first, second):
        sender.journal.point("a", 1.0)
        sender.ship()
    with store.database.read() as connection:
        assert writers.received_of(connection, first.run_id) == writers.Received(2, None)
    first.journal.end("failed", dropped=7)
    second.journal.end()
    first.ship()
    second.ship()
    with store.database.read() as connection:
        assert writers.received_of(connection, first.run_id) == writers.Received(2, 9)
    with store.database.write() as connection:
        connection.execute(sa.update(tables.writers).where(tables.writers.c.name == first.name).values(state="crashed"))
        assert writers.received_of(connection, first.run_id).written is None


def test_attempts_have_pages(store: Store) -> None:
    """With their own machines, times and numbers of processes."""
    for attempt in range(3):
        for rank in range(2):
            began_ms = BEGAN_MS + attempt * 100_000 + rank
            sender = store.sender(created_ms=began_ms, ended_ms=began_ms + 50_000, host=f"node-{attempt}")
            sender.journal.end(time_s=(began_ms + 50_000) / 1000)
            sender.ship()
    with store.database.read() as connection:
        run = store.run(sender.run_id)
        found = [attempts.attempts_of(connection, run, after=after, limit=2) for after in (-1, 1)]
    assert [[attempt.number for attempt in page] for page in found] == [[0, 1], [2]]
    [newest] = found[1]
    assert (newest.hosts, newest.writers) == (("node-2",), 2)
    assert (newest.started_ms, newest.ended_ms) == (BEGAN_MS + 200_000, BEGAN_MS + 250_001)


def test_an_attempt_names_some_of_its_machines(store: Store) -> None:
    """The first hundred of however many."""
    for number in range(attempts.HOSTS + 1):
        sender = store.sender(created_ms=BEGAN_MS + number, host=f"node-{number}")
    with store.database.read() as connection:
        [attempt] = attempts.attempts_of(connection, store.run(sender.run_id))
    assert attempt.writers == attempts.HOSTS + 1
    assert attempt.hosts == tuple(f"node-{number}" for number in range(attempts.HOSTS))
    assert attempt.ended_ms is None
