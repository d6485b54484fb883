"""The server's SQLite file, seen from outside: whether it is at rest, and what it weighs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.errors import BenchmarkError

NAME = "tidelog.db"
POLL_S = 0.2
REST_DEADLINE_S = 240.0

FOLDED_TABLES = ("series", "chunks", "attributes")  # a fold writes a row of each for a series

NOT_AT_REST = """
    SELECT (SELECT count(*) FROM ingest_log)
         + (SELECT count(*) FROM runs WHERE state = 'running' OR compacted_epoch <> fold_epoch)
"""


def wait_for_rest(data: Path) -> float:
    """Wait until every run has ended, is folded and compacted; returns how many seconds that took."""
    started = time.monotonic()
    while time.monotonic() - started < REST_DEADLINE_S:
        with _opened(data) as database:
            if database.execute(NOT_AT_REST).fetchone()[0] == 0:
                return time.monotonic() - started
        time.sleep(POLL_S)
    raise BenchmarkError(f"the server had not compacted its runs after {REST_DEADLINE_S:g} s")


def used_bytes(data: Path) -> int:
    """Bytes of the pages in use. Free pages are those that the next fold will fill."""
    with _opened(data) as database:
        pages, free, page_bytes = (
            int(database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    return (pages - free) * page_bytes


def file_bytes(data: Path) -> int:
    """Bytes of the file and of its write-ahead log."""
    return sum(file.stat().st_size for file in data.glob(f"{NAME}*"))


def copy(data: Path, target: Path) -> None:
    """Keep what the database holds now as a file of its own."""
    target.unlink(missing_ok=True)
    with _opened(data) as database, closing(sqlite3.connect(target)) as kept:
        database.backup(kept)


def write_rows_of(source: Path, target: Path) -> float:
    """Bring the rows that a fold writes for series from one file into another, one statement for each table, in one
    durable transaction; the seconds that this took. A target that is not there is made; rows that it has are updated.
    """
    with closing(sqlite3.connect(source)) as given, closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("PRAGMA synchronous = full")
        marks = ", ".join("?" * len(FOLDED_TABLES))
        schema = f"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name IN ({marks}) ORDER BY type DESC"
        is_new = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        for (statement,) in given.execute(schema, FOLDED_TABLES) if is_new else ():
            database.execute(statement)
        work = [(_upsert(given, table), given.execute(f"SELECT * FROM {table}").fetchall()) for table in FOLDED_TABLES]
        started = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for statement, rows in work:
            database.executemany(statement, rows)
        database.execute("COMMIT")
        return time.perf_counter() - started


def _upsert(database: sqlite3.Connection, table: str) -> str:
    columns = [(row[1], row[5]) for row in database.execute(f"PRAGMA table_info({table})")]  # name, place in the key
    keys = ", ".join(name for name, place in columns if place)
    values = ", ".join(f"{name} = excluded.{name}" for name, place in columns if not place)
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT ({keys}) DO UPDATE SET {values}"


@contextmanager
def _opened(data: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{data / NAME}?mode=ro", uri=True, timeout=30.0)) as database:
        yield database
