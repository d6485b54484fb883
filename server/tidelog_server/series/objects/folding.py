"""What a fold writes of series of objects: worked out by `plan`, written by `write` within the fold's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from tidelog_server.series.heads import OWN
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.attempts import grown_through_attempts
from tidelog_server.series.objects.growth import ObjectGrowth, begun, grown
from tidelog_server.series.objects.heads import ObjectHead, insert_heads, load_objects_left_behind, update_heads
from tidelog_server.series.objects.points import ObjectStretch, begun_at, joined
from tidelog_server.series.objects.summaries import summary

NewObjects = Mapping[int, tuple[str, list[ObjectStretch]]]  # type and points, in the order of logging, by path


def plan(
    connection: sa.Connection,
    run_id: int,
    fork_step: int | None,
    heads: Mapping[int, ObjectHead],
    new: NewObjects,
) -> list[ObjectGrowth]:
    """How these series grow by what is `new`; `heads` by path, `fork_step` that of a fork."""
    touched = [head for path_id in new if (head := heads.get(path_id)) is not None]
    opened = chunks.load_open(connection, [(head.id, head.open_step) for head in touched])
    abandoned = _abandoned(connection, run_id, heads, new)
    growths: list[ObjectGrowth] = []
    for path_id, (kind, stretches) in new.items():
        head = heads.get(path_id)
        if head is None:
            stretches = [(stretches[0][0], begun_at(stretches[0][1], fork_step)), *stretches[1:]]
        if path_id in abandoned:
            left = abandoned[path_id]
            growths += grown_through_attempts(connection, run_id, path_id, kind, head, left, stretches)
            continue
        logged = joined([points for _, points in stretches])
        if head is None:
            growths.append(begun(run_id, path_id, kind, logged))
        else:
            growths.append(grown(connection, head, opened.get(head.id), logged))
    return growths if fork_step is None else [_own(growth) for growth in growths]


def write(connection: sa.Connection, growths: Sequence[ObjectGrowth]) -> None:
    """Write heads and chunks."""
    ids = insert_heads(connection, [growth.head for growth in growths if not growth.head.id])
    update_heads(connection, [growth.head for growth in growths if growth.head.id])
    chunks.delete(connection, [(growth.head.id, step_min) for growth in growths for step_min in growth.replaced])
    rows: list[chunks.Row] = []
    for growth in growths:
        series_id = growth.head.id or ids[growth.head.path_id, growth.head.abandoned_by]
        rows.extend({**row, "series_id": series_id} for row in growth.rows)
    chunks.insert(connection, rows)


def curves_in(growths: Sequence[ObjectGrowth]) -> Iterator[ObjectGrowth]:
    """How curves grow, without what was abandoned."""
    return (growth for growth in growths if growth.head.abandoned_by <= 0)


def last_values(growths: Sequence[ObjectGrowth]) -> list[tuple[int, str, object]]:
    """Path, type and what its attribute says of each series whose last point is a new one."""
    return [
        (growth.head.path_id, growth.head.type, summary(growth.head.type, growth.last))
        for growth in curves_in(growths)
        if growth.last is not None
    ]


def _own(growth: ObjectGrowth) -> ObjectGrowth:
    """The same in a fork."""
    return growth if growth.head.abandoned_by else replace(growth, head=replace(growth.head, abandoned_by=OWN))


def _abandoned(
    connection: sa.Connection, run_id: int, heads: Mapping[int, ObjectHead], new: NewObjects
) -> dict[int, dict[int, ObjectHead]]:
    """By path, for those that another attempt than before logs to: the heads of what is abandoned there, by attempt."""
    found: dict[int, dict[int, ObjectHead]] = {
        path_id: {}
        for path_id, (_, stretches) in new.items()
        if any(attempt != (heads[path_id].attempt if path_id in heads else 0) for attempt, _ in stretches)
    }
    if found:
        for head in load_objects_left_behind(connection, [run_id], found):
            found[head.path_id][head.abandoned_by] = head
    return found
