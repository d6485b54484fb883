"""The head of a series: one row that says how far it goes, which chunk is open, and its aggregates.

A fork has two rows for a curve. What everybody looks at, `abandoned_by` 0, is that of the whole lineage; it has no
chunks. The head of the points that the fork logged itself has `abandoned_by` -1 (`OWN`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import nan
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server import bulk
from tidelog_server.series.chunks import SERIES_PER_STATEMENT, statistics_columns, storable_floats
from tidelog_server.series.points import Int64s
from tidelog_server.series.statistics import NONE, STATISTICS, Statistics
from tidelog_server.tables import series

FLOAT_SERIES = "float_series"
OWN = -1
NUMBERS_BY_RANGE = 500
STATISTICS_NAMES = ("finite", "min", "max", "mean", "m2")
OWN_NAMES = ("id", "path_id", "points", "step_last", "open_step", "open_points", "last")
ATTEMPT_NAMES = ("abandoned_by", "attempt", "attempt_step")
HEAD_NAMES = (*OWN_NAMES, *ATTEMPT_NAMES, *STATISTICS_NAMES)


@dataclass(frozen=True)
class SeriesHead:
    """One series. `last` is the value at the greatest step, `step_last`; `open_step` is where the last chunk begins."""

    id: int
    run_id: int
    path_id: int
    points: int
    step_last: int
    open_step: int
    open_points: int
    last: float
    statistics: Statistics
    abandoned_by: int = 0
    attempt: int = 0
    attempt_step: int = 0


def load_heads(
    connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int], *, abandoned_by: int = 0
) -> list[SeriesHead]:
    """The heads of those float series that exist, of all pairs of these runs and paths: the curves (of a fork what it
    logged itself), or what an attempt left behind.
    """
    return _load_heads(
        connection, run_ids, path_ids, series.c.abandoned_by == abandoned_by if abandoned_by else has_chunks()
    )


def load_left_behind(connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int]) -> list[SeriesHead]:
    """The heads of whatever any attempt left behind, of all pairs of these runs and paths."""
    return _load_heads(connection, run_ids, path_ids, series.c.abandoned_by > 0)


def _load_heads(
    connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int], which: sa.ColumnElement[bool]
) -> list[SeriesHead]:
    found: list[SeriesHead] = []
    runs, rest = sorted(set(run_ids)), iter(sorted(set(path_ids)))
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        query = sa.select(*_HEAD_COLUMNS).where(
            series.c.run_id.in_(runs),
            series.c.path_id.in_(part),
            which,
            series.c.type == FLOAT_SERIES,
        )
        found.extend(_head(*row) for row in connection.execute(query).all())
    return found


def has_chunks() -> sa.ColumnElement[bool]:
    """What tells the head of a curve's points from the row of a fork's lineage, and from what was abandoned."""
    return sa.and_(series.c.abandoned_by <= 0, series.c.open_step.is_not(None))


def is_of_lineage() -> sa.ColumnElement[bool]:
    """What tells the row of a fork's lineage from the heads of points."""
    return sa.and_(series.c.abandoned_by == 0, series.c.open_step.is_(None))


def as_head(row: sa.Row[tuple[object, ...]]) -> SeriesHead:
    """A row of the table `series`."""
    values = row._mapping
    return _head(*(values[column.name] for column in _HEAD_COLUMNS))


_HEAD_COLUMNS = tuple(series.c[name] for name in ("run_id", *HEAD_NAMES))


def _head(
    run_id: int,
    series_id: int,
    path_id: int,
    points: int,
    step_last: int,
    open_step: int,
    open_points: int,
    last: float | None,
    abandoned_by: int,
    attempt: int,
    attempt_step: int,
    *of_values: Any,
) -> SeriesHead:
    finite, least, greatest, mean, m2 = of_values
    statistics = NONE
    if finite:
        statistics = Statistics(finite, least, greatest, nan if mean is None else mean, nan if m2 is None else m2)
    return SeriesHead(
        series_id,
        run_id,
        path_id,
        points,
        step_last,
        open_step,
        open_points,
        nan if last is None else last,
        statistics,
        abandoned_by,
        attempt,
        attempt_step,
    )


HEAD = np.dtype(
    [
        ("id", "<i8"),  # 0: there is no such series yet
        ("path_id", "<i8"),
        ("points", "<i8"),
        ("step_last", "<i8"),
        ("open_step", "<i8"),
        ("open_points", "<i8"),
        ("last", "<f8"),
        ("abandoned_by", "<i8"),
        ("attempt", "<i8"),
        ("attempt_step", "<i8"),
        *((name, STATISTICS[name]) for name in STATISTICS_NAMES),
    ]
)
Heads = NDArray[Any]  # of dtype HEAD: the curves of one run at many paths


def load_many(connection: sa.Connection, run_id: int, path_ids: Int64s) -> Heads:
    """The heads of those float series of a run at these paths, which ascend, that exist; ascending by path."""
    return _load(connection, run_id, within(series.c.path_id, path_ids))


def load_all(connection: sa.Connection, run_id: int) -> Heads:
    """The heads of all float series of a run, ascending by path; of a fork those of what it logged itself."""
    return _load(connection, run_id, [sa.true()])


def _load(connection: sa.Connection, run_id: int, conditions: Iterable[sa.ColumnElement[bool]]) -> Heads:
    columns = [series.c[name] for name in HEAD_NAMES]
    query = sa.select(*columns).where(series.c.run_id == run_id, has_chunks(), series.c.type == FLOAT_SERIES)
    found: list[Sequence[Any]] = []
    for condition in conditions:
        found.extend(connection.execute(query.where(condition)))
    heads = np.empty(len(found), HEAD)
    for name, values in zip(HEAD_NAMES, zip(*found, strict=True), strict=False):
        heads[name] = np.array(values, HEAD[name])  # NULL is NaN here
    return heads[np.argsort(heads["path_id"])]


def load_abandoned(connection: sa.Connection, run_id: int, path_ids: Int64s) -> dict[int, dict[int, SeriesHead]]:
    """By path and by the attempt that left it behind, what is abandoned of a run at these paths, which ascend."""
    found: dict[int, dict[int, SeriesHead]] = {}
    query = sa.select(series).where(series.c.run_id == run_id, series.c.abandoned_by > 0)
    for condition in within(series.c.path_id, path_ids):
        for head in map(as_head, connection.execute(query.where(condition))):
            found.setdefault(head.path_id, {})[head.abandoned_by] = head
    return found


def within(column: sa.ColumnElement[int], numbers: Int64s) -> list[sa.ColumnElement[bool]]:
    """Conditions that together let every one of these ascending numbers through, and perhaps others if there are many.

    The paths of one run were numbered together, so that a range says the same as thousands of numbers, and for less.
    """
    if len(numbers) > NUMBERS_BY_RANGE:
        return [column.between(int(numbers[0]), int(numbers[-1]))]
    return [column.in_(numbers.tolist())] if len(numbers) else []


def heads_at(heads: Heads, path_ids: Int64s) -> Heads:
    """One head for each of these paths, out of heads that ascend by path."""
    found = np.zeros(len(path_ids), HEAD)
    found["path_id"] = path_ids
    for name in ("last", *STATISTICS_NAMES[1:]):
        found[name] = np.nan
    if len(heads):
        places = np.minimum(np.searchsorted(heads["path_id"], path_ids), len(heads) - 1)
        is_there = heads["path_id"][places] == path_ids
        found[is_there] = heads[places[is_there]]
    return found


def one_of(head: Any, run_id: int) -> SeriesHead | None:
    """An element of `Heads` by itself; None where there is no series yet."""
    value = dict(zip(HEAD_NAMES, head.item(), strict=True))
    statistics = Statistics(*(value.pop(name) for name in STATISTICS_NAMES))
    if not value["id"]:
        return None
    return SeriesHead(run_id=run_id, statistics=statistics if statistics.finite else NONE, **value)


def as_many(heads: Sequence[SeriesHead]) -> Heads:
    """These heads, in their order, as one array."""
    result = np.empty(len(heads), HEAD)
    for name in HEAD_NAMES:
        of_statistics = name in STATISTICS_NAMES
        values = [getattr(head.statistics if of_statistics else head, name) for head in heads]
        result[name] = np.array(values, HEAD[name])
    return result


def insert_many(connection: sa.Connection, run_id: int, heads: Heads) -> None:
    """Add heads that have their ids already."""
    n = len(heads)
    constant: dict[str, list[Any]] = {"run_id": [run_id] * n, "type": [FLOAT_SERIES] * n}
    bulk.insert(connection, series, {**_columns_of(heads), **constant, "path_id": heads["path_id"].tolist()})


def update_many(connection: sa.Connection, heads: Heads) -> None:
    """Write heads that exist already."""
    bulk.update(connection, series, _columns_of(heads), ["id"])


def series_at(connection: sa.Connection, run_id: int, path_ids: Sequence[int]) -> list[int]:
    """The ids of all series of a run at these paths: the curves, and what was abandoned."""
    found: list[int] = []
    rest = iter(path_ids)
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        found.extend(
            connection.scalars(sa.select(series.c.id).where(series.c.run_id == run_id, series.c.path_id.in_(part)))
        )
    return found


def show_curves(connection: sa.Connection, run_id: int, heads: Heads) -> None:
    """Write what a fork's curves are over the whole lineage."""
    shown = {name: values for name, values in _columns_of(heads).items() if name != "id"}
    n = len(heads)
    constant: dict[str, list[Any]] = {
        "run_id": [run_id] * n,
        "type": [FLOAT_SERIES] * n,
        "abandoned_by": [0] * n,
        "open_step": [None] * n,
        "open_points": [0] * n,
    }
    columns = {**shown, **constant, "path_id": heads["path_id"].tolist()}
    bulk.upsert(connection, series, columns, ["run_id", "path_id", "abandoned_by"])


def hide_curves(connection: sa.Connection, run_id: int, path_ids: Sequence[int]) -> None:
    """Delete what a fork shows of its lineage at these paths, whatever the type of series."""
    rest = iter(path_ids)
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        shown = (series.c.run_id == run_id, series.c.path_id.in_(part), is_of_lineage())
        connection.execute(sa.delete(series).where(*shown))


def delete_heads(connection: sa.Connection, series_ids: Sequence[int]) -> None:
    """Delete the heads of these series."""
    connection.execute(sa.delete(series).where(series.c.id.in_(series_ids)))


def _columns_of(heads: Heads) -> dict[str, list[Any]]:
    names = (*OWN_NAMES, *ATTEMPT_NAMES)
    columns: dict[str, list[Any]] = {name: heads[name].tolist() for name in names if name not in ("path_id", "last")}
    return {**columns, "last": storable_floats(heads["last"]), **statistics_columns(heads)}
