"""What a stretch of the ingest log changes in its run, in order: points by path, assignments, deletions.

A series wins over a single value at the same path: a value assigned there is not kept, one that was there before gives
way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.ingest.batches import LoggedBatch
from tidelog_server.ingest.records import Assignment, Deletion
from tidelog_server.series.points import NO_POINTS, PointsByPath, grouped_by_path, joined

Descendants = Callable[[int], Iterable[int]]


@dataclass
class Changes:
    """The net effect: first `deleted` go (with all that they had), then `values` and `points` are added."""

    deleted: set[int] = field(default_factory=set)
    values: dict[int, tuple[str, Any]] = field(default_factory=dict)
    points: PointsByPath = NO_POINTS


def changes_in(batches: list[LoggedBatch], descendants: Descendants) -> Changes:
    """The net effect of these batches; `descendants` gives the paths below a path, and itself."""
    changes = Changes()
    keep = _apply_operations(batches, descendants, changes)
    changes.points = _points_by_path(batches, keep)
    if changes.values:
        for path_id in changes.points.path_ids.tolist():
            changes.values.pop(path_id, None)
    return changes


def _apply_operations(
    batches: list[LoggedBatch], descendants: Descendants, changes: Changes
) -> list[NDArray[np.bool_] | None]:
    """Collect values and deletions; for each batch, which of its points outlive the deletions (None: all)."""
    keep: list[NDArray[np.bool_] | None] = [None] * len(batches)
    for index, batch in enumerate(batches):
        for path_id, operation in batch.operations:
            if isinstance(operation, Assignment):
                changes.values[path_id] = (operation.type, operation.value)
            else:
                doomed = set(descendants(path_id))
                changes.deleted |= doomed
                for gone in doomed:
                    changes.values.pop(gone, None)
                _drop_points(batches, keep, index, operation, np.array(sorted(doomed)))
    return keep


def _drop_points(
    batches: list[LoggedBatch],
    keep: list[NDArray[np.bool_] | None],
    index: int,
    deletion: Deletion,
    doomed: NDArray[np.int64],
) -> None:
    """Mark the points of `doomed` paths that were logged before the deletion in batch `index`."""
    for earlier in range(index + 1):
        batch = batches[earlier]
        dropped = np.isin(batch.path_ids, doomed)
        if earlier == index:
            dropped &= batch.order < deletion.after
        if dropped.any():
            before = keep[earlier]
            keep[earlier] = ~dropped if before is None else before & ~dropped


def _points_by_path(batches: list[LoggedBatch], keep: list[NDArray[np.bool_] | None]) -> PointsByPath:
    kept = [
        (batch.path_ids, batch.points) if mask is None else (batch.path_ids[mask], batch.points[mask])
        for batch, mask in zip(batches, keep, strict=True)
        if len(batch.points)
    ]
    if not kept:
        return NO_POINTS
    return grouped_by_path(np.concatenate([ids for ids, _ in kept]), joined([points for _, points in kept]))
