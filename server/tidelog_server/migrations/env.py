"""Alembic's entry point: with the server's own database, or, from the command line, with the address in alembic.ini."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from tidelog_server.database import Database
from tidelog_server.tables import metadata


def migrate(connection: sa.Connection) -> None:
    """Run the scripts on this connection; whoever opened it commits."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


database = context.config.attributes.get("database") or Database(context.config.get_main_option("sqlalchemy.url") or "")
with database.alter() as opened:
    migrate(opened)
