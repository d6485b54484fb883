"""The ingest log: acknowledged batches that are not folded yet, oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.ingest.batches import BatchCache, LoggedBatch, load
from tidelog_server.runs.paths import load_writer_paths
from tidelog_server.runs.writers import Writer
from tidelog_server.tables import ingest_log, runs, writers

NO_PATHS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Entry:
    """One row of the log, its batch decoded; `attempt` is that of its writer, `attempts` how many its run has had."""

    id: int
    run_id: int
    attempt: int
    attempts: int
    batch: LoggedBatch


def append(connection: sa.Connection, writer: Writer, payload: bytes, points: int) -> int:
    """Add a batch behind all others; the id of its row."""
    values = {
        "run_id": writer.run_id,
        "writer_id": writer.id,
        "first_path": writer.defined_paths,
        "points": points,
        "received_ms": now_ms(),
        "payload": payload,
    }
    return int(connection.scalar(sa.insert(ingest_log).values(values).returning(ingest_log.c.id)) or 0)


def waiting(connection: sa.Connection, run_ids: Iterable[int]) -> dict[int, list[int]]:
    """For each of these runs that has any, the ids of its unfolded batches, in order."""
    found: dict[int, list[int]] = {}
    query = (
        sa.select(ingest_log.c.run_id, ingest_log.c.id)
        .where(ingest_log.c.run_id.in_(list(run_ids)))
        .order_by(ingest_log.c.run_id, ingest_log.c.id)
    )
    for run_id, log_id in connection.execute(query):
        found.setdefault(run_id, []).append(log_id)
    return found


def oldest(connection: sa.Connection, run_id: int, *, batches: int, points: int) -> list[int]:
    """The ids of a run's oldest unfolded batches: at most so many, and no more after so many points."""
    query = (
        sa.select(ingest_log.c.id, ingest_log.c.points)
        .where(ingest_log.c.run_id == run_id)
        .order_by(ingest_log.c.id)
        .limit(batches)
    )
    chosen: list[int] = []
    total = 0
    for log_id, count in connection.execute(query):
        if chosen and total + count > points:
            break
        chosen.append(log_id)
        total += count
    return chosen


def runs_waiting(connection: sa.Connection) -> list[int]:
    """Every run with unfolded batches."""
    return list(connection.scalars(sa.select(ingest_log.c.run_id).distinct()))


def entries(connection: sa.Connection, log_ids: list[int], cache: BatchCache) -> list[Entry]:
    """These rows of the log, decoded, in order."""
    known = {log_id: cache.get(log_id) for log_id in log_ids}
    missing = [log_id for log_id, batch in known.items() if batch is None]
    query = (
        sa.select(
            ingest_log.c.id,
            ingest_log.c.run_id,
            ingest_log.c.writer_id,
            ingest_log.c.first_path,
            writers.c.attempt,
            runs.c.attempt.label("attempts"),
        )
        .join(writers, writers.c.id == ingest_log.c.writer_id)
        .join(runs, runs.c.id == ingest_log.c.run_id)
        .where(ingest_log.c.id.in_(log_ids))
        .order_by(ingest_log.c.id)
    )
    rows = connection.execute(query).all()
    if missing:
        query = sa.select(ingest_log.c.id, ingest_log.c.payload).where(ingest_log.c.id.in_(missing))
        payloads: dict[int, bytes] = {row.id: row.payload for row in connection.execute(query)}
        path_ids = load_writer_paths(connection, (row.writer_id for row in rows))
        for row in rows:
            if row.id in payloads:
                batch = load(payloads[row.id], row.first_path, path_ids.get(row.writer_id, NO_PATHS), row.writer_id)
                cache.put(row.id, batch)
                known[row.id] = batch
    return [
        Entry(row.id, row.run_id, row.attempt, row.attempts, found)
        for row in rows
        if (found := known[row.id]) is not None
    ]


def remove(connection: sa.Connection, log_ids: list[int]) -> None:
    """Delete rows that have been folded."""
    connection.execute(sa.delete(ingest_log).where(ingest_log.c.id.in_(log_ids)))
