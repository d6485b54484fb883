"""The table of blobs: which contents exist, and under which key of the store each lies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidelog_server.clock import now_ms
from tidelog_server.tables import blobs


class Blob(NamedTuple):
    """A content that the server has."""

    id: int
    sha256: str
    key: str
    bytes: int


COLUMNS = (blobs.c.id, blobs.c.sha256, blobs.c.key, blobs.c.bytes)


def find(connection: sa.Connection, contents: Iterable[str]) -> dict[str, Blob]:
    """Those of these contents, given by SHA-256, that exist."""
    query = sa.select(*COLUMNS).where(blobs.c.sha256.in_(sorted(set(contents))))
    return {row.sha256: Blob(*row) for row in connection.execute(query)}


def by_id(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Blob]:
    """These blobs."""
    query = sa.select(*COLUMNS).where(blobs.c.id.in_(sorted(set(ids))))
    return {row.id: Blob(*row) for row in connection.execute(query)}


def enter(connection: sa.Connection, sha256: str, key: str, size: int) -> Blob:
    """Enter a content; the blob that has it, which is another one where somebody was faster."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"sha256": sha256, "key": key, "bytes": size, "created_ms": now_ms()}
    connection.execute(dialect.insert(blobs).values(values).on_conflict_do_nothing())
    return find(connection, [sha256])[sha256]
