"""Paths: the names of attributes and series, each stored once per project and known by a number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects import postgresql

from tidelog_server import bulk
from tidelog_server.bulk import Columns
from tidelog_server.query.expressions import items
from tidelog_server.tables import paths, writer_paths

NAMES_PER_STATEMENT = 5_000  # SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535

Item = TypeVar("Item")


def intern_paths(connection: sa.Connection, project_id: int, names: Sequence[str]) -> list[int]:
    """The number of each name, given now where it is new."""
    known = path_ids(connection, project_id, names)
    # Sorted, so that two transactions that add the same names cannot each wait for the other.
    missing = sorted({name for name in names if name not in known})
    if missing:
        columns: Columns = {"project_id": [project_id] * len(missing), "path": missing}
        bulk.upsert(connection, paths, columns, ["project_id", "path"])
        known |= path_ids(connection, project_id, missing)
    return [known[name] for name in names]


def path_ids(connection: sa.Connection, project_id: int, names: Iterable[str]) -> dict[str, int]:
    """The numbers of those names that the project has."""
    found: dict[str, int] = {}
    for part in _parts(names):
        query = sa.select(paths.c.path, paths.c.id).where(paths.c.project_id == project_id, _among(connection, part))
        found.update((path, path_id) for path, path_id in connection.execute(query))
    return found


def path_names(connection: sa.Connection, ids: Iterable[int]) -> dict[int, str]:
    """The names behind these numbers."""
    found: dict[int, str] = {}
    for part in _parts(ids):
        query = sa.select(paths.c.id, paths.c.path).where(paths.c.id.in_(part))
        found.update((path_id, path) for path_id, path in connection.execute(query))
    return found


def add_writer_paths(connection: sa.Connection, writer_id: int, first: int, ids: Sequence[int]) -> None:
    """Keep which path each of a writer's path numbers from `first` on stands for."""
    values = {"writer_id": writer_id, "first": first, "path_ids": np.asarray(ids, "<i8").tobytes()}
    connection.execute(sa.insert(writer_paths).values(values))


def load_writer_paths(connection: sa.Connection, writer_ids: Iterable[int]) -> dict[int, NDArray[np.int64]]:
    """For each writer, the path behind each of its path numbers."""
    found: dict[int, list[bytes]] = {}
    query = (
        sa.select(writer_paths.c.writer_id, writer_paths.c.path_ids)
        .where(writer_paths.c.writer_id.in_(sorted(set(writer_ids))))
        .order_by(writer_paths.c.writer_id, writer_paths.c.first)
    )
    for writer_id, part in connection.execute(query):
        found.setdefault(writer_id, []).append(part)
    return {writer_id: np.frombuffer(b"".join(parts), "<i8") for writer_id, parts in found.items()}


def _among(connection: sa.Connection, names: list[str]) -> sa.ColumnElement[bool]:
    """Whether a path is one of these, which are one parameter: 5,000 would take longer than the search for them."""
    if connection.dialect.name == "sqlite":
        return paths.c.path.in_(sa.select(items(sa.literal(json.dumps(names, ensure_ascii=False))).c.value))
    return paths.c.path == sa.any_(sa.literal(names, postgresql.ARRAY(sa.Text)))


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while part := list(islice(rest, NAMES_PER_STATEMENT)):
        yield part
