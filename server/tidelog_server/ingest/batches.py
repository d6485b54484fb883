"""Batches of the ingest log, decoded and grouped by path, and kept while they are likely to be wanted again.

A batch is decoded once, when it arrives; the fold and the charts that are drawn in the meantime find it here.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.ingest.payloads import as_json
from tidelog_server.ingest.records import Assignment, Batch, Deletion, ObjectRecords, Operation, decode
from tidelog_server.series.objects.points import NO_OBJECTS, ObjectPoints
from tidelog_server.series.points import EMPTY, Points

CACHE_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True)
class LoggedObjects:
    """The points of series of objects in a batch, sorted by path; within a path they are in the order of logging.

    `order[i]` is the place of object i among the batch's objects, `places[i]` how many points of float series were
    logged before it, `types[i]` its type of series.
    """

    path_ids: NDArray[np.int64]
    points: ObjectPoints
    types: list[str]
    order: NDArray[np.intp]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.points)

    def stretches(self, mask: NDArray[np.bool_] | None = None) -> Iterator[tuple[int, str, ObjectPoints]]:
        """Path, type and points of each stretch of one type at one path; with a mask, only of these objects."""
        places = np.arange(len(self)) if mask is None else np.flatnonzero(mask)
        start = 0
        keys = list(zip(self.path_ids[places].tolist(), (self.types[place] for place in places.tolist()), strict=True))
        for stop in range(1, len(keys) + 1):
            if stop == len(keys) or keys[stop] != keys[start]:
                yield *keys[start], self.points.take(places[start:stop])
                start = stop

    def of(self, path_id: int) -> list[tuple[str, ObjectPoints]]:
        """Type and points of each stretch of one path."""
        start, stop = (int(place) for place in np.searchsorted(self.path_ids, (path_id, path_id + 1)))
        if start == stop:
            return []
        mask = np.zeros(len(self), np.bool_)
        mask[start:stop] = True
        return [(kind, points) for _, kind, points in self.stretches(mask)]

    def first_of(self, path_id: int, mask: NDArray[np.bool_] | None) -> tuple[str | None, int]:
        """The type of the first object of a path, and how many points of float series come before it."""
        mine = self.path_ids == path_id
        found = np.flatnonzero(mine if mask is None else mine & mask)
        return (self.types[int(found[0])], int(self.places[found[0]])) if len(found) else (None, 0)

    @property
    def bytes_in_memory(self) -> int:
        """What keeping them costs, nearly."""
        return 200 * len(self) + sum(map(len, self.points.values))


_NO_IDS = np.empty(0, np.int64)
NOTHING_LOGGED = LoggedObjects(_NO_IDS, NO_OBJECTS, [], np.empty(0, np.intp), _NO_IDS)


@dataclass(frozen=True)
class LoggedBatch:
    """One row of the ingest log. Its points are sorted by path; within a path they are in the order of logging.

    `order[i]` is the place of point i in the journal, `operations` are pairs of path id and record, in order.
    """

    writer_id: int
    path_ids: NDArray[np.int64]
    points: Points
    order: NDArray[np.intp]
    objects: LoggedObjects
    operations: list[tuple[int, Operation]]

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
        operations = sum(200 + _size(operation) for _, operation in self.operations)
        return 1_000 + 40 * len(self.points) + self.objects.bytes_in_memory + operations


def grouped(batch: Batch, path_ids: NDArray[np.int64], writer_id: int) -> LoggedBatch:
    """The batch with its writer's path numbers replaced: `path_ids[number]` is the path. References to files, which a
    writer numbers too, name the writer from here on.
    """
    ids = path_ids[batch.numbers]
    order = np.argsort(ids, kind="stable")
    operations = [(int(path_ids[operation.number]), _owned(operation, writer_id)) for operation in batch.operations]
    objects = _grouped_objects(batch.objects, path_ids, writer_id) if batch.objects else NOTHING_LOGGED
    return LoggedBatch(writer_id, ids[order], batch.points[order], order, objects, operations)


def load(payload: bytes, first_path: int, path_ids: NDArray[np.int64], writer_id: int) -> LoggedBatch:
    """The batch that a row of the ingest log holds."""
    return grouped(decode(zlib.decompress(payload), first_path), path_ids, writer_id)


def _grouped_objects(records: ObjectRecords, path_ids: NDArray[np.int64], writer_id: int) -> LoggedObjects:
    ids = path_ids[np.array(records.numbers, np.int64)]
    order = np.argsort(ids, kind="stable")
    points = records.points()
    if "file_series" in records.types:
        values = [
            _of_writer(value, writer_id) if kind == "file_series" else value
            for kind, value in zip(records.types, records.values, strict=True)
        ]
        points = replace(points, values=values)
    types = [records.types[place] for place in order.tolist()]
    return LoggedObjects(ids[order], points.take(order), types, order, np.array(records.places, np.int64)[order])


def _of_writer(reference: bytes, writer_id: int) -> bytes:
    return as_json(_with_writer(json.loads(reference), writer_id))


def _owned(operation: Operation, writer_id: int) -> Operation:
    if isinstance(operation, Assignment) and operation.type == "file":
        return replace(operation, value=_with_writer(operation.value, writer_id))
    return operation


def _with_writer(reference: dict[str, Any], writer_id: int) -> dict[str, Any]:
    return {"writer": writer_id, **reference}


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


def _size(operation: Operation) -> int:
    return len(operation.value) if isinstance(operation, Assignment) and isinstance(operation.value, str) else 0
