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
from tidelog_server.tables import chunks, object_chunks, runs, series, writers

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
    columns = (writers.c.attempt, writers.c.created_ms, writers.c.ended_ms, writers.c.state, writers.c.seen_ms)
    silent_ms = now_ms() - SILENT_AFTER_MS
    found = []
    for row in connection.execute(sa.select(*columns).where(writers.c.run_id == run_id)):
        is_silent = row.state == "running" and row.seen_ms < silent_ms
        found.append(_Life(row.attempt, row.created_ms, row.created_ms if is_silent else row.ended_ms))
    return found


def _make_room(connection: sa.Connection, run_id: int, number: int) -> None:
    """Raise the number of each attempt from this one on, in what it logged and what it abandoned as well.

    A fold that was worked out before fails by the run's epoch. Of a curve of attempt 0 nobody noted where it begins.
    """
    mine = series.c.run_id == run_id
    connection.execute(sa.update(runs).where(runs.c.id == run_id).values(fold_epoch=runs.c.fold_epoch + 1))
    later = (writers.c.run_id == run_id, writers.c.attempt >= number)
    connection.execute(sa.update(writers).where(*later).values(attempt=writers.c.attempt + 1))
    first_step = sa.func.coalesce(_first_step(chunks), _first_step(object_chunks))
    values = {
        "attempt": series.c.attempt + 1,
        "attempt_step": sa.case(
            (series.c.attempt == 0, sa.func.coalesce(first_step, series.c.attempt_step)), else_=series.c.attempt_step
        ),
    }
    curves = (mine, has_chunks(), series.c.attempt >= number)
    connection.execute(sa.update(series).where(*curves).values(values))
    abandoned = sa.select(series.c.abandoned_by).where(mine, series.c.abandoned_by >= max(number, 1)).distinct()
    for by in sorted(connection.scalars(abandoned), reverse=True):  # from the last on: each number is free by then
        moved = sa.update(series).where(mine, series.c.abandoned_by == by)
        connection.execute(moved.values(abandoned_by=by + 1))


def _first_step(table: sa.Table) -> sa.ScalarSelect[int]:
    """Where a series begins whose chunks are in this table."""
    return sa.select(sa.func.min(table.c.step_min)).where(table.c.series_id == series.c.id).scalar_subquery()
