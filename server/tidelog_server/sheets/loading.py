"""What a sheet reads from the database: its runs, and one column of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server.query.conditions import aggregate_value
from tidelog_server.query.expressions import INDEXED_CHARACTERS, in_ids
from tidelog_server.query.run_columns import column_of_run
from tidelog_server.query.syntax import Aggregate, Attribute, Subject
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.runs import is_there
from tidelog_server.sheets.column import TYPE_CODES
from tidelog_server.tables import attributes, runs, series

TAGS = "sys/tags"  # kept whole: a search for words looks into them

# A run: id, number, fold epoch, when changed, when trashed, created, ended, state, name, key, how long it ran, since
# when it runs, bytes.
RunRow = sa.Row[Any]


@dataclass(frozen=True)
class Loaded:
    """Values as they were read: of which runs, of which types, and either numbers or texts."""

    run_ids: NDArray[np.int64]
    types: NDArray[np.uint8]
    numbers: NDArray[np.float64] | None = None
    texts: Sequence[str] = ()


def run_rows(connection: sa.Connection, project_id: int, run_ids: Sequence[int] | None = None) -> list[RunRow]:
    """The runs of a project, all of them or these, by id."""
    query = sa.select(
        runs.c.id,
        runs.c.number,
        runs.c.fold_epoch,
        runs.c.modified_ms,
        runs.c.trashed_ms,
        runs.c.created_ms,
        runs.c.ended_ms,
        runs.c.state,
        runs.c.name,
        runs.c.key,
        runs.c.ran_ms,
        runs.c.running_since_ms,
        runs.c.series_bytes + runs.c.attribute_bytes + runs.c.file_bytes,
    ).where(*_of_project(project_id))
    if run_ids is not None:
        query = query.where(in_ids(runs.c.id, run_ids))
    return list(connection.execute(query.order_by(runs.c.id)))


def count_runs(connection: sa.Connection, project_id: int) -> int:
    """How many runs the project has, those in the trash included.

    Counted in an index, without those that are being purged: to look at every row for that takes twice as long.
    """
    counted = sa.select(sa.func.count()).select_from(runs)
    held = counted.where(runs.c.project_id == project_id, runs.c.kind == "run")
    # The sum keeps SQLite from the index of projects: few runs are being purged, and these have one of their own.
    going = counted.where(runs.c.purge_ms.is_not(None), runs.c.project_id + 0 == project_id, runs.c.kind == "run")
    return connection.scalar(sa.select(held.scalar_subquery() - going.scalar_subquery())) or 0


def _of_project(project_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The runs of a project, those in the trash too, but not those that were purged and are being deleted."""
    return runs.c.project_id == project_id, runs.c.kind == "run", runs.c.purge_ms.is_(None)


def changed_runs(connection: sa.Connection, project_id: int, since_ms: int) -> list[tuple[int, int, int]]:
    """Id, fold epoch and moment of change of the runs that changed since."""
    query = sa.select(runs.c.id, runs.c.fold_epoch, runs.c.modified_ms).where(
        *_of_project(project_id), runs.c.modified_ms >= since_ms
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _in_project(project_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (runs.c.project_id == project_id, runs.c.kind == "run", is_there())


def run_column(connection: sa.Connection, project_id: int, path: str, now: int) -> Loaded:
    """A column of the runs themselves that is worked out in SQL: a number for every run that has one."""
    kind = VIRTUAL[path]
    value = column_of_run(path, runs, now)
    query = sa.select(runs.c.id, sa.literal_column(f"'{kind}'"), value).where(
        *_in_project(project_id), value.is_not(None)
    )
    return _loaded(connection, query, are_numbers=True)


def values_of(
    connection: sa.Connection,
    project_id: int,
    path_id: int,
    subject: Subject,
    run_ids: Sequence[int] | None = None,
) -> Iterator[Loaded]:
    """The values that runs have for a subject: those of all runs of the project, or of these."""
    if isinstance(subject, Aggregate) and subject.function != "last":
        yield _aggregates(connection, project_id, path_id, subject, run_ids)
        return
    row = attributes
    at_path = [row.c.project_id == project_id, row.c.path_id == path_id]
    if isinstance(subject, Aggregate):
        at_path.append(row.c.type == "float_series")
    if run_ids is not None:
        at_path.append(in_ids(row.c.run_id, run_ids))
    numbers = sa.select(row.c.run_id, row.c.type, row.c.number).where(*at_path, row.c.number.is_not(None))
    yield _loaded(connection, numbers, are_numbers=True)
    text: sa.ColumnElement[str] = row.c.text
    if not (isinstance(subject, Attribute) and subject.path == TAGS):
        text = sa.func.substr(text, sa.literal_column("1"), sa.literal_column(str(INDEXED_CHARACTERS)))
    texts = sa.select(row.c.run_id, row.c.type, text).where(*at_path, row.c.number.is_(None), row.c.text.is_not(None))
    yield _loaded(connection, texts, are_numbers=False)


def _loaded(connection: sa.Connection, query: sa.Select[Any], *, are_numbers: bool) -> Loaded:
    rows = connection.execute(query).all()
    run_ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    types = np.fromiter((TYPE_CODES[row[1]] for row in rows), np.uint8, len(rows))
    if are_numbers:
        return Loaded(run_ids, types, numbers=np.fromiter((row[2] for row in rows), np.float64, len(rows)))
    return Loaded(run_ids, types, texts=[row[2] for row in rows])


def _aggregates(
    connection: sa.Connection, project_id: int, path_id: int, subject: Aggregate, run_ids: Sequence[int] | None
) -> Loaded:
    value = aggregate_value(series, subject.function)
    in_project = sa.select(runs.c.id).where(runs.c.project_id == project_id)
    query = sa.select(series.c.run_id, sa.literal_column("'float_series'"), value).where(
        series.c.run_id.in_(in_project), series.c.path_id == path_id, series.c.abandoned_by == 0, value.is_not(None)
    )
    if run_ids is not None:
        query = query.where(in_ids(series.c.run_id, run_ids))
    return _loaded(connection, query, are_numbers=True)
