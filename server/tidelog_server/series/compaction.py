"""Compaction: rewrite the chunks of a run that has come to rest into full ones, in the smaller encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.series import chunks, codec
from tidelog_server.series.chunks import Row
from tidelog_server.series.points import Points, joined
from tidelog_server.tables import chunks as chunks_table
from tidelog_server.tables import ingest_log, runs, series

POINTS_AT_ONCE = 256 * 1024  # read and rewritten in one transaction; bounds memory and how long writers wait
STRETCH_POINTS = 64 * chunks.CHUNK_POINTS  # of one series
SERIES_AT_ONCE = 2_000


@dataclass
class Stretch:
    """Neighbouring chunks of one series."""

    series_id: int
    step_mins: list[int] = field(default_factory=list)
    points: int = 0


def runs_at_rest(connection: sa.Connection, limit: int) -> list[int]:
    """Runs that have ended, are folded, and were not compacted since."""
    unfolded = sa.exists().where(ingest_log.c.run_id == runs.c.id)
    query = (
        sa.select(runs.c.id)
        .where(runs.c.state != "running", runs.c.compacted_epoch != runs.c.fold_epoch, ~unfolded)
        .order_by(runs.c.id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def compact(database: Database, run_id: int, may_go_on: Callable[[], bool] = lambda: True) -> bool:
    """Compact one run; False if it was folded in the meantime, or if `may_go_on`, which is asked before each portion,
    said no. What is done by then is valid, the rest waits.
    """
    with database.read() as connection:
        epoch = connection.scalar(sa.select(runs.c.fold_epoch).where(runs.c.id == run_id))
        series_ids = list(connection.scalars(sa.select(series.c.id).where(series.c.run_id == run_id)))
    if epoch is None:
        return False
    for start in range(0, len(series_ids), SERIES_AT_ONCE):
        for stretches in _portions(database, series_ids[start : start + SERIES_AT_ONCE]):
            if not may_go_on() or not _rewrite(database, run_id, epoch, stretches):
                return False
            epoch += 1
    with database.write() as connection:
        return _claims(connection, run_id, epoch, compacted_epoch=epoch + 1)


def _portions(database: Database, series_ids: list[int]) -> Iterator[list[Stretch]]:
    """The chunks of these series, as many at a time as are rewritten in one transaction."""
    with database.read() as connection:
        work = list(_stretches(connection, series_ids))
    portion: list[Stretch] = []
    for stretch in work:
        portion.append(stretch)
        if sum(stretch.points for stretch in portion) >= POINTS_AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _stretches(connection: sa.Connection, series_ids: list[int]) -> Iterator[Stretch]:
    """Neighbouring chunks of one series that are rewritten together; a series that is one stub would gain little."""
    query = (
        sa.select(chunks_table.c.series_id, chunks_table.c.step_min, chunks_table.c.points)
        .where(chunks_table.c.series_id.in_(series_ids))
        .order_by(chunks_table.c.series_id, chunks_table.c.step_min)
    )
    for series_id, rows in groupby(connection.execute(query), key=lambda row: row.series_id):
        stretch = Stretch(series_id)
        for row in rows:
            if stretch.points >= STRETCH_POINTS:
                yield stretch
                stretch = Stretch(series_id)
            stretch.step_mins.append(row.step_min)
            stretch.points += row.points
        if len(stretch.step_mins) > 1 or stretch.points >= chunks.STUB_POINTS:
            yield stretch


def _rewrite(database: Database, run_id: int, epoch: int, stretches: list[Stretch]) -> bool:
    rows: list[Row] = []
    keys = [(stretch.series_id, step_min) for stretch in stretches for step_min in stretch.step_mins]
    with database.read() as connection:
        found = chunks.load_keys(connection, keys)
    if len(found) < len(keys):  # a fold was faster
        return False
    for stretch in stretches:
        points = joined([found[stretch.series_id, step_min] for step_min in stretch.step_mins])
        rows.extend(_full_rows(points, run_id, stretch.series_id))
    with database.write() as connection:
        if not _claims(connection, run_id, epoch):
            return False
        chunks.delete(connection, keys)
        chunks.insert(connection, rows)
        _update_open_chunks(connection, [stretch.series_id for stretch in stretches])
    return True


def _full_rows(points: Points, run_id: int, series_id: int) -> Iterator[Row]:
    if len(points):
        yield from chunks.rows_of(points, run_id=run_id, series_id=series_id, level=codec.ARCHIVE_LEVEL)


def _update_open_chunks(connection: sa.Connection, series_ids: list[int]) -> None:
    """Let the heads point at what is now the last chunk."""
    last = sa.select(sa.func.max(chunks_table.c.step_min)).where(chunks_table.c.series_id == series.c.id)
    points = (
        sa.select(chunks_table.c.points)
        .where(chunks_table.c.series_id == series.c.id)
        .order_by(chunks_table.c.step_min.desc())
        .limit(1)
    )
    connection.execute(
        sa.update(series)
        .where(series.c.id.in_(series_ids))
        .values(open_step=last.scalar_subquery(), open_points=points.scalar_subquery())
    )


def _claims(connection: sa.Connection, run_id: int, epoch: int, **values: int) -> bool:
    """Whether the run is still as it was read; if so, a fold that was worked out before finds that it is no longer."""
    claimed = connection.execute(
        sa.update(runs).where(runs.c.id == run_id, runs.c.fold_epoch == epoch).values(fold_epoch=epoch + 1, **values)
    )
    return claimed.rowcount == 1
