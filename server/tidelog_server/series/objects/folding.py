"""What a fold writes of series of objects: worked out by `plan`, written by `write` within the fold's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.growth import ObjectGrowth, begun, grown
from tidelog_server.series.objects.heads import ObjectHead, insert_heads, update_heads
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.objects.summaries import summary


def plan(
    connection: sa.Connection,
    run_id: int,
    heads: Mapping[int, ObjectHead],
    new: Mapping[int, tuple[str, ObjectPoints]],
) -> list[ObjectGrowth]:
    """How these series grow by what is `new`: type and points, in the order of logging, by path. `heads` by path."""
    touched = [head for path_id in new if (head := heads.get(path_id)) is not None]
    opened = chunks.load_open(connection, [(head.id, head.open_step) for head in touched])
    return [
        grown(connection, head, opened.get(head.id), points)
        if (head := heads.get(path_id)) is not None
        else begun(run_id, path_id, kind, points)
        for path_id, (kind, points) in new.items()
    ]


def write(connection: sa.Connection, growths: Sequence[ObjectGrowth]) -> None:
    """Write heads and chunks."""
    ids = insert_heads(connection, [growth.head for growth in growths if not growth.head.id])
    update_heads(connection, [growth.head for growth in growths if growth.head.id])
    chunks.delete(connection, [(growth.head.id, step_min) for growth in growths for step_min in growth.replaced])
    rows: list[chunks.Row] = []
    for growth in growths:
        head = growth.head if growth.head.id else replace(growth.head, id=ids[growth.head.path_id])
        rows.extend({**row, "series_id": head.id} for row in growth.rows)
    chunks.insert(connection, rows)


def last_values(growths: Sequence[ObjectGrowth]) -> list[tuple[int, str, object]]:
    """Path, type and what its attribute says of each series whose last point is a new one."""
    return [
        (growth.head.path_id, growth.head.type, summary(growth.head.type, growth.last))
        for growth in growths
        if growth.last is not None
    ]
