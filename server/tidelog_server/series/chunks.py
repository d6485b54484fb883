"""Chunks: the rows that hold a series, each a stretch of steps that no other chunk of the series overlaps.

A chunk has up to 8,192 points. The last one is *open*: while it has fewer than 1,024 points, new points are written
into it; then another one begins. Fewer than 64 points are a *stub*, stored plain: new points are written into a stub
only until it has 64, then stub and open chunk become one. So a run of very many series rewrites little; see `stubs`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from tidelog_server import bulk
from tidelog_server.series import codec, pyramid
from tidelog_server.series.points import Floats, Points
from tidelog_server.series.statistics import ManyStatistics, Statistics, statistics_of
from tidelog_server.tables import chunks

CHUNK_POINTS = 8192
OPEN_POINTS = 1024
STUB_POINTS = codec.PLAIN_POINTS[codec.FOLD_LEVEL]
SERIES_PER_STATEMENT = 5_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """What is known of a chunk without its points."""

    step_min: int
    step_max: int
    points: int
    statistics: Statistics


def rows_of(points: Points, *, run_id: int, series_id: int | None, level: int = codec.FOLD_LEVEL) -> Iterator[Row]:
    """The rows for these points, which ascend by step. `series_id` may be filled in later."""
    for start in range(0, len(points), CHUNK_POINTS):
        yield _row(points[start : start + CHUNK_POINTS], run_id, series_id, level)


def head_of(row: Row) -> Head:
    """The head of a row that `rows_of` made."""
    return Head(row["step_min"], row["step_max"], row["points"], _statistics(row))


def insert(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Add rows."""
    if rows:
        bulk.insert(connection, chunks, {name: [row[name] for row in rows] for name in rows[0]})


def delete(connection: sa.Connection, keys: Iterable[tuple[int, int]]) -> None:
    """Delete the chunks with these (series_id, step_min)."""
    pairs = list(keys)
    columns = {"series_id": [series_id for series_id, _ in pairs], "step_min": [step_min for _, step_min in pairs]}
    bulk.delete(connection, chunks, columns)


def delete_series(connection: sa.Connection, series_ids: Sequence[int]) -> None:
    """Delete all chunks of these series."""
    connection.execute(sa.delete(chunks).where(chunks.c.series_id.in_(series_ids)))


def heads(connection: sa.Connection, series_id: int) -> list[Head]:
    """The chunks of a series, in order of steps."""
    query = (
        sa.select(
            chunks.c.step_min,
            chunks.c.step_max,
            chunks.c.points,
            chunks.c.finite,
            chunks.c.min,
            chunks.c.max,
            chunks.c.mean,
            chunks.c.m2,
        )
        .where(chunks.c.series_id == series_id)
        .order_by(chunks.c.step_min)
    )
    return [head_of(dict(row._mapping)) for row in connection.execute(query)]


def load(connection: sa.Connection, series_id: int, step_mins: Sequence[int]) -> list[Points]:
    """The points of these chunks of one series, in order of steps."""
    query = (
        sa.select(chunks.c.data)
        .where(chunks.c.series_id == series_id, chunks.c.step_min.in_(step_mins))
        .order_by(chunks.c.step_min)
    )
    return [codec.decode(data) for data in connection.scalars(query)]


def load_before(connection: sa.Connection, series_id: int, step_min: int) -> tuple[int, Points] | None:
    """The chunk right before the one that begins at `step_min`, if it may be written into: its own step_min, and
    its points.
    """
    query = (
        sa.select(chunks.c.step_min, chunks.c.points, chunks.c.data)
        .where(chunks.c.series_id == series_id, chunks.c.step_min < step_min)
        .order_by(chunks.c.step_min.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None or row.points >= OPEN_POINTS else (row.step_min, codec.decode(row.data))


def load_keys(connection: sa.Connection, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Points]:
    """The points of those chunks with these (series_id, step_min) that there are."""
    found: dict[tuple[int, int], Points] = {}
    rest = iter(keys)
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        query = sa.select(chunks.c.series_id, chunks.c.step_min, chunks.c.data).where(
            sa.tuple_(chunks.c.series_id, chunks.c.step_min).in_(part)
        )
        found.update(
            ((series_id, step_min), codec.decode(data)) for series_id, step_min, data in connection.execute(query)
        )
    return found


def _row(points: Points, run_id: int, series_id: int | None, level: int) -> Row:
    fine = pyramid.fine_blocks(points) if len(points) >= pyramid.FINE_POINTS else None
    coarse = pyramid.coarse_blocks(fine) if fine is not None and len(points) >= pyramid.COARSE_POINTS else None
    statistics = statistics_of(points.values)
    return {
        "run_id": run_id,
        "series_id": series_id,
        "step_min": int(points.steps[0]),
        "step_max": int(points.steps[-1]),
        "time_min": int(points.times.min()),
        "time_max": int(points.times.max()),
        "points": len(points),
        "finite": statistics.finite,
        "min": statistics.min,
        "max": statistics.max,
        "mean": storable(statistics.mean),
        "m2": storable(statistics.m2),
        "coarse": None if coarse is None else coarse.tobytes(),
        "fine": None if fine is None else fine.tobytes(),
        "data": codec.encode(points, level),
    }


def storable_floats(numbers: Floats) -> list[float | None]:
    """`storable` for each of many."""
    items: list[float | None] = numbers.tolist()
    for index in np.flatnonzero(np.isnan(numbers)).tolist():
        items[index] = None
    return items


def statistics_columns(statistics: ManyStatistics) -> dict[str, list[Any]]:
    """The columns of a table that hold statistics."""
    floats = {name: storable_floats(statistics[name]) for name in ("min", "max", "mean", "m2")}
    return {"finite": statistics["finite"].tolist(), **floats}


def storable(number: float | None) -> float | None:
    """The number, or None for NaN, which SQLite cannot tell from NULL."""
    return None if number is None or math.isnan(number) else number


def _statistics(row: Row) -> Statistics:
    if not row["finite"]:
        return Statistics(0)
    mean = math.nan if row["mean"] is None else row["mean"]
    m2 = math.nan if row["m2"] is None else row["m2"]
    return Statistics(row["finite"], row["min"], row["max"], mean, m2)
