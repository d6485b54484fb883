"""Connections to the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidelog_server import database as module
from tidelog_server.database import SQLITE_PAGE_BYTES, Database
from tidelog_server.migrations import upgrade


@pytest.fixture
def address(tmp_path: Path) -> str:
    """The address of a file that has the schema."""
    url = f"sqlite:///{tmp_path / 'tidelog.db'}"
    database = Database(url)
    upgrade(database)
    database.close()
    return url


def test_a_connection_opens_while_a_transaction_writes(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for no lock, however long the transaction takes, and reads the state before it."""
    monkeypatch.setattr(module, "SQLITE_BUSY_TIMEOUT_S", 0.0)
    writing, reading = Database(address), Database(address)
    with writing.write() as connection:
        connection.exec_driver_sql("INSERT INTO projects (name, key, created_ms) VALUES ('a', 'A', 0)")
        with reading.read() as another:
            assert another.exec_driver_sql("SELECT count(*) FROM projects").scalar_one() == 0
    writing.close()
    reading.close()


def test_a_new_file_is_set_up_once(address: str) -> None:
    """Log, pages and vacuum are those of the file, which every later connection finds."""
    database = Database(address)
    with database.read() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "page_size", "auto_vacuum", "foreign_keys", "synchronous")
        ]
    database.close()
    assert found == ["wal", SQLITE_PAGE_BYTES, 2, 1, 2]
