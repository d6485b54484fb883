"""Comparison: what some runs have in common and where they differ, attribute by attribute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError
from tidelog_server.runs.attributes import SERIES, Value
from tidelog_server.runs.cells import cell_value, cut_text
from tidelog_server.runs.runs import runs_by_id
from tidelog_server.tables import attributes, paths

RUNS_LIMIT = 200
PATHS_LIMIT = 5_000


@dataclass(frozen=True)
class Difference:
    """One attribute across runs. `values` and `types` have an entry for each run, None where it lacks the attribute.

    `same` says whether all runs have it, with one type and one value, also where a long text is shown cut.
    """

    path: str
    values: tuple[Value, ...]
    same: bool
    types: tuple[str | None, ...] = ()

    @property
    def is_series(self) -> bool:
        """Whether it is a float series in any of the runs; its value is the last one."""
        return SERIES in self.types


@dataclass(frozen=True)
class Comparison:
    """The attributes of some runs. Not `complete` if there are more than `PATHS_LIMIT`; the rest is left out. `series`
    are the paths of all float series of any of the runs, sorted.
    """

    attributes: list[Difference]
    complete: bool
    series: tuple[str, ...]


def compare_runs(
    connection: sa.Connection, run_ids: Sequence[int], *, least: int = 2, with_series: bool = True
) -> Comparison:
    """Set the attributes of 2 to 200 runs side by side, in four statements: parameters first, then series, then sys/*.

    Runs may have thousands of series: without `with_series` these are not among the attributes, so that none of their
    values is read. Raises `InvalidRequestError` for a wrong number of runs, `RunNotFoundError` for one that is not
    there.
    """
    if not least <= len(set(run_ids)) == len(run_ids) <= RUNS_LIMIT:
        message = f"A comparison takes 2 to {RUNS_LIMIT} different runs, not {len(set(run_ids))} of {len(run_ids)}."
        raise InvalidRequestError(message, field="runs")
    runs_by_id(connection, run_ids)
    series = _series(connection, run_ids)
    listed = connection.execute(_listed_paths(run_ids, with_series=with_series)).all()
    complete = len(listed) <= PATHS_LIMIT
    listed = listed[:PATHS_LIMIT]
    if not with_series:
        left_out = set(series)  # what is a series in one run and a value in another counts as a series
        listed = [found for found in listed if found.path not in left_out]
    place = {run_id: number for number, run_id in enumerate(run_ids)}
    cells: dict[str, list[tuple[str | None, Value]]] = {}
    rows = connection.execute(_values(run_ids, [found.path for found in listed])).all()
    for run_id, path, kind, number, text in rows:
        if path not in cells:
            cells[path] = [(None, None)] * len(run_ids)
        cells[path][place[run_id]] = (kind, cell_value(kind, number, text))
    return Comparison([_difference(found, cells[found.path]) for found in listed], complete, series)


def with_whole_texts(
    connection: sa.Connection, run_ids: Sequence[int], rows: Sequence[Difference], characters: int
) -> list[Difference]:
    """These attributes with their texts as they are, where `compare_runs` cut them; at most `characters` of each."""
    place = {run_id: number for number, run_id in enumerate(run_ids)}
    values = {row.path: list(row.values) for row in rows}
    query = (
        sa.select(attributes.c.run_id, paths.c.path, sa.func.substr(attributes.c.text, 1, characters).label("text"))
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(attributes.c.run_id.in_(run_ids), paths.c.path.in_(list(values)), attributes.c.type == "string")
    )
    for found in connection.execute(query):
        values[found.path][place[found.run_id]] = found.text
    return [replace(row, values=tuple(values[row.path])) for row in rows]


def _difference(found: Any, cells: list[tuple[str | None, Value]]) -> Difference:
    return Difference(
        found.path, tuple(value for _, value in cells), bool(found.same), tuple(kind for kind, _ in cells)
    )


def _series(connection: sa.Connection, run_ids: Sequence[int]) -> tuple[str, ...]:
    of_runs = sa.select(attributes.c.path_id).where(attributes.c.run_id.in_(run_ids), attributes.c.type == SERIES)
    query = sa.select(paths.c.path).where(paths.c.id.in_(of_runs)).distinct()
    return tuple(sorted(connection.scalars(query)))


def _listed_paths(run_ids: Sequence[int], *, with_series: bool) -> sa.Select[str, bool]:
    """The paths of these runs, in the order of the comparison.

    The database compares the values, as texts may be long. Runs of two projects have different numbers for one path.
    """
    kind, number, text = attributes.c.type, attributes.c.number, attributes.c.text
    everywhere = sa.func.count() == len(run_ids)
    same = sa.and_(everywhere, sa.func.min(kind) == sa.func.max(kind), _one_value(number), _one_value(text))
    has_series = sa.func.max(sa.case((kind == SERIES, 1), else_=0))
    group = sa.case((paths.c.path.startswith("sys/"), 2), else_=has_series)
    return (
        sa.select(paths.c.path, same.label("same"))
        .join(attributes, attributes.c.path_id == paths.c.id)
        .where(attributes.c.run_id.in_(run_ids), *([] if with_series else [kind != SERIES]))
        .group_by(paths.c.path)
        .order_by(group, paths.c.path)
        .limit(PATHS_LIMIT + 1)
    )


def _one_value(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    count = sa.func.count(column)
    return sa.or_(count == 0, sa.and_(count == sa.func.count(), sa.func.min(column) == sa.func.max(column)))


def _values(run_ids: Sequence[int], names: Sequence[str]) -> sa.Select[Any]:
    columns = (attributes.c.run_id, paths.c.path, attributes.c.type, attributes.c.number)
    query = sa.select(*columns, cut_text(attributes).label("text")).join(paths, paths.c.id == attributes.c.path_id)
    return query.where(attributes.c.run_id.in_(run_ids), paths.c.path.in_(names))
