"""The series that a fork inherits, as attributes: their aggregates over the whole lineage.

Values are not inherited, only series of numbers: a fork has parameters of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from tidelog_server.runs.attributes import SERIES, Aggregates, Attribute
from tidelog_server.series import chunks, statistics
from tidelog_server.series.lineage import Ancestor, lineages
from tidelog_server.series.points import STEP_UNITS, Points
from tidelog_server.series.statistics import NONE, Statistics, statistics_of
from tidelog_server.tables import chunks as chunks_table
from tidelog_server.tables import paths, series

Key = tuple[int, int]  # series_id, step_min


@dataclass
class _Past:
    """What a fork inherits of one series: whole chunks, and chunks that are cut at a step."""

    first_step: int | None = None  # the first step of what is known so far; older points lie before it
    own: Statistics = NONE
    heads: list[chunks.Head] = field(default_factory=list)
    cut: list[tuple[Key, int]] = field(default_factory=list)  # the last step that counts
    newest: tuple[Key, int] | None = None


def with_inherited(
    connection: sa.Connection, run_id: int, own: Sequence[Attribute], prefix: str = ""
) -> list[Attribute]:
    """The attributes of a run, and if it is a fork the series that it inherits, aggregates over both; sorted by path.

    Fold the run and its ancestors before.
    """
    line = lineages(connection, [run_id]).get(run_id)
    if line is None:
        return list(own)
    by_path = {attribute.path: attribute for attribute in own}
    pasts = {
        path: _Past(rows[0].step_min, statistics.merged(_head(row).statistics for row in rows))
        for path, rows in _chunks(connection, run_id, prefix)
    }
    for ancestor in line.ancestors:
        for path, rows in _chunks(connection, ancestor.run_id, prefix):
            _add(pasts.setdefault(path, _Past()), rows, ancestor)
    wanted = {key for past in pasts.values() for key, _ in [*past.cut, *([past.newest] if past.newest else [])]}
    loaded = chunks.load_keys(connection, sorted(wanted))
    for path, past in pasts.items():
        attribute = by_path.get(path)
        if past.newest is not None and (attribute is None or attribute.series is not None):
            by_path[path] = _whole(path, attribute, past, loaded)
    return [by_path[path] for path in sorted(by_path)]


def _chunks(connection: sa.Connection, run_id: int, prefix: str) -> Iterator[tuple[str, list[sa.Row[Any]]]]:
    names = ("series_id", "step_min", "step_max", "points", "finite", "min", "max", "mean", "m2")
    query = (
        sa.select(paths.c.path, *(chunks_table.c[name] for name in names))
        .join(series, series.c.path_id == paths.c.id)
        .join(chunks_table, chunks_table.c.series_id == series.c.id)
        .where(series.c.run_id == run_id, series.c.abandoned_by == 0)
        .order_by(paths.c.path, chunks_table.c.step_min)
    )
    if prefix:
        query = query.where((paths.c.path == prefix) | paths.c.path.startswith(prefix + "/", autoescape=True))
    for path, rows in groupby(connection.execute(query), key=lambda row: row.path):
        yield path, list(rows)


def _head(row: sa.Row[Any]) -> chunks.Head:
    return chunks.head_of(dict(row._mapping))


def _add(past: _Past, rows: list[sa.Row[Any]], ancestor: Ancestor) -> None:
    """Add what an older run has before what is known so far."""
    last = ancestor.last_step if past.first_step is None else min(ancestor.last_step, past.first_step - 1)
    inherited = [row for row in rows if row.step_min <= last]
    if not inherited:
        return
    for row in inherited:
        if row.step_max <= last:
            past.heads.append(_head(row))
        else:
            past.cut.append(((row.series_id, row.step_min), last))
    if past.newest is None:
        past.newest = ((inherited[-1].series_id, inherited[-1].step_min), last)
    past.first_step = inherited[0].step_min


def _whole(path: str, own: Attribute | None, past: _Past, loaded: dict[Key, Points]) -> Attribute:
    cut = [loaded[key][loaded[key].steps <= last] for key, last in past.cut]
    parts = [*(head.statistics for head in past.heads), *(statistics_of(points.values) for points in cut)]
    count = sum(head.points for head in past.heads) + sum(map(len, cut))
    if own is not None and own.series is not None:
        found = own.series
        parts.append(past.own)
        count, last, last_step = count + found.points, found.last, found.last_step
    else:
        key, limit = past.newest or ((0, 0), 0)
        points = loaded[key][loaded[key].steps <= limit]
        last, last_step = float(points.values[-1]), int(points.steps[-1]) / STEP_UNITS
    whole = statistics.merged(parts)
    variance = None if whole.m2 is None else whole.m2 / whole.finite
    aggregates = Aggregates(count, last, last_step, whole.min, whole.max, whole.mean, variance)
    return Attribute(path, SERIES, last, aggregates)
