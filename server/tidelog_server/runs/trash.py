"""The trash: runs that nobody sees any more in lists, queries and comparisons, until they are restored or purged.

A run in the trash is whole, its page can still be opened by its address, and its processes go on logging to it. The
versions of a model go with the model. Purging is final: from that moment the run is gone for everybody, while its rows
are deleted bit by bit by `purge`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidelog_server.clock import now_ms
from tidelog_server.query.expressions import in_ids
from tidelog_server.runs.runs import Run, as_run, select_runs
from tidelog_server.tables import purged_writers, runs, writers

MS_PER_DAY = 24 * 3600 * 1000
LISTED = 1_000


@dataclass(frozen=True)
class Marked:
    """What became of a purge: how many runs are gone, and the labels of those that stay because of their forks."""

    purged: int
    kept: tuple[str, ...]


def trash(connection: sa.Connection, ids: Collection[int]) -> int:
    """Put runs in the trash, models with their versions; how many were not there yet."""
    return _set(connection, _with_versions(ids), runs.c.trashed_ms.is_(None), now_ms())


def restore(connection: sa.Connection, ids: Collection[int]) -> int:
    """Take runs out of the trash: a model with those of its versions that went with it, a version with its model."""
    together = sa.select(runs.c.trashed_ms).where(in_ids(runs.c.id, ids))
    models = sa.select(runs.c.parent_id).where(in_ids(runs.c.id, ids), runs.c.parent_id.is_not(None))
    with_them = in_ids(runs.c.parent_id, ids) & runs.c.trashed_ms.in_(together)
    chosen = in_ids(runs.c.id, ids) | with_them | runs.c.id.in_(models)
    return _set(connection, chosen, runs.c.trashed_ms.is_not(None), None)


def purge(connection: sa.Connection, ids: Collection[int]) -> Marked:
    """Give up those of these runs that are in the trash; others are left alone.

    A run stays in the trash while another run that is not given up was forked from it: that one's history is its own.
    """
    chosen = _in_trash(connection, ids)
    kept: dict[int, str] = {}
    while needed := _needed(connection, chosen):
        kept |= needed
        chosen -= needed.keys()
    return Marked(_mark(connection, chosen), tuple(sorted(kept.values())))


def purge_old(connection: sa.Connection, *, days: float, limit: int) -> Marked:
    """Give up what has been in the trash for so many days."""
    query = (
        sa.select(runs.c.id)
        .where(runs.c.trashed_ms < now_ms() - round(days * MS_PER_DAY), runs.c.purge_ms.is_(None))
        .order_by(runs.c.trashed_ms)
        .limit(limit)
    )
    old = list(connection.scalars(query))
    return purge(connection, old) if old else Marked(0, ())


def trashed_runs(connection: sa.Connection, project_id: int, limit: int = LISTED) -> list[Run]:
    """What is in the trash of a project, the latest first."""
    query = (
        select_runs()
        .where(runs.c.project_id == project_id, runs.c.trashed_ms.is_not(None), runs.c.purge_ms.is_(None))
        .order_by(runs.c.trashed_ms.desc(), runs.c.id.desc())
        .limit(limit)
    )
    return [as_run(row) for row in connection.execute(query)]


def ids_in_trash(connection: sa.Connection, project_id: int) -> list[int]:
    """Everything in the trash of a project, of every kind."""
    query = sa.select(runs.c.id).where(
        runs.c.project_id == project_id, runs.c.trashed_ms.is_not(None), runs.c.purge_ms.is_(None)
    )
    return list(connection.scalars(query))


def remember_writers(connection: sa.Connection, *chosen: sa.ColumnElement[bool]) -> None:
    """Keep the names of writers that go with their run."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    moment = sa.literal(now_ms(), sa.BigInteger)
    rows = sa.select(writers.c.name, runs.c.label, moment).join(runs, runs.c.id == writers.c.run_id).where(*chosen)
    insert = dialect.insert(purged_writers).from_select(["name", "label", "purged_ms"], rows)
    connection.execute(insert.on_conflict_do_nothing())


def _with_versions(ids: Collection[int]) -> sa.ColumnElement[bool]:
    return in_ids(runs.c.id, ids) | in_ids(runs.c.parent_id, ids)


def _set(
    connection: sa.Connection, chosen: sa.ColumnElement[bool], now: sa.ColumnElement[bool], trashed_ms: int | None
) -> int:
    changed = sa.update(runs).where(chosen, now, runs.c.purge_ms.is_(None))
    return connection.execute(changed.values(trashed_ms=trashed_ms, modified_ms=now_ms())).rowcount


def _in_trash(connection: sa.Connection, ids: Collection[int]) -> set[int]:
    query = sa.select(runs.c.id).where(_with_versions(ids), runs.c.trashed_ms.is_not(None), runs.c.purge_ms.is_(None))
    return set(connection.scalars(query))


def _needed(connection: sa.Connection, chosen: Collection[int]) -> dict[int, str]:
    """Those of these runs, with their labels, that a run which stays was forked from, or is a version of."""
    child, parent = runs.alias(), runs.alias()
    origin = (child.c.fork_run_id == parent.c.id) | (child.c.parent_id == parent.c.id)
    stays = sa.and_(child.c.purge_ms.is_(None), ~in_ids(child.c.id, chosen))
    query = sa.select(parent.c.id, parent.c.label).where(
        in_ids(parent.c.id, chosen), sa.exists(sa.select(sa.literal(1)).where(origin, stays).correlate(parent))
    )
    return {row.id: row.label for row in connection.execute(query)}


def _mark(connection: sa.Connection, ids: Collection[int]) -> int:
    """Nobody sees these any more. Their keys are free for new runs, and folds that were worked out before fail.

    The names of their writers are kept: a process that still sends is told that its run was deleted.
    """
    remember_writers(connection, in_ids(writers.c.run_id, ids))
    values = {
        "purge_ms": now_ms(),
        "key": sa.literal("\x7f") + sa.cast(runs.c.id, sa.String),
        "fold_epoch": runs.c.fold_epoch + 1,
    }
    return connection.execute(sa.update(runs).where(in_ids(runs.c.id, ids)).values(values)).rowcount
