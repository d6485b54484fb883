"""Very many rows at once, given as columns: what a fold writes.

A dictionary for each row costs SQLAlchemy more than the row costs the database. Here the driver gets the columns as
they are: SQLite as tuples for one prepared statement, PostgreSQL as arrays of one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

ROWS_PER_STATEMENT = 10_000  # of PostgreSQL; bounds the size of the arrays

Columns = Mapping[str, Sequence[Any]]  # values by name of column, all of one length


def insert(connection: sa.Connection, table: sa.Table, columns: Columns) -> None:
    """Add rows."""
    _execute(connection, table, columns, f"INSERT INTO {{table}} ({{names}}) {_source(connection)}")


def upsert(connection: sa.Connection, table: sa.Table, columns: Columns, keys: Sequence[str]) -> None:
    """Add rows; one whose `keys` are there already gets the other columns instead."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    values = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in columns if name not in keys)
    action = f"ON CONFLICT ({', '.join(map(quote, keys))}) DO " + (f"UPDATE SET {values}" if values else "NOTHING")
    _execute(connection, table, columns, f"INSERT INTO {{table}} ({{names}}) {_source(connection)} {action}")


def update(connection: sa.Connection, table: sa.Table, columns: Columns, keys: Sequence[str]) -> None:
    """Set the other columns of the rows that have these `keys`."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    values = [name for name in columns if name not in keys]
    if connection.dialect.name == "sqlite":
        setters = ", ".join(f"{quote(name)} = ?" for name in values)
        conditions = " AND ".join(f"{quote(name)} = ?" for name in keys)
        ordered = {name: columns[name] for name in (*values, *keys)}
        _execute(connection, table, ordered, f"UPDATE {{table}} SET {setters} WHERE {conditions}")
        return
    setters = ", ".join(f"{quote(name)} = given.{quote(name)}" for name in values)
    conditions = " AND ".join(f"{{table}}.{quote(name)} = given.{quote(name)}" for name in keys)
    source = "FROM unnest({arrays}) AS given ({names})"
    _execute(connection, table, columns, f"UPDATE {{table}} SET {setters} {source} WHERE {conditions}")


def delete(connection: sa.Connection, table: sa.Table, columns: Columns) -> None:
    """Delete the rows that have these values."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    if connection.dialect.name == "sqlite":
        conditions = " AND ".join(f"{quote(name)} = ?" for name in columns)
        _execute(connection, table, columns, f"DELETE FROM {{table}} WHERE {conditions}")
        return
    conditions = " AND ".join(f"{{table}}.{quote(name)} = given.{quote(name)}" for name in columns)
    source = "USING unnest({arrays}) AS given ({names})"
    _execute(connection, table, columns, f"DELETE FROM {{table}} {source} WHERE {conditions}")


def new_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Numbers for this many rows that are about to be added, ascending. Only within `Database.write`."""
    if connection.dialect.name == "sqlite":  # one writer at a time: the numbers that SQLite itself would give
        greatest = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
        return list(range(greatest + 1, greatest + 1 + count))
    sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(table.name, "id"))
    numbers = sa.func.generate_series(1, count).table_valued("number")
    return sorted(connection.scalars(sa.select(sequence).select_from(numbers)))


def _execute(connection: sa.Connection, table: sa.Table, columns: Columns, template: str) -> None:
    rows = len(next(iter(columns.values())))
    if not rows:
        return
    quote = connection.dialect.identifier_preparer.quote_identifier
    parts = {"table": quote(table.name), "names": ", ".join(map(quote, columns))}
    if connection.dialect.name == "sqlite":
        statement = template.format(marks=", ".join("?" * len(columns)), **parts)
        connection.exec_driver_sql(statement, list(zip(*columns.values(), strict=True)))
        return
    arrays = ", ".join(f"%s::{_type_name(table.c[name], connection.dialect)}[]" for name in columns)
    statement = template.format(arrays=arrays, **parts)
    for portion in _portions(columns, rows):
        connection.exec_driver_sql(statement, portion)


def _source(connection: sa.Connection) -> str:
    return "VALUES ({marks})" if connection.dialect.name == "sqlite" else "SELECT * FROM unnest({arrays})"


def _portions(columns: Columns, rows: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, rows, ROWS_PER_STATEMENT):
        yield tuple(_array(values[start : start + ROWS_PER_STATEMENT]) for values in columns.values())


def _array(values: Sequence[Any]) -> str:
    """The text of a PostgreSQL array; the driver's own way costs a dozen calls for each element."""
    return "{" + ",".join([_LITERALS[type(value)](value) for value in values]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_LITERALS: dict[type, Callable[[Any], str]] = {
    int: str,
    float: repr,
    type(None): lambda _: "NULL",
    bytes: lambda data: '"\\\\x' + data.hex() + '"',
    str: _quoted,
}


@lru_cache(maxsize=256)
def _type_name(column: sa.Column[Any], dialect: sa.Dialect) -> str:
    return column.type.compile(dialect).partition(" COLLATE")[0]
