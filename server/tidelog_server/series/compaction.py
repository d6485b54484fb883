"""Compaction: rewrite the chunks of a run that has come to rest into full ones, in the smaller encoding."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.series import chunks, codec
from tidelog_server.series.chunks import Row
from tidelog_server.series.points import Points, joined
from tidelog_server.tables import chunks as chunks_table
from tidelog_server.tables import ingest_log, runs, series

CHUNKS_AT_ONCE = 64  # read and rewritten in one transaction; bounds memory and how long writers wait
SERIES_AT_ONCE = 200


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


def compact(database: Database, run_id: int) -> bool:
    """Compact one run; False if it was folded in the meantime (what is done by then is valid, the rest waits)."""
    with database.read() as connection:
        epoch = connection.scalar(sa.select(runs.c.fold_epoch).where(runs.c.id == run_id))
        series_ids = list(connection.scalars(sa.select(series.c.id).where(series.c.run_id == run_id)))
    if epoch is None:
        return False
    for start in range(0, len(series_ids), SERIES_AT_ONCE):
        for stretches in _portions(database, series_ids[start : start + SERIES_AT_ONCE]):
            if not _rewrite(database, run_id, epoch, stretches):
                return False
            epoch += 1
    with database.write() as connection:
        return _claims(connection, run_id, epoch, compacted_epoch=epoch + 1)


def _portions(database: Database, series_ids: list[int]) -> Iterator[list[tuple[int, list[int]]]]:
    """The chunks of these series, as many at a time as are rewritten in one transaction."""
    with database.read() as connection:
        work = list(_stretches(connection, series_ids))
    portion: list[tuple[int, list[int]]] = []
    for series_id, step_mins in work:
        portion.append((series_id, step_mins))
        if sum(len(step_mins) for _, step_mins in portion) >= CHUNKS_AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _stretches(connection: sa.Connection, series_ids: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Neighbouring chunks of one series that are rewritten together: up to about 64 each."""
    query = (
        sa.select(chunks_table.c.series_id, chunks_table.c.step_min)
        .where(chunks_table.c.series_id.in_(series_ids))
        .order_by(chunks_table.c.series_id, chunks_table.c.step_min)
    )
    current: int | None = None
    stretch: list[int] = []
    for series_id, step_min in connection.execute(query):
        if stretch and (series_id != current or len(stretch) >= CHUNKS_AT_ONCE):
            yield current or 0, stretch
            stretch = []
        current = series_id
        stretch.append(step_min)
    if stretch:
        yield current or 0, stretch


def _rewrite(database: Database, run_id: int, epoch: int, stretches: list[tuple[int, list[int]]]) -> bool:
    rows: list[Row] = []
    keys: list[tuple[int, int]] = []
    with database.read() as connection:
        for series_id, step_mins in stretches:
            points = joined(chunks.load(connection, series_id, step_mins))
            rows.extend(_full_rows(points, run_id, series_id))
            keys.extend((series_id, step_min) for step_min in step_mins)
    with database.write() as connection:
        if not _claims(connection, run_id, epoch):
            return False
        chunks.delete(connection, keys)
        chunks.insert(connection, rows)
        _update_open_chunks(connection, [series_id for series_id, _ in stretches])
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
