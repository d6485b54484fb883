"""How SQLite answers: by its indexes. A plan is no promise of a time, but the lack of one shows here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.server.query.gallery import LONG, make_runs, store_runs
from tidelog_server.database import Database
from tidelog_server.migrations import upgrade
from tidelog_server.runs import table

NUMBER = "ix_attributes_number (project_id=? AND path_id=?"
TEXT = "ix_attributes_text (project_id=? AND path_id=?"


@pytest.fixture
def plans_of(tmp_path: Path) -> Iterator[Any]:
    """A function that gives the plans of all statements of a page of the runs table."""
    database = Database(f"sqlite:///{tmp_path / 'tidelog.db'}")
    upgrade(database)
    with database.write() as connection:
        project_id = store_runs(connection, make_runs(20, seed=3))

    def plans(**arguments: Any) -> list[str]:
        executed: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            executed.append((statement, parameters))

        with database.read() as connection:
            sa.event.listen(database.engine, "before_cursor_execute", note)
            table.runs_table(connection, project_id, **arguments)
            sa.event.remove(database.engine, "before_cursor_execute", note)
            return [_plan(connection, *each) for each in executed if each[0].startswith("SELECT")]

    yield plans
    database.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("params/number > 1", f"{NUMBER} AND number>?)"),
        ("params/number = 1", f"{NUMBER} AND number=?)"),
        ("params/flag = true", f"{NUMBER} AND number=?)"),
        ('params/text = "Adam"', f"{TEXT} AND <expr>=?)"),
        ('params/text < "Adam"', f"{TEXT} AND <expr><?)"),
        (f'params/text = "{LONG}"', f"{TEXT} AND <expr>=?)"),
        (f'params/text >= "{LONG}"', f"{TEXT} AND <expr>>?)"),
    ],
)
def test_a_comparison_is_looked_up_in_the_index_on_values(plans_of: Any, query: str, index: str) -> None:
    """Down to the value, not just to the path."""
    assert any(index in plan for plan in plans_of(query=query))


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("query", ["", "exists(params/flag)"])
@pytest.mark.parametrize(("sort", "index"), [("params/number", NUMBER), ("params/text", TEXT)])
def test_a_walk_along_the_order_sorts_nothing(
    plans_of: Any, sort: str, index: str, query: str, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the index from where the page begins, and stops when the page is full."""
    monkeypatch.setattr(table, "FEW_RUNS", 0)
    first = next(plan for plan in plans_of(sort=sort, query=query, descending=descending) if index in plan)
    assert "TEMP B-TREE" not in first


def _plan(connection: sa.Connection, statement: str, parameters: Any) -> str:
    return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
