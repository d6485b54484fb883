"""What maintenance looks for every few seconds costs nothing while there is nothing to do, with any number of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.migrations import upgrade
from tidelog_server.runs import purge, storage, trash, writers
from tidelog_server.series import compaction

SEARCHES: dict[str, Callable[[sa.Connection], object]] = {
    "compaction": lambda connection: compaction.runs_at_rest(connection, 20),
    "storage": lambda connection: storage.uncounted(connection, 20),
    "rows of purged runs": lambda connection: purge.given_up(connection, 20),
    "old trash": lambda connection: trash.purge_old(connection, days=30, limit=20),
    "silent writers": lambda connection: writers.mark_crashed(connection, lost_after_ms=60_000),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_no_search_scans_the_runs(tmp_path: Path, search: str) -> None:
    """Every table is entered by an index that holds only what there is to do."""
    database = Database(f"sqlite:///{tmp_path / 'tidelog.db'}")
    upgrade(database)
    executed: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        executed.append((statement, parameters))

    with database.write() as connection:
        sa.event.listen(database.engine, "before_cursor_execute", note)
        SEARCHES[search](connection)
        sa.event.remove(database.engine, "before_cursor_execute", note)
        for statement, parameters in executed:
            if statement.startswith(("SELECT", "UPDATE")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
                steps = [row[3] for row in plan]
                assert not [step for step in steps if step in ("SCAN runs", "SCAN writers")], (statement, steps)
    database.close()
