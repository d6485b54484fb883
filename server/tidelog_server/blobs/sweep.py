"""Remove what nothing refers to: contents whose files are gone, and what killed processes and given-up uploads left.

All of it is done in slices, each in a short transaction, so that a large clean-up holds nobody up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.blobs.store import BlobStore
from tidelog_server.clock import now_ms
from tidelog_server.database import Database
from tidelog_server.tables import artifact_files, blobs, file_parts, files, writers

SLICE = 500
UPLOAD_KEPT_MS = 7 * 24 * 3600 * 1000  # an upload that nobody went on with for so long is given up
REMNANT_KEPT_MS = 24 * 3600 * 1000  # a blob without a row may be one that is just being entered

logger = logging.getLogger("tidelog.server")

Stopping = Callable[[], bool]


@dataclass(frozen=True)
class Swept:
    """What was removed."""

    blobs: int = 0
    bytes: int = 0


def _never() -> bool:
    return False


def collect_blobs(database: Database, store: BlobStore, stopping: Stopping = _never) -> Swept:
    """Remove every content that no file and no artifact refers to. Safe beside uploads, and in several processes."""
    removed = freed = 0
    after = 0
    while not stopping():
        with database.write() as connection:
            last, doomed = _drop_some(connection, after)
        for key, size in doomed:
            store.remove(key)  # killed before this, the key has no row and goes with the remnants
            removed, freed = removed + 1, freed + size
        if last is None:
            break
        after = last
    return Swept(removed, freed)


def _drop_some(connection: sa.Connection, after: int) -> tuple[int | None, list[tuple[str, int]]]:
    """Look at the next slice of blobs; the last id of it, and the keys of those whose rows were removed."""
    ids = list(connection.scalars(sa.select(blobs.c.id).where(blobs.c.id > after).order_by(blobs.c.id).limit(SLICE)))
    if not ids:
        return None, []
    candidates = sa.select(blobs.c.id).where(blobs.c.id.in_(ids), _unreferenced())
    # Locked first: whoever wants to refer to one of them has done so already, or waits and finds it gone.
    locked = list(connection.scalars(candidates.with_for_update(skip_locked=True)))
    gone = sa.delete(blobs).where(blobs.c.id.in_(locked), _unreferenced()).returning(blobs.c.key, blobs.c.bytes)
    return ids[-1], [(key, size) for key, size in connection.execute(gone)] if locked else []


def _unreferenced() -> sa.ColumnElement[bool]:
    in_files = sa.select(files.c.id).where(files.c.blob_id == blobs.c.id).exists()
    in_artifacts = sa.select(artifact_files.c.name).where(artifact_files.c.blob_id == blobs.c.id).exists()
    return ~in_files & ~in_artifacts


def drop_abandoned_uploads(database: Database, store: BlobStore, stopping: Stopping = _never) -> int:
    """Remove the parts of uploads that nobody went on with; the files stay expected, and sending begins anew."""
    oldest_ms = now_ms() - UPLOAD_KEPT_MS
    newest: dict[str, int] = {}
    for remnant in store.uploads():
        newest[remnant.name] = max(newest.get(remnant.name, 0), remnant.modified_ms)
    abandoned = [name for name, modified_ms in newest.items() if modified_ms < oldest_ms]
    for name in abandoned:
        if stopping():
            break
        with database.write() as connection:
            _forget(connection, name)
        store.discard(name)
    return len(abandoned)


def _forget(connection: sa.Connection, upload: str) -> None:
    writer, _, number = upload.partition("-")
    if number.isdecimal():
        query = (
            sa.select(files.c.id)
            .join(writers, writers.c.id == files.c.writer_id)
            .where(writers.c.name == writer, files.c.number == int(number))
        )
        connection.execute(sa.delete(file_parts).where(file_parts.c.file_id.in_(query)))


def drop_remnants(database: Database, store: BlobStore, stopping: Stopping = _never) -> int:
    """Remove blobs that have no row: a process was killed between writing one and entering it, or removing it."""
    oldest_ms = now_ms() - REMNANT_KEPT_MS
    count = 0
    waiting: list[str] = []

    def flush() -> int:
        with database.read() as connection:
            known = set(connection.scalars(sa.select(blobs.c.key).where(blobs.c.key.in_(waiting))))
        doomed = [key for key in waiting if key not in known]
        for key in doomed:
            store.remove(key)
        waiting.clear()
        return len(doomed)

    for remnant in store.blobs():
        if stopping():
            return count
        if remnant.modified_ms < oldest_ms:
            waiting.append(remnant.name)
        if len(waiting) >= SLICE:
            count += flush()
    return count + (flush() if waiting else 0)
