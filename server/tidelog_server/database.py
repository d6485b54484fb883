"""The database: one engine, and the only place where transactions begin.

`read()` gives a connection that sees one consistent state, `write()` one whose changes are committed together. On
SQLite there is one writer at a time (a lock in this process, `BEGIN IMMEDIATE` between processes) and any number of
readers, who never wait for it (write-ahead log). A commit is on disk when it returns (`synchronous=FULL`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa

from tidelog_server.errors import TidelogServerError

SQLITE_CACHE_KIB = 128 * 1024
SQLITE_MMAP_BYTES = 1 << 30
SQLITE_LOG_BYTES = 64 * 1024 * 1024  # what the write-ahead log is cut back to after a checkpoint
SQLITE_BUSY_TIMEOUT_S = 30.0
SQLITE_PAGE_BYTES = 8192  # measured: chunks waste less in the last page of their overflow chain than at 4,096
ALTERING = 0x7469_6465  # names the lock of a PostgreSQL database whose schema is being changed
READERS = 16  # connections kept for reading; uvicorn's thread pool has 40 threads, few of them in SQL at once


class Database:
    """An open database. Thread-safe; one per process."""

    def __init__(self, url: str | sa.URL) -> None:
        """Open `url`, an SQLAlchemy address: `sqlite:///file` or `postgresql+psycopg://...`."""
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            self._sqlite_engine() if self.is_sqlite else sa.create_engine(self.url, pool_size=READERS, max_overflow=24)
        )
        self._writing = threading.Lock()

    def _sqlite_engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self.url,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S, "check_same_thread": False},
            poolclass=sa.QueuePool,
            pool_size=READERS,
            max_overflow=24,
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading; everything read through it belongs to one state of the data."""
        with self._connection() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection whose changes are committed when the block ends, or undone if it raises."""
        with self._writing if self.is_sqlite else nullcontext(), self._connection() as connection:
            connection.execution_options(tidelog_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def alter(self) -> Iterator[sa.Connection]:
        """Like `write`, for changes of the schema.

        SQLite alters a table by putting a copy in its place, which the references of other tables must not hinder;
        they are checked before the commit instead.
        """
        with self.write() as connection:
            if not self.is_sqlite:
                # Of servers that start together one at a time looks what there is to be altered.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ALTERING)))
                yield connection
                return
            driver: Any = connection.connection.dbapi_connection
            driver.execute("ROLLBACK")  # SQLite changes this setting between transactions only
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise sa.exc.IntegrityError(f"a reference is broken: {tuple(broken)}", None, ValueError())
            finally:
                connection.detach()  # it must not go back to the pool without its checks

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        """A connection from the pool, which goes back there unless something unforeseen happened.

        An error may leave a half-read cursor behind, which on SQLite keeps the connection at an old state of the data
        for as long as the cursor lives; so such a connection is closed instead.
        """
        with self.engine.connect() as connection:
            try:
                yield connection
            except TidelogServerError:
                raise
            except BaseException:
                connection.invalidate()
                raise

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver starts no transaction by itself: _begin_sqlite does
    cursor = connection.cursor()
    if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        _set_up_sqlite(cursor)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        f"cache_size=-{SQLITE_CACHE_KIB // READERS}",
        f"mmap_size={SQLITE_MMAP_BYTES}",
        f"journal_size_limit={SQLITE_LOG_BYTES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_up_sqlite(cursor: Any) -> None:
    """Give a new file what it keeps. Each connection would wait for a running transaction if it set these again."""
    cursor.execute(f"PRAGMA page_size={SQLITE_PAGE_BYTES}")
    cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")  # lets maintenance give deleted pages back; before the first table
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("tidelog_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
