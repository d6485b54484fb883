"""What the server does by itself: fold, compact, free the disk, give up silent writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sqlalchemy as sa

from tests.journals import Sender
from tidelog_server.maintenance import FREED_PAGES_PER_TRANSACTION, KEPT_FREE_PAGES, Maintenance
from tidelog_server.runs.runs import runs_by_id
from tidelog_server.series import chunks
from tidelog_server.services import Services
from tidelog_server.tables import chunks as chunks_table
from tidelog_server.tables import projects


def chunk_points(services: Services) -> list[int]:
    """How many points each chunk has."""
    with services.database.read() as connection:
        query = sa.select(chunks_table.c.points).order_by(chunks_table.c.series_id, chunks_table.c.step_min)
        return list(connection.scalars(query))


def test_finished_run_is_compacted_and_the_disk_freed(services: Services) -> None:
    """Many small chunks become full ones once the run has ended, and the pages go back to the file system."""
    sender = Sender(services.receiver)
    values = np.random.default_rng(0).normal(size=40_000).tolist()
    for start in range(0, len(values), 1_100):
        sender.journal.column("a", ((step, values[step]) for step in range(start, min(start + 1_100, len(values)))))
        sender.ship()
        services.folder.fold(sender.run_id)
    assert len(chunk_points(services)) > 10
    services.maintenance.compact_runs()
    assert len(chunk_points(services)) > 10  # it still runs
    sender.journal.end()
    sender.ship()
    services.folder.fold(sender.run_id)
    services.maintenance.compact_runs()
    full, rest = divmod(len(values), chunks.CHUNK_POINTS)
    assert chunk_points(services) == [chunks.CHUNK_POINTS] * full + [rest]
    services.maintenance.free_disk()
    with services.database.read() as connection:
        assert int(connection.scalar(sa.text("PRAGMA freelist_count")) or 0) <= KEPT_FREE_PAGES


def test_all_free_pages_but_a_few_go_back_to_the_file_system(services: Services) -> None:
    """However many there are: each statement frees as many as it says, not one."""
    with services.database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE filler (bytes BLOB)")
        rows = [(bytes(8_000),)] * (FREED_PAGES_PER_TRANSACTION + KEPT_FREE_PAGES + 100)
        connection.exec_driver_sql("INSERT INTO filler VALUES (?)", rows)
    with services.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE filler")
    services.maintenance.free_disk()
    with services.database.read() as connection:
        assert connection.scalar(sa.text("PRAGMA freelist_count")) == KEPT_FREE_PAGES


def test_writer_is_not_given_up_right_after_a_start(services: Services) -> None:
    """A server that was away does not take the runs of that time for crashed before they could speak."""
    sender = Sender(services.receiver)
    with services.database.write() as connection:
        connection.execute(sa.text("UPDATE writers SET seen_ms = 0"))
    services.maintenance.give_up_silent_writers()
    with services.database.read() as connection:
        assert runs_by_id(connection, [sender.run_id])[0].state == "running"


def test_requests_of_one_commit_fail_alone(services: Services) -> None:
    """Of many requests that share a commit, one that fails gets its own error, and the others are stored."""

    def work(number: int) -> int:
        def insert(connection: sa.Connection) -> int:
            if number == 7:
                raise ZeroDivisionError
            values = {"name": f"project {number}", "key": f"K{number}", "created_ms": 0}
            connection.execute(sa.insert(projects).values(values))
            return number

        return services.committer.commit(insert)

    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(work, number) for number in range(16)]
    for number, future in enumerate(futures):
        if number == 7:
            with pytest.raises(ZeroDivisionError):
                future.result()
        else:
            assert future.result() == number
    with services.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(projects)) == 15


def test_compaction_waits_for_folds(services: Services) -> None:
    """While a fold is under way or due nothing is compacted; afterwards it is, where it stopped."""
    busy = True
    maintenance = Maintenance(services.database, heartbeat_lost_after_ms=60_000, is_busy=lambda: busy)
    maintenance._stopping.set()  # a wait for folds ends at once
    sender = Sender(services.receiver)
    for part in range(4):
        sender.journal.column("a", ((float(step), 0.5) for step in range(part * 1_100, part * 1_100 + 1_100)))
        sender.ship()
        services.folder.fold(sender.run_id)
    sender.journal.end()
    sender.ship()
    services.folder.fold(sender.run_id)
    maintenance.compact_runs()
    assert len(chunk_points(services)) == 4
    busy = False
    maintenance._stopping.clear()
    maintenance.compact_runs()
    assert len(chunk_points(services)) == 1
