"""The schema's history, and how a database is brought up to date when a server starts."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tidelog_server.database import Database

HEAD = "0002"  # newest revision; a test compares it with the scripts. Known here, a start needs no Alembic


class NewerSchemaError(Exception):
    """The database was brought up to date by a newer server."""


def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision. An empty database gets all of it.

    Raises `NewerSchemaError` if a newer server has been here.
    """
    found = revision(database)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise NewerSchemaError(
            f"the database has the schema {found} of a newer tidelog, and this one knows {HEAD}. Nothing was changed; "
            "update this server"
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database"] = database
    command.upgrade(config, "head")


def revision(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)
