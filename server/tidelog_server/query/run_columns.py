"""Columns of the run that look like attributes: each as an SQL expression on a row of `runs`.

What follows from several columns, or from the moment of the query, is worked out here and nowhere else in SQL.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

MS_PER_S = 1000.0


def column_of_run(path: str, run: sa.FromClause, now_ms: int) -> sa.ColumnElement[Any]:
    """The value of one of `VIRTUAL` for a run: text, number, or milliseconds; NULL only for a missing end."""
    columns: dict[str, sa.ColumnElement[Any]] = {
        "sys/id": run.c.label,
        "sys/name": run.c.name,
        "sys/custom_run_id": run.c.key,
        "sys/state": run.c.state,
        "sys/creation_time": run.c.created_ms,
        "sys/ended_time": run.c.ended_ms,
        "sys/modification_time": sa.func.coalesce(run.c.modified_ms, run.c.created_ms),
        "sys/running_time": _running_s(run, now_ms),
        "sys/size": sa.cast(run.c.series_bytes + run.c.attribute_bytes + run.c.file_bytes, sa.Double),
        "sys/failed": sa.case((run.c.state == "failed", 1.0), else_=0.0),
        "sys/trashed": sa.case((run.c.trashed_ms.is_not(None), 1.0), else_=0.0),
    }
    return columns[path]


def _running_s(run: sa.FromClause, now_ms: int) -> sa.ColumnElement[Any]:
    """How long its processes lived, as `Run.running_ms` says it."""
    since = run.c.running_since_ms
    now = sa.literal(now_ms, sa.BigInteger)
    going_on = sa.case((since.is_(None), 0), (since > now, 0), else_=now - since)
    return sa.cast(run.c.ran_ms + going_on, sa.Double) / sa.literal(MS_PER_S, sa.Double)
