"""Migrations make the schema that the tables describe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tidelog_server import migrations
from tidelog_server.database import Database
from tidelog_server.runs.attributes import attributes_of
from tidelog_server.runs.runs import find_run
from tidelog_server.tables import attributes, metadata


# One index is left out of the comparison on SQLite, with two warnings; the next test covers it.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection", "ignore:autogenerate skipping")
def test_upgrade_makes_the_tables(database: Database) -> None:
    """An empty database that was upgraded differs in nothing from the tables, on every engine."""
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        assert migrations.revision(database) == migrations.HEAD


def test_upgrade_makes_the_expression_index(database: Database) -> None:
    """The index on texts, which the comparison above cannot see on SQLite, is there."""
    with database.read() as connection:
        if database.is_sqlite:
            names = set(connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'index'")))
        else:
            names = set(connection.scalars(sa.text("SELECT indexname FROM pg_indexes")))
    assert {index.name for index in attributes.indexes} <= names


def test_newest_revision_is_the_known_one() -> None:
    """The revision that a start compares with is the newest script."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_upgrade_twice(database: Database) -> None:
    """Upgrading a current database changes nothing."""
    migrations.upgrade(database)
    assert migrations.revision(database) == migrations.HEAD


def test_upgrade_keeps_what_the_first_schema_held(database_url: str) -> None:
    """Runs, series and attributes of a database of revision 0001 are still there, and its runs have their labels."""
    database = Database(database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["database"] = database
    command.upgrade(config, "0001")
    with database.write() as connection:
        for statement in OLD_ROWS:
            connection.exec_driver_sql(statement)
    migrations.upgrade(database)
    with database.read() as connection:
        run = find_run(connection, "OLD-7")
        assert [attribute.value for attribute in attributes_of(connection, run.id)] == [0.25]
        assert connection.scalar(sa.text("SELECT type FROM series")) == "float_series"
    with pytest.raises(sa.exc.IntegrityError), database.write() as connection:
        connection.exec_driver_sql("INSERT INTO paths (project_id, path) VALUES (99, 'x')")
    database.close()


def test_servers_that_start_together_upgrade_once(database_url: str) -> None:
    """Each of them finds the schema that one of them made."""
    started = [subprocess.Popen([sys.executable, "-c", START, database_url]) for _ in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]


START = """
import sys
from tidelog_server.database import Database
from tidelog_server.migrations import HEAD, revision, upgrade

database = Database(sys.argv[1])
upgrade(database)
assert revision(database) == HEAD
"""


def test_a_newer_schema_is_left_alone(database: Database) -> None:
    """An older server says what to do, and changes nothing."""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrations.NewerSchemaError, match="update this server"):
        migrations.upgrade(database)
    assert migrations.revision(database) == "9999"


OLD_ROWS = (
    "INSERT INTO projects (id, name, key, created_ms, last_number) VALUES (3, 'old', 'OLD', 1, 7)",
    "INSERT INTO runs (id, project_id, number, key, name, state, created_ms) VALUES (5, 3, 7, 'k', 'n', 'finished', 1)",
    "INSERT INTO writers (run_id, name, created_ms, seen_ms) VALUES (5, 'w', 1, 1)",
    "INSERT INTO paths (id, project_id, path) VALUES (9, 3, 'loss')",
    "INSERT INTO series (run_id, path_id, points, step_last, open_points, finite) VALUES (5, 9, 1, 0, 1, 1)",
    "INSERT INTO attributes (run_id, path_id, project_id, type, number) VALUES (5, 9, 3, 'float', 0.25)",
)
