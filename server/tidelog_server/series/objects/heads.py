"""The head of a series of objects: one row that says of what type it is, how far it goes, and which chunk is open.

As of series of numbers, what an attempt left behind has a head of its own, and a fork has two for a curve: that of the
whole lineage, which has no chunks, and that of what the fork logged itself (`OWN`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from tidelog_server.series.heads import FLOAT_SERIES, has_chunks, is_of_lineage, within
from tidelog_server.series.objects.chunks import SERIES_PER_STATEMENT
from tidelog_server.series.points import Int64s
from tidelog_server.tables import object_chunks, series

HeadKey = tuple[int, int]  # id of the path, and `abandoned_by`


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
    abandoned_by: int = 0
    attempt: int = 0
    attempt_step: int = 0


def load_object_heads(
    connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int], *, abandoned_by: int = 0
) -> list[ObjectHead]:
    """The heads of the series of objects, of all pairs of these runs and paths: the curves (of a fork what it logged
    itself), or what an attempt left behind.
    """
    which = series.c.abandoned_by == abandoned_by if abandoned_by else has_chunks()
    return _load(connection, run_ids, path_ids, which)


def load_objects_left_behind(
    connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int]
) -> list[ObjectHead]:
    """The heads of whatever any attempt left behind, of all pairs of these runs and paths."""
    return _load(connection, run_ids, path_ids, series.c.abandoned_by > 0)


def load_lineage_heads(connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int]) -> list[ObjectHead]:
    """The heads that say what forks' series are over the whole lineage, of all pairs of these runs and paths."""
    return _load(connection, run_ids, path_ids, is_of_lineage())


def _load(
    connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int], which: sa.ColumnElement[bool]
) -> list[ObjectHead]:
    found: list[ObjectHead] = []
    runs, rest = sorted(set(run_ids)), iter(sorted(set(path_ids)))
    query = select_heads().where(series.c.run_id.in_(runs), which)
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        found.extend(ObjectHead(*row) for row in connection.execute(query.where(series.c.path_id.in_(part))))
    return found


def object_heads_of(connection: sa.Connection, run_id: int, path_ids: Int64s) -> list[ObjectHead]:
    """The heads of the series of objects that a run logged at these paths, which ascend."""
    query = select_heads().where(series.c.run_id == run_id, has_chunks())
    wanted = set(path_ids.tolist())
    found = (
        ObjectHead(*row)
        for condition in within(series.c.path_id, path_ids)
        for row in connection.execute(query.where(condition))
    )
    return [head for head in found if head.path_id in wanted]


def select_heads() -> sa.Select[Any]:
    """All heads of series of objects."""
    return sa.select(*(series.c[name] for name in ObjectHead.__dataclass_fields__)).where(series.c.type != FLOAT_SERIES)


def insert_heads(connection: sa.Connection, heads: Sequence[ObjectHead]) -> Mapping[HeadKey, int]:
    """Add heads, whose ids are given now and returned."""
    if not heads:
        return {}
    statement = sa.insert(series).returning(series.c.path_id, series.c.abandoned_by, series.c.id)
    values = [
        {"run_id": head.run_id, "path_id": head.path_id, "type": head.type, "finite": 0, **_columns(head)}
        for head in heads
    ]
    return {(row.path_id, row.abandoned_by): row.id for row in connection.execute(statement, values)}


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
        "abandoned_by": head.abandoned_by,
        "attempt": head.attempt,
        "attempt_step": head.attempt_step,
        "points": head.points,
        "step_last": head.step_last,
        "open_step": head.open_step,
        "open_points": head.open_points,
    }


def first_steps(connection: sa.Connection, heads: Iterable[ObjectHead]) -> dict[int, int]:
    """The first folded step of each of these series, by its id."""
    ids = [head.id for head in heads]
    found: dict[int, int] = {}
    for start in range(0, len(ids), SERIES_PER_STATEMENT):
        query = sa.select(object_chunks.c.series_id, sa.func.min(object_chunks.c.step_min))
        query = query.where(object_chunks.c.series_id.in_(ids[start : start + SERIES_PER_STATEMENT]))
        rows = connection.execute(query.group_by(object_chunks.c.series_id))
        found.update((series_id, int(step)) for series_id, step in rows)
    return found
