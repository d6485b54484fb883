"""Which attempt of its run a writer belongs to, in whatever order writers come to the server.

Writers that run side by side, ranks or forked children, are one attempt. One that began when all before it were over
begins another. Journals of a run that was resumed on several machines, offline, come home in any order: one that was
over before an attempt began gets a place before it, and the numbers of the later attempts go up.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.clock import now_ms
from tidelog_server.series.heads import has_chunks
from tidelog_server.tables import past_attempts, runs, series, writers

SILENT_AFTER_MS = 25_000  # clients send a heartbeat every 5 s: one that missed several does not run beside a new writer


@dataclass(frozen=True)
class _Life:
    """A writer by the clocks of the clients: `ended_ms` is None while it runs."""

    attempt: int
    created_ms: int
    ended_ms: int | None


def attempt_of(connection: sa.Connection, run_id: int, created_ms: int, ended_ms: int | None) -> int:
    """The attempt of a writer that is registered now; `ended_ms` says when it ended, if it is known to be over."""
    connection.execute(sa.select(runs.c.id).where(runs.c.id == run_id).with_for_update(key_share=True))
    lives = _lives(connection, run_id)
    beside = [
        life
        for life in lives
        if (life.ended_ms is None or life.ended_ms > created_ms) and (ended_ms is None or life.created_ms < ended_ms)
    ]
    began_before = [life.attempt for life in beside if life.created_ms <= created_ms]
    if beside:
        return max(began_before) if began_before else min(life.attempt for life in beside)
    number = 1 + max((life.attempt for life in lives if life.created_ms <= created_ms), default=-1)
    newest = max((life.attempt for life in lives), default=-1)
    if number <= newest:
        _make_room(connection, run_id, number)
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(attempt=max(number, newest + 1)))
    return number


def _lives(connection: sa.Connection, run_id: int) -> list[_Life]:
    names = ("attempt", "created_ms", "ended_ms", "over_ms", "state", "seen_ms")
    query = sa.select(*(writers.c[name] for name in names)).where(writers.c.run_id == run_id)
    silent_ms = now_ms() - SILENT_AFTER_MS
    found = []
    for row in connection.execute(query):
        is_silent = row.state == "running" and row.seen_ms < silent_ms
        ended_ms = row.created_ms if is_silent else row.ended_ms
        found.append(_Life(row.attempt, row.created_ms, ended_ms if row.over_ms is None else row.over_ms))
    return found


def _make_room(connection: sa.Connection, run_id: int, number: int) -> None:
    """Raise the number of each attempt from this one on, in what is noted of it and what it abandoned as well.

    A fold that was worked out before fails by the run's epoch.
    """
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(fold_epoch=runs.c.fold_epoch + 1))
    later = (writers.c.run_id == run_id, writers.c.attempt >= number)
    connection.execute(sa.update(writers).where(*later).values(attempt=writers.c.attempt + 1))
    curves = (series.c.run_id == run_id, has_chunks(), series.c.attempt >= number)
    connection.execute(sa.update(series).where(*curves).values(attempt=series.c.attempt + 1))
    _raise_each(connection, series.c.abandoned_by, run_id, max(number, 1))
    _raise_each(connection, past_attempts.c.attempt, run_id, number)


def _raise_each(connection: sa.Connection, column: sa.Column[int], run_id: int, number: int) -> None:
    """Raise what is part of a key, from the last number on: so each is free by then."""
    mine = column.table.c.run_id == run_id
    found = connection.scalars(sa.select(column).where(mine, column >= number).distinct())
    for one in sorted(found, reverse=True):
        connection.execute(sa.update(column.table).where(mine, column == one).values({column.name: one + 1}))
