"""Purging: the rows of runs that were given up, deleted slice by slice.

Each slice is a short transaction of its own, so that ingest never waits for long and memory stays small whatever the
run's size. A server that is killed in between goes on where it was: the run's own row goes last, and until then says
what is left to do. Blobs that no row refers to any more are collected by the blob store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.runs.trash import remember_writers
from tidelog_server.tables import (
    artifact_links,
    attributes,
    chunks,
    dashboards,
    events,
    file_parts,
    file_set_entries,
    files,
    ingest_log,
    inherited_series,
    object_chunks,
    past_attempts,
    runs,
    series,
    writer_paths,
    writers,
)

SERIES_PER_SLICE = 500
CHUNKS_PER_SLICE = 256  # of up to about 150 KB each
ROWS_PER_SLICE = 2_000
PAUSE_S = 0.01  # between two slices, in which whoever waits for the database gets it

Slice = Callable[[sa.Connection, int], bool]


def given_up(connection: sa.Connection, limit: int) -> list[int]:
    """Runs of which rows are left. Forks and versions come before what they belong to, whose row they refer to."""
    query = (
        sa.select(runs.c.id)
        .where(runs.c.purge_ms.is_not(None))
        .order_by(runs.c.purge_ms, runs.c.id.desc())
        .limit(limit)
    )
    return list(connection.scalars(query))


def purge_rows(database: Database, run_id: int, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Delete the rows of one run that was given up; False if `go_on` said to stop before the end, or forks are left.

    May be repeated after any interruption, and by several processes at once.
    """
    for delete_slice in _SLICES:
        while _one(database, delete_slice, run_id):
            if not go_on():
                return False
            time.sleep(PAUSE_S)
    return True


def _one(database: Database, delete_slice: Slice, run_id: int) -> bool:
    with database.write() as connection:
        return delete_slice(connection, run_id)


def _log(connection: sa.Connection, run_id: int) -> bool:
    """Batches that were not folded. A fold that is worked out meanwhile fails by the run's epoch.

    The run's row comes first, as in a fold: else each could wait for the other for ever.
    """
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(fold_epoch=runs.c.fold_epoch + 1))
    ids = list(connection.scalars(sa.select(ingest_log.c.id).where(ingest_log.c.run_id == run_id).limit(64)))
    connection.execute(sa.delete(ingest_log).where(ingest_log.c.id.in_(ids)))
    return bool(ids)


def _series(connection: sa.Connection, run_id: int) -> bool:
    """Some chunks of the first series; once they have none, the series themselves."""
    first = sa.select(series.c.id).where(series.c.run_id == run_id).order_by(series.c.id).limit(SERIES_PER_SLICE)
    ids = list(connection.scalars(first))
    if not ids:
        return False
    room = CHUNKS_PER_SLICE
    for table in (chunks, object_chunks):
        query = sa.select(table.c.series_id, table.c.step_min).where(table.c.series_id.in_(ids)).limit(room)
        keys = [tuple(row) for row in connection.execute(query)]
        if keys:
            connection.execute(sa.delete(table).where(sa.tuple_(table.c.series_id, table.c.step_min).in_(keys)))
        room -= len(keys)
        if not room:
            return True
    connection.execute(sa.delete(series).where(series.c.id.in_(ids)))
    return True


def _rows_of_run(table: sa.Table, *key: str) -> Slice:
    """Deletes rows that have a run_id, and are told apart by these columns within the run."""
    columns = [table.c[name] for name in key]

    def delete_slice(connection: sa.Connection, run_id: int) -> bool:
        query = sa.select(*columns).where(table.c.run_id == run_id).limit(ROWS_PER_SLICE)
        return _delete(connection, table, columns, query, table.c.run_id == run_id)

    return delete_slice


def _rows_of(child: sa.Table, parent: sa.Table, reference: str, *key: str) -> Slice:
    """Deletes rows that refer to rows which have a run_id."""
    columns = [child.c[name] for name in key]

    def delete_slice(connection: sa.Connection, run_id: int) -> bool:
        joined = child.join(parent, parent.c.id == child.c[reference])
        query = sa.select(*columns).select_from(joined).where(parent.c.run_id == run_id).limit(ROWS_PER_SLICE)
        return _delete(connection, child, columns, query)

    return delete_slice


def _delete(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[sa.Column[object]],
    query: sa.Select[tuple[object, ...]],
    *conditions: sa.ColumnElement[bool],
) -> bool:
    keys = [tuple(row) for row in connection.execute(query)]
    if keys:
        connection.execute(sa.delete(table).where(*conditions, sa.tuple_(*columns).in_(keys)))
    return bool(keys)


def _dashboards(connection: sa.Connection, run_id: int) -> bool:
    """What people wrote about the run stays, as the project's."""
    connection.execute(sa.update(dashboards).where(dashboards.c.run_id == run_id).values(run_id=None))
    return False


def _writers(connection: sa.Connection, run_id: int) -> bool:
    """The writers go, and their names stay."""
    ids = list(connection.scalars(sa.select(writers.c.id).where(writers.c.run_id == run_id).limit(ROWS_PER_SLICE)))
    remember_writers(connection, writers.c.id.in_(ids))
    connection.execute(sa.delete(writers).where(writers.c.id.in_(ids)))
    return bool(ids)


def _run(connection: sa.Connection, run_id: int) -> bool:
    """The row of the run, unless another refers to it that is to go first."""
    other = runs.alias()
    refers = sa.exists().where((other.c.fork_run_id == run_id) | (other.c.parent_id == run_id))
    given_up_too = runs.c.purge_ms.is_not(None)
    connection.execute(sa.delete(runs).where(runs.c.id == run_id, given_up_too, ~refers))
    return False


_SLICES: tuple[Slice, ...] = (
    _log,
    _series,
    _rows_of_run(inherited_series, "run_id"),
    _rows_of_run(past_attempts, "path_id", "attempt"),
    _rows_of_run(attributes, "path_id"),
    _rows_of_run(file_set_entries, "path_id", "name"),
    _rows_of(file_parts, files, "file_id", "file_id", "position"),
    _rows_of_run(files, "id"),
    _rows_of_run(artifact_links, "version_id", "role"),
    _rows_of_run(events, "id"),
    _rows_of(writer_paths, writers, "writer_id", "writer_id", "first"),
    _dashboards,
    _writers,
    _run,
)
