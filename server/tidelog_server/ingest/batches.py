"""Batches of the ingest log, decoded and grouped by path, and kept while they are likely to be wanted again.

A batch is decoded once, when it arrives; the fold and the charts that are drawn in the meantime find it here.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidelog_server.ingest.records import Assignment, Batch, Deletion, decode
from tidelog_server.series.points import EMPTY, Points

CACHE_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True)
class LoggedBatch:
    """One row of the ingest log. Its points are sorted by path; within a path they are in the order of logging.

    `order[i]` is the place of point i in the journal, `operations` are pairs of path id and record, in order.
    """

    path_ids: NDArray[np.int64]
    points: Points
    order: NDArray[np.intp]
    operations: list[tuple[int, Assignment | Deletion]]

    def points_of(self, path_id: int) -> Points:
        """The points of one path."""
        start, stop = np.searchsorted(self.path_ids, (path_id, path_id + 1))
        return self.points[int(start) : int(stop)] if start < stop else EMPTY

    @property
    def deletes(self) -> bool:
        """Whether the batch deletes anything."""
        return any(isinstance(operation, Deletion) for _, operation in self.operations)

    @property
    def bytes_in_memory(self) -> int:
        """What keeping the batch costs, nearly."""
        return 1_000 + 40 * len(self.points) + sum(200 + _size(operation) for _, operation in self.operations)


def grouped(batch: Batch, path_ids: NDArray[np.int64]) -> LoggedBatch:
    """The batch with its writer's path numbers replaced: `path_ids[number]` is the path."""
    ids = path_ids[batch.numbers]
    order = np.argsort(ids, kind="stable")
    operations = [(int(path_ids[operation.number]), operation) for operation in batch.operations]
    return LoggedBatch(ids[order], batch.points[order], order, operations)


def load(payload: bytes, first_path: int, path_ids: NDArray[np.int64]) -> LoggedBatch:
    """The batch that a row of the ingest log holds."""
    return grouped(decode(zlib.decompress(payload), first_path), path_ids)


class BatchCache:
    """The batches used last, by id of their log row, in bounded memory. Thread-safe."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._batches: OrderedDict[int, LoggedBatch] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, log_id: int) -> LoggedBatch | None:
        """The batch, if it is still kept."""
        with self._lock:
            batch = self._batches.get(log_id)
            if batch is not None:
                self._batches.move_to_end(log_id)
            return batch

    def put(self, log_id: int, batch: LoggedBatch) -> None:
        """Keep the batch, and let go of the ones used longest ago if there are too many."""
        with self._lock:
            if log_id in self._batches:
                return
            self._batches[log_id] = batch
            self._bytes += batch.bytes_in_memory
            while self._bytes > self._limit_bytes and len(self._batches) > 1:
                _, oldest = self._batches.popitem(last=False)
                self._bytes -= oldest.bytes_in_memory

    def drop(self, log_ids: list[int]) -> None:
        """Let go of batches that have been folded."""
        with self._lock:
            for log_id in log_ids:
                batch = self._batches.pop(log_id, None)
                if batch is not None:
                    self._bytes -= batch.bytes_in_memory


def _size(operation: Assignment | Deletion) -> int:
    return len(operation.value) if isinstance(operation, Assignment) and isinstance(operation.value, str) else 0
