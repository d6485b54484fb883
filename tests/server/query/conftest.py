"""A stored gallery of runs, on each database engine in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.server.query import evaluation
from tests.server.query.gallery import NOW_MS, GalleryRun, make_runs, store_runs
from tidelog_server.database import Database
from tidelog_server.query.conditions import Access, condition
from tidelog_server.query.scope import scope_of
from tidelog_server.query.syntax import Query
from tidelog_server.tables import runs


@dataclass(repr=False)
class StoredGallery:
    """Runs in memory and in a database, with another project beside them that no query may reach."""

    connection: sa.Connection
    project_id: int
    runs: list[GalleryRun]

    def found(self, query: Query, access: Access) -> set[str]:
        scope = scope_of(self.connection, self.project_id, query, moment_ms=NOW_MS)
        matched = condition(query, scope, access)
        in_project = runs.c.project_id == self.project_id
        return set(self.connection.scalars(sa.select(runs.c.key).where(in_project, matched)))

    def expected(self, query: Query) -> set[str]:
        return {run.key for run in self.runs if evaluation.matches(query, run)}


@pytest.fixture
def gallery(database: Database) -> Iterator[StoredGallery]:
    """Eighty runs with values of every kind."""
    made = make_runs(80, seed=1)
    with database.write() as connection:
        store_runs(connection, make_runs(20, seed=2), "other", "OTHER")
        project_id = store_runs(connection, made)
    with database.read() as connection:
        yield StoredGallery(connection, project_id, made)
