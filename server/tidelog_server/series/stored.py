"""What a run has at the paths that a fold touches, before the fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tidelog_server.runs.attributes import single_values_of
from tidelog_server.series.changes import Changes
from tidelog_server.series.heads import FLOAT_SERIES, Heads, load_many, series_at
from tidelog_server.series.objects.heads import ObjectHead, object_heads_of
from tidelog_server.series.points import Int64s

StoredValue = tuple[str, Any]  # type and value


@dataclass(frozen=True)
class Stored:
    """By path, without what the fold deletes: heads of series of numbers (ascending by path) and of objects, and single
    values. `deleted_series` are the ids of the series that it deletes.
    """

    heads: Heads
    object_heads: dict[int, ObjectHead]
    values: dict[int, StoredValue]
    deleted_series: list[int]

    @classmethod
    def load(cls, connection: sa.Connection, run_id: int, changes: Changes) -> Stored:
        """Read what is there. A fold of series that exist, as nearly all are, asks for their heads only."""
        deleted = np.array(sorted(changes.deleted), np.int64)
        others = np.array(sorted({*changes.values, *changes.objects, *changes.deleted}), np.int64)
        paths = np.union1d(changes.points.path_ids, others)
        heads = load_many(connection, run_id, paths)
        paths = np.setdiff1d(paths, heads["path_id"], assume_unique=True)
        object_heads = object_heads_of(connection, run_id, paths)
        paths = np.setdiff1d(paths, [*(head.path_id for head in object_heads), *deleted.tolist()])
        is_deleted = np.isin(heads["path_id"], deleted)
        return cls(
            heads=heads[~is_deleted],
            object_heads={head.path_id: head for head in object_heads if head.path_id not in changes.deleted},
            values=single_values_of(connection, run_id, paths),
            deleted_series=series_at(connection, run_id, deleted.tolist()),
        )

    def is_series(self, path_id: int) -> bool:
        """Whether the path is a series."""
        return path_id in self.object_heads or self.is_float_series(path_id)

    def is_float_series(self, path_id: int) -> bool:
        """Whether the path is a series of numbers."""
        ids: Int64s = self.heads["path_id"]
        place = int(np.searchsorted(ids, path_id))
        return place < len(ids) and int(ids[place]) == path_id

    def series_type(self, path_id: int) -> str:
        """The type of a path that is a series."""
        head = self.object_heads.get(path_id)
        return FLOAT_SERIES if head is None else head.type
