"""The head of a series: one row that says how far it goes, which chunk is open, and its aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from tidelog_server.series.chunks import SERIES_PER_STATEMENT, storable
from tidelog_server.series.statistics import Statistics
from tidelog_server.tables import series


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


def load_heads(connection: sa.Connection, run_ids: Iterable[int], path_ids: Iterable[int]) -> list[SeriesHead]:
    """The heads of those series that exist, of all pairs of these runs and paths."""
    found: list[SeriesHead] = []
    runs, rest = sorted(set(run_ids)), iter(sorted(set(path_ids)))
    while part := list(islice(rest, SERIES_PER_STATEMENT)):
        query = sa.select(series).where(series.c.run_id.in_(runs), series.c.path_id.in_(part))
        found.extend(as_head(row) for row in connection.execute(query))
    return found


def as_head(row: sa.Row[tuple[object, ...]]) -> SeriesHead:
    """A row of the table `series`."""
    values = row._mapping
    statistics = Statistics(0)
    if values["finite"]:
        nan = float("nan")
        mean = nan if values["mean"] is None else values["mean"]
        m2 = nan if values["m2"] is None else values["m2"]
        statistics = Statistics(values["finite"], values["min"], values["max"], mean, m2)
    return SeriesHead(
        id=values["id"],
        run_id=values["run_id"],
        path_id=values["path_id"],
        points=values["points"],
        step_last=values["step_last"],
        open_step=values["open_step"],
        open_points=values["open_points"],
        last=float("nan") if values["last"] is None else values["last"],
        statistics=statistics,
    )


def insert_heads(connection: sa.Connection, heads: Sequence[SeriesHead]) -> dict[int, int]:
    """Add heads, whose ids are given now; returns the id by path id."""
    if not heads:
        return {}
    statement = sa.insert(series).returning(series.c.path_id, series.c.id)
    values = [{"run_id": head.run_id, "path_id": head.path_id, **_columns(head)} for head in heads]
    return {row.path_id: row.id for row in connection.execute(statement, values)}


def update_heads(connection: sa.Connection, heads: Sequence[SeriesHead]) -> None:
    """Write heads that exist already."""
    if not heads:
        return
    names = _columns(heads[0])
    statement = (
        sa.update(series)
        .where(series.c.id == sa.bindparam("of_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )
    connection.execute(
        statement,
        [{"of_id": head.id, **{f"new_{name}": value for name, value in _columns(head).items()}} for head in heads],
    )


def delete_heads(connection: sa.Connection, series_ids: Sequence[int]) -> None:
    """Delete the heads of these series."""
    connection.execute(sa.delete(series).where(series.c.id.in_(series_ids)))


def _columns(head: SeriesHead) -> dict[str, object]:
    return {
        "points": head.points,
        "step_last": head.step_last,
        "open_step": head.open_step,
        "open_points": head.open_points,
        "last": storable(head.last),
        "min": head.statistics.min,
        "max": head.statistics.max,
        "mean": storable(head.statistics.mean),
        "m2": storable(head.statistics.m2),
        "finite": head.statistics.finite,
    }
