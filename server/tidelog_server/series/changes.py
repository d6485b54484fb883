"""What a stretch of the ingest log changes in its run, in order: points by path, values, deletions.

Where one path gets more than one type, `types.settle` decides, which knows what is stored already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tidelog_server.ingest.batches import LoggedBatch
from tidelog_server.ingest.records import Assignment, Deletion, FileSetChange, SetChange
from tidelog_server.runs.values import PathValues
from tidelog_server.series.heads import FLOAT_SERIES
from tidelog_server.series.objects.points import ObjectStretch
from tidelog_server.series.points import NO_POINTS, PointsByPath, grouped_by_path, joined

Descendants = Callable[[int], Iterable[int]]
Mask = NDArray[np.bool_]


@dataclass
class Changes:
    """The net effect: first `deleted` go (with all that they had), then `values`, `points` and `objects` are added.

    `objects` has points by path and type of series, in stretches by the attempt of their writer. `began_as` says, for a
    path that got points of more than one type of series, which came first.
    """

    deleted: set[int] = field(default_factory=set)
    values: dict[int, PathValues] = field(default_factory=dict)
    points: PointsByPath = NO_POINTS
    objects: dict[int, dict[str, list[ObjectStretch]]] = field(default_factory=dict)
    began_as: dict[int, str] = field(default_factory=dict)


@dataclass
class _Kept:
    """Which points and which objects of a batch outlive the deletions; None: all."""

    points: Mask | None = None
    objects: Mask | None = None


def changes_in(
    batches: list[LoggedBatch], attempts: list[int], descendants: Descendants, deleted_after: Collection[int] = ()
) -> Changes:
    """The net effect of these batches, each by a writer of one of `attempts`, and of the deletion of `deleted_after`
    behind all of them; `descendants` gives the paths below a path, and itself.
    """
    changes = Changes()
    kept = [_Kept() for _ in batches]
    _apply_operations(batches, descendants, changes, kept)
    if deleted_after:
        _delete(changes, batches, kept, set(deleted_after), None)
    changes.points = _points_by_path(batches, attempts, kept)
    _collect_objects(batches, attempts, kept, changes)
    return changes


def _apply_operations(
    batches: list[LoggedBatch], descendants: Descendants, changes: Changes, kept: list[_Kept]
) -> None:
    """Collect values and deletions, and mark what of each batch outlives these."""
    for index, batch in enumerate(batches):
        for path_id, operation in batch.operations:
            if isinstance(operation, Deletion):
                _delete(changes, batches[: index + 1], kept, set(descendants(path_id)), operation)
                continue
            values = changes.values.setdefault(path_id, PathValues())
            if isinstance(operation, Assignment):
                values.assign(operation)
            elif isinstance(operation, SetChange):
                values.change_set(operation)
            elif isinstance(operation, FileSetChange):
                values.change_file_set(batch.writer_id, operation)


def _delete(
    changes: Changes, batches: list[LoggedBatch], kept: list[_Kept], doomed: set[int], within: Deletion | None
) -> None:
    """Delete what was logged to `doomed` paths in these batches, in the last of them up to the deletion `within` it."""
    changes.deleted |= doomed
    for gone in doomed:
        changes.values.pop(gone, None)
    path_ids = np.array(sorted(doomed), np.int64)
    for batch, marks in zip(batches, kept, strict=False):
        deletion = within if batch is batches[-1] else None
        objects = batch.objects
        after, after_objects = (None, None) if deletion is None else (deletion.after, deletion.after_objects)
        marks.points = _spared(marks.points, batch.path_ids, batch.order, path_ids, after)
        marks.objects = _spared(marks.objects, objects.path_ids, objects.order, path_ids, after_objects)


def _spared(
    mask: Mask | None,
    path_ids: NDArray[np.int64],
    order: NDArray[np.intp],
    doomed: NDArray[np.int64],
    after: int | None,
) -> Mask | None:
    dropped = np.isin(path_ids, doomed)
    if after is not None:
        dropped &= order < after
    if not dropped.any():
        return mask
    return ~dropped if mask is None else mask & ~dropped


def _points_by_path(batches: list[LoggedBatch], attempts: list[int], kept: list[_Kept]) -> PointsByPath:
    parts = [
        (batch.path_ids, batch.points) if mask is None else (batch.path_ids[mask], batch.points[mask])
        for batch, mask in ((batch, marks.points) for batch, marks in zip(batches, kept, strict=True))
    ]
    if not any(len(ids) for ids, _ in parts):
        return NO_POINTS
    by_writers = np.repeat(np.array(attempts, np.int64), [len(ids) for ids, _ in parts])
    path_ids = np.concatenate([ids for ids, _ in parts])
    return grouped_by_path(path_ids, joined([points for _, points in parts]), by_writers)


def _collect_objects(batches: list[LoggedBatch], attempts: list[int], kept: list[_Kept], changes: Changes) -> None:
    found = changes.objects
    for batch, attempt, marks in zip(batches, attempts, kept, strict=True):
        for path_id, kind, points in batch.objects.stretches(marks.objects):
            found.setdefault(path_id, {}).setdefault(kind, []).append((attempt, points))
    of_numbers = set(np.intersect1d(changes.points.path_ids, list(found)).tolist()) if found else set()
    for path_id, kinds in found.items():
        if path_id in of_numbers:
            changes.began_as[path_id] = _first_kind(batches, kept, path_id)
        elif len(kinds) > 1:
            changes.began_as[path_id] = next(iter(kinds))


def _first_kind(batches: list[LoggedBatch], kept: list[_Kept], path_id: int) -> str:
    """The type of series of whatever was logged first to a path that got floats and objects."""
    for batch, marks in zip(batches, kept, strict=True):
        mine = batch.path_ids == path_id
        order = batch.order[mine if marks.points is None else mine & marks.points]
        kind, place = batch.objects.first_of(path_id, marks.objects)
        if len(order) and (kind is None or int(order.min()) < place):
            return FLOAT_SERIES
        if kind is not None:
            return kind
    return FLOAT_SERIES
