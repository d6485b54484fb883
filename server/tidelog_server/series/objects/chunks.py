"""Chunks of series of objects: rows that each hold a stretch of steps that no other chunk of the series overlaps.

The last one is *open*: while it is small, new points are written into it; then another one begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from tidelog_server.search.filters import make_filter
from tidelog_server.search.phrases import words_of
from tidelog_server.series.objects import codec
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.tables import object_chunks

CHUNK_POINTS = 8192
CHUNK_BYTES = 512 * 1024  # of values; a single value may be longer
OPEN_POINTS = 1024
OPEN_BYTES = 64 * 1024
CHUNKS_READ = 4  # at a time, by a reader who may stop after any
SERIES_PER_STATEMENT = 5_000
STRING_SERIES = "string_series"

Row = dict[str, Any]


def rows_of(points: ObjectPoints, *, run_id: int, series_id: int | None, kind: str) -> Iterator[Row]:
    """The rows for these points of a series of this type, which ascend by step. `series_id` may be filled in later."""
    start = size = 0
    for place, value in enumerate(points.values):
        if place > start and (place - start >= CHUNK_POINTS or size + len(value) > CHUNK_BYTES):
            yield _row(points[start:place], size, run_id, series_id, kind)
            start, size = place, 0
        size += len(value)
    if start < len(points):
        yield _row(points[start:], size, run_id, series_id, kind)


def insert(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add rows."""
    if rows:
        connection.execute(sa.insert(object_chunks), rows)


def delete(connection: sa.Connection, keys: Iterable[tuple[int, int]]) -> None:
    """Delete the chunks with these (series_id, step_min)."""
    parameters = [{"of_series": series_id, "from_step": step_min} for series_id, step_min in keys]
    if parameters:
        statement = sa.delete(object_chunks).where(
            object_chunks.c.series_id == sa.bindparam("of_series"),
            object_chunks.c.step_min == sa.bindparam("from_step"),
        )
        connection.execute(statement, parameters)


def delete_series(connection: sa.Connection, series_ids: Sequence[int]) -> None:
    """Delete all chunks of these series."""
    connection.execute(sa.delete(object_chunks).where(object_chunks.c.series_id.in_(series_ids)))


def load_open(connection: sa.Connection, opened: Sequence[tuple[int, int]]) -> dict[int, ObjectPoints]:
    """Of these chunks, (series_id, step_min) each, the points of those that are small enough to be written again."""
    found: dict[int, ObjectPoints] = {}
    rest = iter(opened)
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        query = sa.select(object_chunks.c.series_id, object_chunks.c.data).where(
            sa.tuple_(object_chunks.c.series_id, object_chunks.c.step_min).in_(part),
            object_chunks.c.points < OPEN_POINTS,
            object_chunks.c.bytes < OPEN_BYTES,
        )
        found.update((series_id, codec.decode(data)) for series_id, data in connection.execute(query))
    return found


@dataclass(frozen=True)
class Extent:
    """What is known of a chunk without reading it."""

    step_min: int
    step_max: int
    points: int
    bytes: int

    @property
    def is_open(self) -> bool:
        """Whether it is small enough to be written again."""
        return self.points < OPEN_POINTS and self.bytes < OPEN_BYTES


def extent_of(row: Row) -> Extent:
    """That of a row that is about to be written."""
    return Extent(row["step_min"], row["step_max"], row["points"], row["bytes"])


def extents(connection: sa.Connection, series_id: int) -> list[Extent]:
    """Those of the chunks of a series, in order."""
    names = (object_chunks.c.step_min, object_chunks.c.step_max, object_chunks.c.points, object_chunks.c.bytes)
    query = sa.select(*names).where(object_chunks.c.series_id == series_id).order_by(object_chunks.c.step_min)
    return [Extent(*row) for row in connection.execute(query)]


def load(connection: sa.Connection, series_id: int, step_min: int) -> ObjectPoints:
    """The points of one chunk."""
    query = sa.select(object_chunks.c.data).where(
        object_chunks.c.series_id == series_id, object_chunks.c.step_min == step_min
    )
    return codec.decode(connection.execute(query).scalar_one())


def stretch(
    connection: sa.Connection, series_id: int, start: int | None, stop: int | None, *, newest_first: bool
) -> Iterator[ObjectPoints]:
    """The chunks that hold steps from `start` to `stop`, one at a time, each ascending."""
    query = sa.select(object_chunks.c.data).where(object_chunks.c.series_id == series_id)
    if start is not None:
        query = query.where(object_chunks.c.step_max >= start)
    if stop is not None:
        query = query.where(object_chunks.c.step_min <= stop)
    order = object_chunks.c.step_min.desc() if newest_first else object_chunks.c.step_min
    with connection.execute(query.order_by(order), execution_options={"yield_per": CHUNKS_READ}) as result:
        for data in result.scalars():
            yield codec.decode(data).within(start, stop)


def _row(points: ObjectPoints, size: int, run_id: int, series_id: int | None, kind: str) -> Row:
    return {
        "run_id": run_id,
        "series_id": series_id,
        "step_min": int(points.steps[0]),
        "step_max": int(points.steps[-1]),
        "time_min": int(points.times.min()),
        "time_max": int(points.times.max()),
        "points": len(points),
        "bytes": size,
        "data": codec.encode(points),
        "words": _words_in(points) if kind == STRING_SERIES else None,
    }


def _words_in(points: ObjectPoints) -> bytes:
    """What lets a search pass over the chunk."""
    return make_filter(words_of(b"\n".join(points.values).decode("utf-8", "replace")))
