"""What all tables share: the collection that they belong to, and types of columns."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite gives automatic numbers only to a column declared INTEGER; elsewhere ids are 64 bits.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Compared byte by byte on every engine, so that order and equality can use an index.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
