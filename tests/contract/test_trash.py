"""Trash, restore and purge, on every engine."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from tests.contract.conftest import Store
from tests.journals import Sender
from tidelog_server import tables
from tidelog_server.errors import RunDeletedError, RunNotFoundError
from tidelog_server.runs import purge, trash, writers
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import find_run
from tidelog_server.runs.selection import Selection, selected
from tidelog_server.runs.table import runs_table

OF_RUNS = (
    "ingest_log", "series", "chunks", "object_chunks", "attributes", "files", "file_set_entries", "artifact_links",
    "events", "writers", "inherited_series", "past_attempts", "runs",
)  # fmt: skip


def log_run(store: Store, key: str, points: int = 1_000, series: int = 3) -> Sender:
    """A finished run with series, values, and a batch that is not folded."""
    sender = store.sender(key=key, name=f"name of {key}")
    for number in range(series):
        sender.journal.column(f"s/{number}", ((float(step), float(step)) for step in range(points)))
    sender.journal.assign("lr", b"s" + key.encode())
    sender.ship()
    store.folder.fold(sender.run_id)
    sender.journal.point("s/0", 1.0, step=points)
    sender.ship()
    return sender


def listed(store: Store, query: str = "", *, trashed: bool = False) -> list[str]:
    """The keys in the runs table."""
    with store.database.read() as connection:
        project = find_project(connection, "project")
        page = runs_table(connection, project.id, query=query, trashed=trashed, sort="sys/id", descending=False)
        assert page.total == len(page.rows)
        return [row.run.key for row in page.rows]


def change(store: Store, what: str, *run_ids: int) -> object:
    """Do one of the functions of `trash` to these runs."""
    with store.database.write() as connection:
        return getattr(trash, what)(connection, run_ids)


def rows_left(store: Store, run_id: int) -> dict[str, int]:
    """How many rows of each table belong to a run; those without any are left out."""
    with store.database.read() as connection:
        counts = {}
        for name in OF_RUNS:
            table = tables.metadata.tables[name]
            column = table.c.id if name == "runs" else table.c.run_id
            counts[name] = connection.scalar(sa.select(sa.func.count()).select_from(table).where(column == run_id)) or 0
        return {name: count for name, count in counts.items() if count}


def test_a_trashed_run_is_in_no_list_and_no_query(store: Store) -> None:
    """Whatever the order and the filter; the trash has it, and restoring brings it back as it was."""
    senders = {key: log_run(store, key) for key in "abc"}
    assert change(store, "trash", senders["b"].run_id) == 1
    assert change(store, "trash", senders["b"].run_id) == 0
    with store.database.read() as connection:
        project = find_project(connection, "project")
        for sort in ("sys/id", "sys/creation_time", "s/0", "lr", "min(s/1)", "nothing", "sys/running_time"):
            for query in ("", "exists(lr)", "name", 'sys/name MATCHES "name"', "sys/trashed = false"):
                page = runs_table(connection, project.id, query=query, sort=sort)
                assert (sorted(row.run.key for row in page.rows), page.total) == (["a", "c"], 2), (sort, query)
        assert project.runs == 2
    assert listed(store, trashed=True) == ["b"]
    assert listed(store, 'lr = "b"', trashed=True) == ["b"]
    assert listed(store, 'lr = "a"', trashed=True) == []
    assert change(store, "restore", senders["b"].run_id) == 1
    assert listed(store) == ["a", "b", "c"]


def test_a_trashed_run_goes_on_being_logged_to(store: Store) -> None:
    """Its process notices nothing, and nothing that it sends is lost."""
    sender = log_run(store, "a")
    change(store, "trash", sender.run_id)
    sender.journal.point("s/0", 7.0, step=5_000)
    sender.ship()
    points = store.points(sender.run_id, "s/0")
    assert points is not None
    assert points.values[-1] == 7.0
    assert store.run(sender.run_id).trashed_ms is not None


def test_whoever_goes_on_with_a_run_at_rest_takes_it_out_of_the_trash(store: Store) -> None:
    """A job that is started again; a process that joins a running job does not undo what a person did."""
    sender = log_run(store, "a")
    change(store, "trash", sender.run_id)
    store.sender(key="a")
    assert store.run(sender.run_id).trashed_ms is not None
    for name in _writer_names(store, sender.run_id):
        with store.database.write() as connection:
            writers.end(connection, writers.find_writer(connection, name), state="finished")
    store.sender(key="a")
    assert store.run(sender.run_id).trashed_ms is None


def _writer_names(store: Store, run_id: int) -> list[str]:
    with store.database.read() as connection:
        return list(connection.scalars(sa.select(tables.writers.c.name).where(tables.writers.c.run_id == run_id)))


def test_only_what_is_in_the_trash_is_purged(store: Store) -> None:
    """A run that somebody restored in the meantime stays."""
    sender = log_run(store, "a")
    assert change(store, "purge", sender.run_id) == trash.Marked(0, ())
    change(store, "trash", sender.run_id)
    assert change(store, "purge", sender.run_id) == trash.Marked(1, ())
    assert change(store, "restore", sender.run_id) == 0
    assert change(store, "purge", sender.run_id) == trash.Marked(0, ())


def test_purging_leaves_nothing_of_a_run_and_all_of_the_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In slices of a few rows, each a transaction of its own."""
    monkeypatch.setattr(purge, "CHUNKS_PER_SLICE", 2)
    monkeypatch.setattr(purge, "SERIES_PER_SLICE", 2)
    monkeypatch.setattr(purge, "ROWS_PER_SLICE", 2)
    other, sender = log_run(store, "other"), log_run(store, "a", points=20_000)
    before = rows_left(store, other.run_id)
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    assert purge.purge_rows(store.database, sender.run_id)
    assert rows_left(store, sender.run_id) == {}
    assert rows_left(store, other.run_id) == before
    assert purge.purge_rows(store.database, sender.run_id)  # once more changes nothing


def test_a_purged_run_is_gone_for_its_processes_too(store: Store) -> None:
    """From the moment of the purge on, before and after its rows are: 410, also for a new process by label."""
    sender = log_run(store, "a")
    label = store.run(sender.run_id).label
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    for _ in ("rows there", "rows gone"):
        sender.journal.point("s/0", 1.0)
        with pytest.raises(RunDeletedError):
            sender.ship()
        with pytest.raises(RunNotFoundError), store.database.read() as connection:
            find_run(connection, label)
        assert listed(store) == listed(store, trashed=True) == []
        purge.purge_rows(store.database, sender.run_id)


def test_the_key_of_a_purged_run_is_free_at_once(store: Store) -> None:
    """A new job with the same custom_run_id makes a new run, with a label that none had before."""
    sender = log_run(store, "a")
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    again = store.sender(key="a")
    assert again.run_id != sender.run_id
    purge.purge_rows(store.database, sender.run_id)
    assert store.run(again.run_id).label == "PROJECT-2"


def test_a_fork_keeps_its_parent(store: Store) -> None:
    """A parent goes only with its forks, or after them: what they inherited is not copied."""
    parent, fork = log_run(store, "parent"), log_run(store, "fork")
    with store.database.write() as connection:
        runs = tables.runs
        connection.execute(sa.update(runs).where(runs.c.id == fork.run_id).values(fork_run_id=parent.run_id))
    change(store, "trash", parent.run_id)
    assert change(store, "purge", parent.run_id) == trash.Marked(0, ("PROJECT-1",))
    change(store, "trash", fork.run_id)
    assert change(store, "purge", parent.run_id, fork.run_id) == trash.Marked(2, ())
    purge.purge_rows(store.database, parent.run_id)
    assert rows_left(store, parent.run_id) == {"runs": 1}  # the fork's row refers to it
    with store.database.read() as connection:
        assert purge.given_up(connection, 9) == [fork.run_id, parent.run_id]
    for run_id in (fork.run_id, parent.run_id):
        purge.purge_rows(store.database, run_id)
        assert rows_left(store, run_id) == {}


def test_runs_are_chosen_by_label_and_by_query(store: Store) -> None:
    """A query looks among the runs that are not in the trash, or only there."""
    a, b = log_run(store, "a"), log_run(store, "b")
    change(store, "trash", b.run_id)

    def ids(*, trashed: bool = False, **selection: object) -> list[int]:
        with store.database.read() as connection:
            return selected(connection, Selection(**selection), trashed=trashed)  # type: ignore[arg-type]

    assert ids(project="project", query="") == [a.run_id]
    assert ids(project="project", query="", trashed=True) == [b.run_id]
    assert ids(project="project", query='lr = "b"', trashed=False) == []
    assert ids(labels=["PROJECT-2", "PROJECT-1", "PROJECT-2"]) == [b.run_id, a.run_id]
    with pytest.raises(RunNotFoundError, match="PROJECT-9"):
        ids(labels=["PROJECT-1", "PROJECT-9"])


def test_old_trash_is_purged_by_itself(store: Store) -> None:
    """After so many days, and not before."""
    old, new = log_run(store, "old"), log_run(store, "new")
    change(store, "trash", old.run_id, new.run_id)
    with store.database.write() as connection:
        runs = tables.runs
        long_ago = runs.c.trashed_ms - 31 * trash.MS_PER_DAY
        connection.execute(sa.update(runs).where(runs.c.id == old.run_id).values(trashed_ms=long_ago))
        assert trash.purge_old(connection, days=30, limit=10) == trash.Marked(1, ())
    assert listed(store, trashed=True) == ["new"]


def test_nothing_that_refers_to_a_run_is_forgotten() -> None:
    """A table that gets a reference to runs has to be thought of here, and in `purge`: its rows would keep runs."""
    referring = {
        table.name
        for table in tables.metadata.tables.values()
        if "run_id" in table.c or any(key.column.table.name == "runs" for key in table.foreign_keys)
    }
    assert referring == {*OF_RUNS, "dashboards"}


def test_nothing_of_a_resumed_run_stays(store: Store) -> None:
    """Neither what was abandoned nor what is noted of its attempts."""
    for attempt in range(3):
        began_ms = 1_700_000_000_000 + attempt * 100_000
        sender = store.sender(created_ms=began_ms, ended_ms=began_ms + 1)
        sender.journal.column("a", [(float(step), 0.0) for step in range(5 - attempt, 9)])
        sender.ship()
        store.folder.fold(sender.run_id)
    assert rows_left(store, sender.run_id)["past_attempts"] == 2
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    assert purge.purge_rows(store.database, sender.run_id)
    assert rows_left(store, sender.run_id) == {}


def test_what_people_wrote_about_a_run_stays(store: Store) -> None:
    """A report that was about a run that is gone is the project's."""
    sender = log_run(store, "a")
    values = {"run_id": sender.run_id, "kind": "report", "name": "r", "content": "{}", "created_ms": 0, "changed_ms": 0}
    with store.database.write() as connection:
        project_id = find_project(connection, "project").id
        connection.execute(sa.insert(tables.dashboards).values(project_id=project_id, **values))
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    purge.purge_rows(store.database, sender.run_id)
    assert rows_left(store, sender.run_id) == {}
    with store.database.read() as connection:
        assert connection.execute(sa.select(tables.dashboards.c.run_id)).scalars().all() == [None]


PROGRAM = """
import os, signal, sys
from tidelog_server.database import Database
from tidelog_server.runs import purge

url, run_id, slices = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
purge.CHUNKS_PER_SLICE = purge.SERIES_PER_SLICE = purge.ROWS_PER_SLICE = 2
purge.PAUSE_S = 0
done = 0

def counted(delete_slice):
    def one(connection, run_id):
        global done
        done += 1
        result = delete_slice(connection, run_id)
        if done > slices:
            os.kill(os.getpid(), signal.SIGKILL)  # all is written, and not committed
        return result
    return one

purge._SLICES = tuple(map(counted, purge._SLICES))
purge.purge_rows(Database(url), run_id)
"""


@pytest.mark.parametrize("slices", [0, 1, 3, 6, 9])
def test_killed_in_the_middle_of_a_purge(store: Store, database_url: str, slices: int) -> None:
    """A server that is killed between and within slices goes on where it was, and harms nobody."""
    other, sender = log_run(store, "other"), log_run(store, "a")
    before = rows_left(store, other.run_id)
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    command = [sys.executable, "-c", PROGRAM, database_url, str(sender.run_id), str(slices)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with store.database.read() as connection:
        assert purge.given_up(connection, 9) == [sender.run_id]
    sender.journal.point("s/0", 1.0)
    with pytest.raises(RunDeletedError):
        sender.ship()
    assert purge.purge_rows(store.database, sender.run_id)
    assert rows_left(store, sender.run_id) == {}
    assert rows_left(store, other.run_id) == before


def test_a_run_may_be_purged_while_it_logs_and_is_folded(store: Store) -> None:
    """Whatever comes at the same moment: nothing is left of the run, and its process is told."""
    sender = log_run(store, "a", points=10)
    refused: list[Exception] = []

    def log() -> None:
        for step in range(10_000):
            sender.journal.point("s/0", 1.0, step=step)
            sender.journal.point(f"new/{step}", 1.0, step=step)
            try:
                sender.ship()
                store.folder.fold(sender.run_id)
            except RunDeletedError as error:
                refused.append(error)
                return
            except sa.exc.OperationalError:  # a deadlock, which PostgreSQL ends: answered with 503, and sent again
                continue

    thread = threading.Thread(target=log)
    thread.start()
    change(store, "trash", sender.run_id)
    change(store, "purge", sender.run_id)
    while rows_left(store, sender.run_id):
        try:
            purge.purge_rows(store.database, sender.run_id)
        except (sa.exc.IntegrityError, sa.exc.OperationalError):
            continue  # maintenance tries again, too
    thread.join()
    assert len(refused) == 1
    assert rows_left(store, sender.run_id) == {}
