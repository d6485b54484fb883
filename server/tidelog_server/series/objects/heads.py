"""The head of a series of objects: one row that says of what type it is, how far it goes, and which chunk is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from tidelog_server.series.heads import FLOAT_SERIES, within
from tidelog_server.series.objects.chunks import SERIES_PER_STATEMENT
from tidelog_server.series.points import Int64s
from tidelog_server.tables import series


@dataclass(frozen=True)
class ObjectHead:
    """One series; `step_last` is its greatest step, `open_step` where its last chunk begins."""

    id: int
    run_id: int
    path_id: int
    type: str
    points: int
    step_last: int
    open_step: int
    open_points: int


def load_object_heads(connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int]) -> list[ObjectHead]:
    """The heads of the series of objects, of all pairs of these runs and paths."""
    columns = (series.c[name] for name in ObjectHead.__dataclass_fields__)
    found: list[ObjectHead] = []
    runs, rest = sorted(set(run_ids)), iter(sorted(set(path_ids)))
    query = sa.select(*columns).where(
        series.c.run_id.in_(runs), series.c.abandoned_by == 0, series.c.type != FLOAT_SERIES
    )
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        found.extend(ObjectHead(*row) for row in connection.execute(query.where(series.c.path_id.in_(part))))
    return found


def object_heads_of(connection: sa.Connection, run_id: int, path_ids: Int64s) -> list[ObjectHead]:
    """The heads of the series of objects of a run at these paths, which ascend."""
    columns = (series.c[name] for name in ObjectHead.__dataclass_fields__)
    query = sa.select(*columns).where(
        series.c.run_id == run_id, series.c.abandoned_by == 0, series.c.type != FLOAT_SERIES
    )
    wanted = set(path_ids.tolist())
    found = (
        ObjectHead(*row)
        for condition in within(series.c.path_id, path_ids)
        for row in connection.execute(query.where(condition))
    )
    return [head for head in found if head.path_id in wanted]


def insert_heads(connection: sa.Connection, heads: Sequence[ObjectHead]) -> dict[int, int]:
    """Add heads, whose ids are given now; returns the id by path id."""
    if not heads:
        return {}
    statement = sa.insert(series).returning(series.c.path_id, series.c.id)
    values = [
        {"run_id": head.run_id, "path_id": head.path_id, "type": head.type, "finite": 0, **_columns(head)}
        for head in heads
    ]
    return {row.path_id: row.id for row in connection.execute(statement, values)}


def update_heads(connection: sa.Connection, heads: Sequence[ObjectHead]) -> None:
    """Write heads that exist already."""
    if not heads:
        return
    statement = (
        sa.update(series)
        .where(series.c.id == sa.bindparam("of_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in _columns(heads[0])})
    )
    connection.execute(
        statement,
        [{"of_id": head.id, **{f"new_{name}": value for name, value in _columns(head).items()}} for head in heads],
    )


def _columns(head: ObjectHead) -> dict[str, int]:
    return {
        "points": head.points,
        "step_last": head.step_last,
        "open_step": head.open_step,
        "open_points": head.open_points,
    }
