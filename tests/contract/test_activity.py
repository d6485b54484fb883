"""What happened in each project, on each database engine."""

from __future__ import annotations

import sqlalchemy as sa

from tests.contract.test_table import Project
from tidelog_server.database import Database
from tidelog_server.runs.activity import DAY_MS, DAYS, activity_by_project
from tidelog_server.tables import runs

NOW_MS = 20_000 * DAY_MS + 5_000


def test_runs_are_counted_by_day(database: Database) -> None:
    """The last thirty days, today's last; older runs and those in the trash do not count."""
    project = Project(database)
    for key, created_ms in (("today", NOW_MS), ("first", NOW_MS - 29 * DAY_MS), ("old", NOW_MS - 30 * DAY_MS)):
        project.add(key, created_ms=created_ms)
    project.add("again", created_ms=NOW_MS - 4_000)
    gone = project.add("gone", created_ms=NOW_MS)
    with database.write() as connection:
        connection.execute(sa.update(runs).where(runs.c.id == gone).values(trashed_ms=1))
        connection.execute(sa.update(runs).where(runs.c.key == "today").values(series_bytes=7, file_bytes=3))
    with database.read() as connection:
        activity = activity_by_project(connection, NOW_MS)[project.id]
    assert activity.per_day == (1, *(0,) * (DAYS - 2), 2)
    assert activity.bytes == 10
    assert activity.newest is not None
    assert activity.newest.name == "name of again"
