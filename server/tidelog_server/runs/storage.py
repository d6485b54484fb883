"""Storage: what each run takes, by kind of data, counted now and then where something has changed.

The figures are the lengths of what is stored, without what the database adds for rows and indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.database import Database
from tidelog_server.tables import attributes, chunks, files, object_chunks, runs, series

RECOUNT_MS = 60_000  # a run that grows all the time is counted again after this
SERIES_AT_ONCE = 2_000
ATTRIBUTE_BYTES = 32  # of an attribute beside its text: keys, number, type


@dataclass(frozen=True)
class Usage:
    """Bytes in storage."""

    series_bytes: int
    attribute_bytes: int
    file_bytes: int

    @property
    def bytes(self) -> int:
        """All together."""
        return self.series_bytes + self.attribute_bytes + self.file_bytes


def uncounted(connection: sa.Connection, limit: int) -> list[int]:
    """Runs that have changed since they were counted, those first that were counted longest ago."""
    query = (
        sa.select(runs.c.id)
        .where(runs.c.counted_epoch != runs.c.fold_epoch, runs.c.counted_ms < now_ms() - RECOUNT_MS)
        .order_by(runs.c.counted_ms)
        .limit(limit)
    )
    return list(connection.scalars(query))


def count(database: Database, run_id: int) -> Usage | None:
    """Count what a run takes, and keep it with the run; None if there is no such run.

    The run's moment of change moves by a millisecond, by which tables in memory see that there is something new.
    """
    with database.read() as connection:
        epoch = connection.scalar(sa.select(runs.c.fold_epoch).where(runs.c.id == run_id))
        if epoch is None:
            return None
        usage = Usage(_series(connection, run_id), _attributes(connection, run_id), _files(connection, run_id))
    values = {**vars(usage), "counted_epoch": epoch, "counted_ms": now_ms(), "modified_ms": runs.c.modified_ms + 1}
    with database.write() as connection:
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(values))
    return usage


def note_change(connection: sa.Connection, run_id: int) -> None:
    """Have a run counted again whose files changed, which no fold tells of."""
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(counted_epoch=-1))


def _series(connection: sa.Connection, run_id: int) -> int:
    return sum(
        _chunk_bytes(connection, chunks, ids, chunks.c.data, chunks.c.fine, chunks.c.coarse)
        + _chunk_bytes(connection, object_chunks, ids, object_chunks.c.data)
        for ids in _series_ids(connection, run_id)
    )


def _series_ids(connection: sa.Connection, run_id: int) -> Iterator[list[int]]:
    after = 0
    while True:
        query = sa.select(series.c.id).where(series.c.run_id == run_id, series.c.id > after).order_by(series.c.id)
        ids = list(connection.scalars(query.limit(SERIES_AT_ONCE)))
        if not ids:
            return
        yield ids
        after = ids[-1]


def _chunk_bytes(connection: sa.Connection, table: sa.Table, ids: list[int], *columns: sa.Column[Any]) -> int:
    lengths = [sa.func.coalesce(sa.func.length(column), 0) for column in columns]
    total = sum(lengths[1:], lengths[0])
    return int(connection.scalar(sa.select(_sum(total)).where(table.c.series_id.in_(ids))) or 0)


def _attributes(connection: sa.Connection, run_id: int) -> int:
    length = sa.func.coalesce(sa.func.length(attributes.c.text), 0) + ATTRIBUTE_BYTES
    return int(connection.scalar(sa.select(_sum(length)).where(attributes.c.run_id == run_id)) or 0)


def _files(connection: sa.Connection, run_id: int) -> int:
    arrived = files.c.blob_id.is_not(None)
    return int(connection.scalar(sa.select(_sum(files.c.bytes)).where(files.c.run_id == run_id, arrived)) or 0)


def _sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(column), 0)
