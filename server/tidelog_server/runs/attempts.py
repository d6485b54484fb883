"""Attempts of a run: how often it was resumed, by which machines, and what each attempt left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tidelog_server.runs.runs import Run
from tidelog_server.runs.writers import REPLACED
from tidelog_server.series import history, past_attempts
from tidelog_server.series.past_attempts import Past
from tidelog_server.tables import chunks, object_chunks, paths, runs, series, writers

PAGE = 1_000  # attempts that are listed at once
HOSTS = 100  # of an attempt that are named at the most
PAGE_STRETCHES = 5_000
FORKS = 200  # listed at the most


@dataclass(frozen=True)
class Attempt:
    """One attempt: attempt 0 began the run, each further one resumed it. Times are milliseconds since 1970 UTC.

    `first_step` is the least step that it took over from earlier attempts, in millionths; None if it abandoned nothing.
    `abandoned` counts the points of earlier attempts that it left behind. `hosts` are at most 100.
    """

    number: int
    hosts: tuple[str, ...]
    writers: int
    started_ms: int
    ended_ms: int | None
    first_step: int | None
    abandoned: int


def attempts_of(connection: sa.Connection, run: Run, *, after: int = -1, limit: int = PAGE) -> list[Attempt]:
    """The attempts of a run behind the one of this number, the first one first. Fold the run before."""
    number, is_running = writers.c.attempt, sa.case((writers.c.state == "running", 1), else_=0)
    spans = sa.select(
        number.label("number"),
        sa.func.count().label("writers"),
        sa.func.min(writers.c.created_ms).label("started_ms"),
        sa.func.max(writers.c.ended_ms).label("ended_ms"),
        sa.func.max(is_running).label("is_running"),
    )
    rows = connection.execute(spans.where(_counts(run.id, after)).group_by(number).order_by(number).limit(limit)).all()
    hosts = _hosts(connection, run.id, after, rows[-1].number) if rows else {}
    first_steps, abandoned = _first_steps(connection, run.id), _abandoned(connection, run.id)
    return [
        Attempt(
            number=row.number,
            hosts=tuple(hosts.get(row.number, ())),
            writers=row.writers,
            started_ms=row.started_ms,
            ended_ms=None if row.is_running else row.ended_ms,
            first_step=first_steps.get(row.number),
            abandoned=abandoned.get(row.number, 0),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Beginning:
    """Where an attempt began to log to a series, and the steps before that which it logged later; in millionths."""

    attempt: int
    first_step: int
    behind: list[int]


@dataclass(frozen=True)
class Stretch:
    """Part of a series that is not simply what attempt 0 logged: a curve that `attempt` went on with from `first_step`
    (in millionths) on, with the `beginnings` of all attempts, or what it abandoned by that.
    """

    id: int
    path: str
    type: str
    attempt: int
    first_step: int
    is_abandoned: bool
    points: int
    beginnings: list[Beginning]


def stretches_of(connection: sa.Connection, run_id: int, after: int = 0) -> tuple[list[Stretch], int | None]:
    """The stretches of a run, a page behind the one with the id `after`, and where the next page begins."""
    names = ("id", "path_id", "type", "attempt", "attempt_step", "abandoned_by", "points", "step_last")
    query = (
        sa.select(*(series.c[name] for name in names), paths.c.path)
        .join(paths, paths.c.id == series.c.path_id)
        .where(series.c.run_id == run_id, series.c.open_step.is_not(None), series.c.id > after)
        .where((series.c.abandoned_by > 0) | (series.c.attempt > 0))
        .order_by(series.c.id)
        .limit(PAGE_STRETCHES + 1)
    )
    rows = connection.execute(query).all()
    page = rows[:PAGE_STRETCHES]
    fork_step = connection.scalar(sa.select(runs.c.fork_step).where(runs.c.id == run_id))
    past = past_attempts.load(connection, run_id, np.array(sorted({row.path_id for row in page}), np.int64))
    found = [_stretch(row, past.get(row.path_id, {}), fork_step) for row in page]
    return found, found[-1].id if len(rows) > PAGE_STRETCHES else None


def _stretch(row: Any, past: Past, fork_step: int | None) -> Stretch:
    begun: list[Beginning] = []
    if row.abandoned_by <= 0:
        known = past_attempts.with_newest(past, row.attempt, row.attempt_step, row.step_last)
        firsts = history.first_steps(known, fork_step)
        begun = [Beginning(number, step, known[number].behind.tolist()) for number, step in firsts.items()]
    return Stretch(
        id=row.id,
        path=row.path,
        type=row.type,
        attempt=row.abandoned_by if row.abandoned_by > 0 else row.attempt,
        first_step=begun[-1].first_step if begun else row.attempt_step,
        is_abandoned=row.abandoned_by > 0,
        points=row.points,
        beginnings=begun,
    )


def forks_of(connection: sa.Connection, run_id: int) -> list[tuple[str, int]]:
    """Label and step of the runs that were forked from this one and are not in the trash, at most 200."""
    query = (
        sa.select(runs.c.label, runs.c.fork_step)
        .where(runs.c.fork_run_id == run_id, runs.c.trashed_ms.is_(None))
        .order_by(runs.c.id)
        .limit(FORKS)
    )
    return [(label, step) for label, step in connection.execute(query)]


def has_forks(connection: sa.Connection, run_id: int) -> bool:
    """Whether a run that is not in the trash was forked from this one."""
    query = sa.select(runs.c.id).where(runs.c.fork_run_id == run_id, runs.c.trashed_ms.is_(None))
    return connection.scalar(query.limit(1)) is not None


def _counts(run_id: int, after: int) -> sa.ColumnElement[bool]:
    """Whether a writer belongs to an attempt of the run behind this one."""
    return (writers.c.run_id == run_id) & (writers.c.attempt > after) & writers.c.origin.is_distinct_from(REPLACED)


def _hosts(connection: sa.Connection, run_id: int, after: int, last: int) -> dict[int, list[str]]:
    """The machines of each attempt between two, in the order in which they began."""
    number, began = writers.c.attempt, sa.func.min(writers.c.created_ms)
    place = sa.func.row_number().over(partition_by=number, order_by=(began, writers.c.host)).label("place")
    each = (
        sa.select(number, writers.c.host, place)
        .where(_counts(run_id, after), number <= last, writers.c.host.is_not(None), writers.c.host != "")
        .group_by(number, writers.c.host)
        .subquery()
    )
    found: dict[int, list[str]] = {}
    query = sa.select(each.c.attempt, each.c.host).where(each.c.place <= HOSTS)
    for attempt, host in connection.execute(query.order_by(each.c.attempt, each.c.place)):
        found.setdefault(attempt, []).append(host)
    return found


def _first_steps(connection: sa.Connection, run_id: int) -> dict[int, int]:
    """The least step that each attempt abandoned. Not the least that it logged: monitoring counts steps of its own."""
    found: dict[int, int] = {}
    for table in (chunks, object_chunks):
        query = (
            sa.select(series.c.abandoned_by, sa.func.min(table.c.step_min))
            .join(table, table.c.series_id == series.c.id)
            .where(series.c.run_id == run_id, series.c.abandoned_by > 0)
            .group_by(series.c.abandoned_by)
        )
        for number, step in connection.execute(query):
            found[number] = min(int(step), found.get(number, int(step)))
    return found


def _abandoned(connection: sa.Connection, run_id: int) -> dict[int, int]:
    query = (
        sa.select(series.c.abandoned_by, sa.func.sum(series.c.points))
        .where(series.c.run_id == run_id, series.c.abandoned_by > 0)
        .group_by(series.c.abandoned_by)
    )
    return {number: int(points) for number, points in connection.execute(query)}
