"""The runs table: the runs that a query matches, in any order, a page at a time, with columns of choice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError
from tidelog_server.query.conditions import condition
from tidelog_server.query.cursors import decode_cursor, encode_cursor
from tidelog_server.query.expressions import Condition, in_ids
from tidelog_server.query.order import Order, Place, Segment, segments_of
from tidelog_server.query.parser import parse, parse_subject
from tidelog_server.query.patterns import check_pattern, matcher
from tidelog_server.query.scope import Scope, scope_of
from tidelog_server.query.stored_values import contains_word
from tidelog_server.query.syntax import Attribute, Query, Subject, Words, subject_attribute
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.attributes import Value
from tidelog_server.runs.cells import cells_of
from tidelog_server.runs.runs import Run, as_run, select_runs
from tidelog_server.runs.system import system_value
from tidelog_server.tables import attributes, paths, runs

PAGE_LIMIT = 200
COLUMN_LIMIT = 200
TOTAL_LIMIT = 100_000  # counting more than that takes longer than a person waits
FEW_RUNS = 2_000  # up to so many are sorted; among more, walking along the sort order soon fills a page
PATHS_LIMIT = 5_000


@dataclass(frozen=True)
class TableRow:
    """A run and its values, by column as it was asked for; None where the run has none."""

    run: Run
    values: dict[str, Value]


@dataclass(frozen=True)
class TablePage:
    """A page of the table. `next` is the cursor for the page after it, None on the last.

    `total` is the number of runs that the query matches, counted up to `TOTAL_LIMIT`; `total_is_exact` says if that was
    enough.
    """

    rows: list[TableRow]
    total: int
    next: str | None
    total_is_exact: bool = True


@dataclass(frozen=True)
class Column:
    """A path of a project and a type that it has there."""

    path: str
    type: str


def runs_table(
    connection: sa.Connection,
    project_id: int,
    *,
    query: str = "",
    columns: Sequence[str] = (),
    sort: str = "sys/creation_time",
    descending: bool = True,
    limit: int = 50,
    after: str | None = None,
    kind: str = "run",
    trashed: bool = False,
    there: int | None = None,
) -> TablePage:
    """One page of the runs that `query` matches; of models or what else `kind` says, and of the trash if `trashed`.

    A column or sort order is a path, or an aggregate of a series such as `min(metrics/loss)`; the path of a series
    alone means its last value. Runs without the sort value come last in both directions. Takes at most eight
    statements, and one more for each regular expression in the query. `there` is how many runs there are in all, of a
    caller who has counted them. Raises `QueryError`, and `InvalidRequestError`
    for what is wrong with the other arguments.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidRequestError(f"A page has 1 to {PAGE_LIMIT} runs, not {limit}.", field="limit")
    if len(columns) > COLUMN_LIMIT:
        raise InvalidRequestError(f"A table has up to {COLUMN_LIMIT} columns, not {len(columns)}.", field="columns")
    tree = parse(query)
    subjects = {column: parse_subject(column) for column in columns}
    order = Order(parse_subject(sort), descending)
    place = None if after is None else decode_cursor(order, after)
    named = {subject_attribute(subject).path for subject in (*subjects.values(), order.subject)}
    scope = scope_of(connection, project_id, tree, more=named, kind=kind, trashed=trashed)
    matching = _Matching(connection, tree, scope, there)
    places = _places(connection, scope, order, matching, place, limit + 1)
    following = encode_cursor(order, places[limit - 1]) if len(places) > limit else None
    rows = _rows(connection, [found.run_id for found in places[:limit]], subjects, scope)
    return TablePage(rows, min(matching.total, TOTAL_LIMIT), following, matching.total <= TOTAL_LIMIT)


def rows_of(
    connection: sa.Connection, project_id: int, run_ids: Sequence[int], columns: Sequence[str]
) -> list[TableRow]:
    """These runs, in this order, with these columns; those that are not there are left out. Four statements."""
    subjects = {column: parse_subject(column) for column in columns}
    named = {subject_attribute(subject).path for subject in subjects.values()}
    scope = scope_of(connection, project_id, Words(()), more=named)
    return _rows(connection, run_ids, subjects, scope)


class _Matching:
    """The runs that a query matches: how many, and a condition that finds them along a sort order."""

    def __init__(self, connection: sa.Connection, query: Query, scope: Scope, there: int | None) -> None:
        self._query, self._scope = query, scope
        self.all = query == Words(()) and scope.kind == "run" and not scope.trashed
        if self.all:
            counted = sa.select(sa.func.count()).select_from(runs).where(*scope.holds(runs))
            self.total = (connection.scalar(counted) or 0) if there is None else there
            return
        self._ids = ids_of(connection, query, scope, TOTAL_LIMIT + 1)
        self.total = len(self._ids)

    @property
    def few(self) -> bool:
        """Whether it is faster to fetch and sort them all than to walk along the order."""
        return not self.all and self.total <= min(FEW_RUNS, TOTAL_LIMIT)

    def where(self, segment: Segment) -> tuple[Condition, ...]:
        """What to ask of the rows of a segment."""
        if self.all:
            return segment.index_conditions if segment.is_of_runs else (*segment.index_conditions, self._run(segment))
        if self.few:
            return (in_ids(segment.run_id, self._ids),)
        # EXISTS, as a join might be turned round into a sort of everything.
        return (*segment.index_conditions, self._run(segment, condition(self._query, self._scope, "probe")))

    def _run(self, segment: Segment, *matched: Condition) -> Condition:
        """Whether the run of a row is in the scope, and matches."""
        run = sa.select(sa.literal(1)).select_from(runs)
        run = run.where(runs.c.id == segment.run_id, *self._scope.holds(runs), *matched)
        return sa.exists(run.correlate_except(runs))


def ids_of(connection: sa.Connection, query: Query, scope: Scope, limit: int) -> Sequence[int]:
    """The runs of a scope that a query matches, in no particular order."""
    matched = condition(query, scope, "collect")
    return connection.scalars(sa.select(runs.c.id).where(*scope.holds(runs), matched).limit(limit)).all()


def _places(
    connection: sa.Connection, scope: Scope, order: Order, matching: _Matching, place: Place | None, limit: int
) -> list[Place]:
    """The next places in the order, at most `limit`, from behind `place` on. One statement a segment."""
    found: list[Place] = []
    for segment in segments_of(order.subject, scope):
        if len(found) == limit or matching.total == 0 or (place is not None and segment.number < place.segment):
            continue
        query = (
            sa.select(segment.value, segment.run_id)
            .select_from(segment.source)
            .where(*segment.conditions, *matching.where(segment))
            .order_by(*segment.sorted(descending=order.descending))
            .limit(limit - len(found))
        )
        if place is not None and segment.number == place.segment:
            query = query.where(segment.after(place, descending=order.descending))
        found.extend(Place(segment.number, value, run_id) for value, run_id in connection.execute(query))
    return found


def _rows(
    connection: sa.Connection, run_ids: Sequence[int], subjects: dict[str, Subject], scope: Scope
) -> list[TableRow]:
    if not run_ids:
        return []
    found = {run.id: run for run in map(as_run, connection.execute(select_runs().where(runs.c.id.in_(run_ids))))}
    stored = {subject for subject in subjects.values() if not _is_virtual(subject)}
    cells = cells_of(connection, run_ids, stored, scope.path_ids)
    return [
        TableRow(run, {column: _cell(run, subject, cells, scope.now_ms) for column, subject in subjects.items()})
        for run in (found[run_id] for run_id in run_ids if run_id in found)
    ]


def _cell(run: Run, subject: Subject, cells: dict[tuple[int, Subject], Value], now_ms: int) -> Value:
    return _virtual_value(run, subject, now_ms) if _is_virtual(subject) else cells.get((run.id, subject))


def _is_virtual(subject: Subject) -> bool:
    return isinstance(subject, Attribute) and subject.path in VIRTUAL


def _virtual_value(run: Run, subject: Subject, now_ms: int) -> Value:
    return system_value(run, subject_attribute(subject).path, now_ms)


def columns_of(
    connection: sa.Connection, project_id: int, *, containing: str = "", pattern: str = "", limit: int = PATHS_LIMIT
) -> list[Column]:
    """What a table of this project can show: the columns of every run, then its attributes by path.

    At most `limit` paths, those in which `containing` occurs (capitals make no difference) and the RE2 expression
    `pattern`. A path of several types is listed with those of its least and greatest number and of a text: looking at
    every run would take too long. Raises `InvalidRequestError` for what is no expression.
    """
    matches = _matcher(pattern)
    found = [
        Column(path, _STORED_NAMES.get(kind, kind))
        for path, kind in VIRTUAL.items()
        if containing.lower() in path and matches(path)
    ]
    query = _paths_with_types(project_id, containing, limit)
    if pattern:
        named = sa.select(paths.c.id, paths.c.path).where(paths.c.project_id == project_id).order_by(paths.c.path)
        query = query.where(
            in_ids(paths.c.id, [path_id for path_id, path in connection.execute(named) if matches(path)])
        )
    rows = connection.execute(query)
    for path, *types in sorted(rows):
        if path not in VIRTUAL:
            found.extend(Column(path, kind) for kind in dict.fromkeys(types) if kind is not None)
    return found


def types_of(connection: sa.Connection, project_id: int, names: Collection[str]) -> dict[str, list[str]]:
    """The types that these paths have in a project, as `columns_of` says them; nothing for a path that it lacks."""
    rows = connection.execute(_paths_with_types(project_id, "", PATHS_LIMIT).where(paths.c.path.in_(names)))
    stored = {path: list(dict.fromkeys(kind for kind in types if kind is not None)) for path, *types in rows}
    return {path: [str(VIRTUAL[path])] if path in VIRTUAL else stored.get(path, []) for path in names}


def _matcher(pattern: str) -> Callable[[str], bool]:
    if not pattern:
        return lambda path: True
    wrong = check_pattern(pattern)
    if wrong:
        raise InvalidRequestError(
            f"{pattern[:200]!r} is no regular expression ({wrong}). The syntax is that of RE2.", field="pattern"
        )
    return matcher(pattern)


_STORED_NAMES: dict[str, str] = {"runState": "run_state"}


def _paths_with_types(project_id: int, containing: str, limit: int) -> sa.Select[str, str, str, str]:
    row = attributes.alias()
    number, text = row.c.number, row.c.text
    of_path = sa.select(row.c.type).where(row.c.project_id == project_id, row.c.path_id == paths.c.id).limit(1)
    numbers = of_path.where(number.is_not(None))
    texts = of_path.where(number.is_(None), text.is_not(None))
    return (
        sa.select(
            paths.c.path,
            numbers.order_by(number).scalar_subquery(),
            numbers.order_by(number.desc()).scalar_subquery(),
            texts.scalar_subquery(),
        )
        .where(
            paths.c.project_id == project_id,
            contains_word(paths.c.path, containing) if containing else sa.true(),
            sa.exists(numbers) | sa.exists(texts),
        )
        .order_by(paths.c.path)
        .limit(limit)
    )
