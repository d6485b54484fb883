"""Whether the contents of a run's files are in the store, as long and with the hashes that they should have."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.blobs.store import BlobStore, MissingBytesError
from tidelog_server.database import Database
from tidelog_server.tables import blobs, files

ROWS_AT_ONCE = 500
PROBLEMS = 100  # listed


@dataclass(frozen=True)
class Inspection:
    """How many files were announced and are wanted, how many are here, and what is wrong with these."""

    files: int
    received: int
    problems: list[str]


def inspect(database: Database, store: BlobStore, run_id: int) -> Inspection:
    """Read every content of a run through, in constant memory; no connection is held meanwhile."""
    count = received = after = 0
    problems: list[str] = []
    read: set[str] = set()
    while rows := _rows(database, run_id, after):
        after = rows[-1].id
        for row in rows:
            count += 1
            received += row.state == "received"
            if row.state == "lost":
                problems.append(f"a file is lost: {row.problem}")
            elif row.state == "received" and row.key not in read:
                read.add(row.key)
                wrong = _wrong(store, row.key, row.size, row.sha256)
                problems.extend([f"the file with the SHA-256 {row.sha256} {wrong}"] if wrong else [])
    return Inspection(count, received, problems[:PROBLEMS])


def _rows(database: Database, run_id: int, after: int) -> list[sa.Row[int, str, str | None, str, int, str]]:
    query = (
        sa.select(files.c.id, files.c.state, files.c.problem, blobs.c.key, blobs.c.bytes.label("size"), blobs.c.sha256)
        .select_from(files.outerjoin(blobs, blobs.c.id == files.c.blob_id))
        .where(files.c.run_id == run_id, files.c.state != "dropped", files.c.id > after)
        .order_by(files.c.id)
        .limit(ROWS_AT_ONCE)
    )
    with database.read() as connection:
        return list(connection.execute(query).all())


def _wrong(store: BlobStore, key: str, size: int, sha256: str) -> str | None:
    digest = hashlib.sha256()
    try:
        for piece in store.read(key, 0, size):
            digest.update(piece)
    except (MissingBytesError, OSError) as error:
        return f"cannot be read: {error}"
    return None if digest.hexdigest() == sha256 else "has other bytes in the store"
