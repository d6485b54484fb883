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


@contextmanager
def _opened(data: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{data / NAME}?mode=ro", uri=True, timeout=30.0)) as database:
        yield database
