"""Order: the runs of a project by any attribute or aggregate, a page at a time, each run exactly once.

Three segments follow one another, in both directions: runs with a finite number there, by number; runs with a text
there (or NaN, or an infinity), by its first 200 characters; runs with nothing there, by run number. Runs of equal value
follow one another by id. A page begins behind the last run of the page before (keyset), so that it costs the same
wherever it is, and new runs neither repeat nor hide others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidelog_server.query.conditions import aggregate_value
from tidelog_server.query.expressions import Condition, indexed_part
from tidelog_server.query.run_columns import column_of_run
from tidelog_server.query.scope import Scope
from tidelog_server.query.syntax import Aggregate, Subject
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.tables import attributes, runs, series

NUMBERS, TEXTS, NOTHING = range(3)

# Of the value, not of the column: PostgreSQL would refuse a number too large for the column's type.
_TYPES: dict[type, sa.types.TypeEngine[Any]] = {float: sa.Double(), int: sa.BigInteger(), str: sa.Text()}


@dataclass(frozen=True)
class Order:
    """What a table is sorted by."""

    subject: Subject
    descending: bool


@dataclass(frozen=True)
class Place:
    """A run's place in an order: its segment, its value there, its id."""

    segment: int
    value: float | str
    run_id: int


@dataclass(frozen=True)
class Segment:
    """One of the three parts of an order: rows with one value for a run, which is never NULL."""

    number: int
    source: sa.FromClause
    run_id: sa.ColumnElement[int]
    value: sa.ColumnElement[Any]
    conditions: tuple[Condition, ...]
    index_conditions: tuple[Condition, ...] = ()  # what leads a walk along the order to its index
    is_of_runs: bool = True  # whether its rows are runs, among which the conditions have chosen those of the scope

    def after(self, place: Place, *, descending: bool) -> Condition:
        """The rows that come behind a place in this segment."""
        value = float(place.value) if isinstance(self.value.type, sa.Double) else place.value
        there = sa.tuple_(sa.literal(value, _TYPES[type(value)]), sa.literal(place.run_id, sa.BigInteger()))
        here = sa.tuple_(self.value, self.run_id)
        return here < there if descending else here > there

    def sorted(self, *, descending: bool) -> tuple[sa.ColumnElement[Any], ...]:
        """What to order the rows by."""
        columns = (self.value, self.run_id)
        return tuple(column.desc() for column in columns) if descending else columns


def segments_of(subject: Subject, scope: Scope) -> list[Segment]:
    """The segments of the order by `subject`, the first one first. One that cannot have a run in it is left out."""
    if isinstance(subject, Aggregate):
        if subject.function != "last":
            return _by_aggregate(subject, scope)
        return _by_attribute(subject.attribute.path, scope, "float_series")
    return _by_column(subject.path, scope) or _by_attribute(subject.path, scope)


def _by_attribute(path: str, scope: Scope, kind: str | None = None) -> list[Segment]:
    path_id = scope.path_ids.get(path)
    if path_id is None:
        return [_nothing(scope)]
    row, probed = attributes.alias(), attributes.alias()
    at_path: list[Condition] = [row.c.path_id == path_id, *([row.c.type == kind] if kind else [])]
    in_project = (row.c.project_id == scope.project_id,)
    number, text = row.c.number, row.c.text
    numbers = (*at_path, number.is_not(None))
    texts = (*at_path, number.is_(None), text.is_not(None))
    has_value: list[Condition] = [
        probed.c.path_id == path_id,
        probed.c.number.is_not(None) | probed.c.text.is_not(None),
        *([probed.c.type == kind] if kind else []),
    ]
    return [
        Segment(NUMBERS, row, row.c.run_id, number, numbers, in_project, is_of_runs=False),
        Segment(TEXTS, row, row.c.run_id, indexed_part(text), texts, in_project, is_of_runs=False),
        _nothing(scope, probed, *has_value),
    ]


def _by_aggregate(subject: Aggregate, scope: Scope) -> list[Segment]:
    path_id = scope.path_ids.get(subject.attribute.path)
    if path_id is None:
        return [_nothing(scope)]
    run, row, probed = runs.alias(), series.alias(), series.alias()
    value = aggregate_value(row, subject.function)
    joined = run.join(row, (row.c.run_id == run.c.id) & (row.c.path_id == path_id))
    has_value = (probed.c.path_id == path_id, aggregate_value(probed, subject.function).is_not(None))
    return [
        Segment(NUMBERS, joined, run.c.id, value, (*scope.holds(run), value.is_not(None))),
        _nothing(scope, probed, *has_value),
    ]


def _by_column(path: str, scope: Scope) -> list[Segment]:
    """The order by a column of the run itself; nothing if there is none of this name."""
    kind = VIRTUAL.get(path)
    if kind is None:
        return []
    run = runs.alias()
    here = scope.holds(run)
    value = run.c.number if path == "sys/id" else column_of_run(path, run, scope.now_ms)
    if path == "sys/ended_time":
        without = Segment(NOTHING, run, run.c.id, run.c.number, (*here, value.is_(None)))
        return [Segment(NUMBERS, run, run.c.id, value, (*here, value.is_not(None))), without]
    if path != "sys/id" and kind in ("string", "runState"):
        return [Segment(TEXTS, run, run.c.id, indexed_part(value), here)]
    return [Segment(NUMBERS, run, run.c.id, value, here)]


def _nothing(scope: Scope, probed: sa.FromClause | None = None, *has_value: Condition) -> Segment:
    """The runs of the project without a row in `probed` for which the conditions hold; all runs without `probed`."""
    run = runs.alias()
    conditions: list[Condition] = [*scope.holds(run)]
    if probed is not None:
        rows = sa.select(sa.literal(1)).select_from(probed).where(probed.c.run_id == run.c.id, *has_value)
        conditions.append(~sa.exists(rows.correlate(run)))
    return Segment(NOTHING, run, run.c.id, run.c.number, tuple(conditions))
