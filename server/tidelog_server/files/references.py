"""Which files a run still refers to; those of values that were overwritten or deleted go when its writers ended."""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.runs import storage
from tidelog_server.series.objects import chunks
from tidelog_server.tables import attributes, file_parts, file_set_entries, files, ingest_log, series, writers

SLICE = 500
ENDED = ("finished", "failed")

Reference = tuple[int, int]


def drop_unreferenced(database: Database, run_id: int) -> int:
    """Forget the files that nothing in the run refers to any more; how many. Their contents go with the next sweep.

    Only of writers that have said that they ended, whose journals are here in full and folded.
    """
    with database.read() as connection:
        candidates = _candidates(connection, run_id)
        if not candidates or _has_unfolded(connection, run_id):
            return 0
        for reference in _references(connection, run_id):
            candidates.pop(reference, None)
    doomed = sorted(candidates.values())
    for start in range(0, len(doomed), SLICE):
        some = doomed[start : start + SLICE]
        with database.write() as connection:
            connection.execute(sa.delete(file_parts).where(file_parts.c.file_id.in_(some)))
            connection.execute(
                sa.update(files).where(files.c.id.in_(some)).values(state="dropped", blob_id=None, bytes=0)
            )
            storage.note_change(connection, run_id)
    return len(doomed)


def _candidates(connection: sa.Connection, run_id: int) -> dict[Reference, int]:
    query = (
        sa.select(files.c.writer_id, files.c.number, files.c.id)
        .join(writers, writers.c.id == files.c.writer_id)
        .where(files.c.run_id == run_id, files.c.state == "received", writers.c.state.in_(ENDED))
    )
    return {(writer_id, number): file_id for writer_id, number, file_id in connection.execute(query)}


def _has_unfolded(connection: sa.Connection, run_id: int) -> bool:
    return connection.scalar(sa.select(ingest_log.c.id).where(ingest_log.c.run_id == run_id).limit(1)) is not None


def _references(connection: sa.Connection, run_id: int) -> Iterator[Reference]:
    query = sa.select(attributes.c.text).where(
        attributes.c.run_id == run_id, attributes.c.type.in_(("file", "artifact"))
    )
    for text in connection.scalars(query):
        yield from _reference(text)
    entries = sa.select(file_set_entries.c.writer_id, file_set_entries.c.number)
    rows = connection.execute(entries.where(file_set_entries.c.run_id == run_id))
    yield from ((writer_id, number) for writer_id, number in rows)
    ids = sa.select(series.c.id).where(series.c.run_id == run_id, series.c.type == "file_series")
    for series_id in list(connection.scalars(ids)):
        for points in chunks.stretch(connection, series_id, None, None, newest_first=False):
            for value in points.values:
                yield from _reference(value)


def _reference(said: str | bytes) -> Iterator[Reference]:
    fields = json.loads(said)
    if "writer" in fields and "file" in fields:
        yield fields["writer"], fields["file"]
