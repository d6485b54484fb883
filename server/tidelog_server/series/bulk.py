"""Many series of many runs, a bounded page of points at a time.

The order is that of the runs as they are asked for, and within a run that in which its project first saw the paths:
the order of an index, so that a page of the hundred-thousandth series costs no more than the first one. A fork has
the series that it inherits, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.errors import InvalidRequestError
from tidelog_server.runs.runs import Run
from tidelog_server.series import export
from tidelog_server.series.heads import FLOAT_SERIES, has_chunks
from tidelog_server.series.lineage import Lineage, lineages
from tidelog_server.series.lookup import find_series
from tidelog_server.series.points import Points
from tidelog_server.series.tails import Tails
from tidelog_server.tables import SERIES_TYPES, attributes, chunks, object_chunks, paths, series

NAMES_AT_ONCE = 2_000  # paths read from the database at a time, to be matched
SERIES_AT_ONCE = 200  # looked up at a time
PIECES = 5_000  # series in one page: each costs a statement, whatever its length

Matches = Callable[[str], bool]


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind this path of this run (by its place in the request), or behind a step of it."""

    run: int = 0
    path_id: int = 0
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.run}.{self.path_id}" + ("" if self.step is None else f".{self.step}")

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place that `str` wrote; raises `InvalidRequestError` for anything else."""
        try:
            numbers = [int(part) for part in text.split(".")]
            if len(numbers) not in (2, 3) or any(abs(number) >= 2**63 for number in numbers) or min(numbers[:2]) < 0:
                raise ValueError
        except ValueError as error:
            raise InvalidRequestError(f"{text[:80]!r} is no place to go on from; pass `next` as it came.") from error
        return cls(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else None)


@dataclass(frozen=True)
class SeriesName:
    """A series of one of the runs; `place` is behind it."""

    run: Run
    path: str
    type: str
    place: Place


@dataclass(frozen=True)
class Piece:
    """Points of one series, ascending by step."""

    run: Run
    path: str
    points: Points


def series_of(
    connection: sa.Connection,
    runs: Sequence[Run],
    matches: Matches,
    types: Sequence[str],
    after: Place,
    *,
    own: bool = False,
) -> Iterator[SeriesName]:
    """The series of these types whose path matches, from behind `after` on, read as far as they are taken.

    With `own`, without those that a fork only inherits.
    """
    inheriting = not own and any(kind in SERIES_TYPES for kind in types)
    lines = lineages(connection, [run.id for run in runs[after.run :]]) if inheriting else {}
    for number in range(after.run, len(runs)):
        path_id = after.path_id if number == after.run else 0
        while rows := _names(connection, runs[number].id, types, path_id, lines.get(runs[number].id), own=own):
            for path_id, path, kind in rows:
                if matches(path):
                    yield SeriesName(runs[number], path, kind, Place(number, path_id))
            if len(rows) < NAMES_AT_ONCE:
                break


def pieces_of(
    connection: sa.Connection,
    tails: Tails,
    runs: Sequence[Run],
    matches: Matches,
    *,
    start: int | None = None,
    stop: int | None = None,
    after: Place,
    limit: int,
    own: bool = False,
) -> tuple[list[Piece], Place | None]:
    """At most `limit` points of the float series that match, and where the next page begins; None at the end.

    `start` and `stop`, both included, are steps in millionths. With `own`, what forks inherit is left out. Call
    `tails.prepare` before.
    """
    pieces: list[Piece] = []
    # A series that was left in the middle is gone on with: the search begins just before it.
    search = after if after.step is None else Place(after.run, after.path_id - 1)
    names = series_of(connection, runs, matches, [FLOAT_SERIES], search, own=own)
    for group in _groups(names):
        wanted = [(name.run.id, name.path) for name in group]
        for name, found in zip(group, find_series(connection, tails, group[0].run.project_id, wanted), strict=True):
            if found is None:
                continue
            resumed = after.step is not None and name.place == Place(after.run, after.path_id)
            first = start if not resumed or after.step is None else max(after.step + 1, start or after.step + 1)
            inherited = () if own else found.inherited
            page = export.page_of(connection, found.head, found.tail, inherited, start=first, stop=stop, limit=limit)
            if len(page.points):
                pieces.append(Piece(name.run, name.path, page.points))
                limit -= len(page.points)
            if page.more:
                return pieces, Place(name.place.run, name.place.path_id, int(page.points.steps[-1]))
            if limit <= 0 or len(pieces) >= PIECES:
                return pieces, name.place
    return pieces, None


def _groups(names: Iterator[SeriesName]) -> Iterator[list[SeriesName]]:
    """Runs of names that one lookup can answer: of one run, and not too many."""
    group: list[SeriesName] = []
    for name in names:
        if group and (group[0].run is not name.run or len(group) == SERIES_AT_ONCE):
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _names(
    connection: sa.Connection, run_id: int, types: Sequence[str], after: int, line: Lineage | None, *, own: bool
) -> list[tuple[int, str, str]]:
    query = (
        sa.select(attributes.c.path_id, paths.c.path, attributes.c.type)
        .join(paths, paths.c.id == attributes.c.path_id)
        .where(attributes.c.run_id == run_id, attributes.c.path_id > after, attributes.c.type.in_(types))
        .order_by(attributes.c.path_id)
        .limit(NAMES_AT_ONCE)
    )
    if own:
        of_run = (series.c.run_id == run_id, series.c.path_id == attributes.c.path_id, has_chunks())
        query = query.where(attributes.c.type.not_in(SERIES_TYPES) | sa.exists().where(*of_run))
    found = [(path_id, path, kind) for path_id, path, kind in connection.execute(query)]
    if line is None:
        return found
    for table, kinds in ((chunks, {FLOAT_SERIES}), (object_chunks, {*SERIES_TYPES} - {FLOAT_SERIES})):
        if wanted := kinds.intersection(types):
            found += _inherited_names(connection, run_id, line, after, table, wanted)
    return sorted(set(found))[:NAMES_AT_ONCE]


def _inherited_names(
    connection: sa.Connection, run_id: int, line: Lineage, after: int, table: sa.Table, types: Collection[str]
) -> list[tuple[int, str, str]]:
    """Series of these types, whose chunks are in this table, that ancestors have points of up to the fork, at paths
    where nothing is noted of the run itself.
    """
    from_ancestors = [
        (series.c.run_id == ancestor.run_id) & (table.c.step_min <= ancestor.last_step) for ancestor in line.ancestors
    ]
    here = attributes.alias("here")
    hidden = sa.exists().where(here.c.run_id == run_id, here.c.path_id == series.c.path_id)
    query = (
        sa.select(series.c.path_id, paths.c.path, series.c.type)
        .distinct()
        .join(paths, paths.c.id == series.c.path_id)
        .join(table, table.c.series_id == series.c.id)
        .where(series.c.type.in_(types), has_chunks(), series.c.path_id > after)
        .where(sa.or_(*from_ancestors), ~hidden)
        .order_by(series.c.path_id)
        .limit(NAMES_AT_ONCE)
    )
    return [(path_id, path, kind) for path_id, path, kind in connection.execute(query)]
