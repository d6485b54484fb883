"""What a fold writes of series of objects: worked out by `plan`, written by `write` within the fold's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa

from tidelog_server.series import past_attempts
from tidelog_server.series.attempts import Sorting, is_sorted, sort
from tidelog_server.series.heads import OWN
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.growth import ObjectGrowth, begun, grown
from tidelog_server.series.objects.heads import ObjectHead, insert_heads, load_objects_left_behind, update_heads
from tidelog_server.series.objects.parts import ObjectParts
from tidelog_server.series.objects.points import ObjectStretch, joined
from tidelog_server.series.objects.summaries import summary

NewObjects = Mapping[int, tuple[str, list[ObjectStretch]]]  # type and points, in the order of logging, by path


def plan(
    connection: sa.Connection,
    run_id: int,
    fork_step: int | None,
    heads: Mapping[int, ObjectHead],
    new: NewObjects,
) -> Sorting[ObjectGrowth]:
    """How these series grow by what is `new`; `heads` by path, `fork_step` that of a fork."""
    touched = [head for path_id in new if (head := heads.get(path_id)) is not None]
    opened = chunks.load_open(connection, [(head.id, head.open_step) for head in touched])
    sorted_paths = [path_id for path_id, (_, stretches) in new.items() if is_sorted(heads.get(path_id), stretches)]
    parts = _parts(connection, run_id, heads, {path_id: new[path_id][0] for path_id in sorted_paths})
    result: Sorting[ObjectGrowth] = Sorting()
    for path_id, (kind, stretches) in new.items():
        if path_id in parts:
            stored = parts[path_id]
            placed = [(number, stored.values.placed(points)) for number, points in stretches]
            result.add(sort(stored, placed, fork_step))
            continue
        head, logged = heads.get(path_id), joined([points for _, points in stretches])
        if head is None:
            result.growths.append(begun(run_id, path_id, kind, logged, fork_step))
        else:
            result.growths.append(grown(connection, head, opened.get(head.id), logged, fork_step))
    if fork_step is not None:
        result.growths = [_own(growth) for growth in result.growths]
    return result


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


def _parts(
    connection: sa.Connection, run_id: int, heads: Mapping[int, ObjectHead], kinds: Mapping[int, str]
) -> dict[int, ObjectParts]:
    """What is stored of the series of these types at these paths, with what is abandoned there."""
    if not kinds:
        return {}
    abandoned: dict[int, dict[int, ObjectHead]] = {}
    for head in load_objects_left_behind(connection, [run_id], kinds):
        abandoned.setdefault(head.path_id, {})[head.abandoned_by] = head
    past = past_attempts.load(connection, run_id, np.array(sorted(kinds), np.int64))
    return {
        path_id: ObjectParts(
            connection, run_id, path_id, kind, heads[path_id], abandoned.get(path_id, {}), past.get(path_id, {})
        )
        if path_id in heads
        else ObjectParts(connection, run_id, path_id, kind, None)
        for path_id, kind in kinds.items()
    }
