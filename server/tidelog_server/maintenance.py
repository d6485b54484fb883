"""What the server does by itself every few seconds: give up silent writers, compact runs that have ended, empty the
trash, count what is stored, remove files that nothing refers to, free the disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from tidelog_server.blobs import sweep
from tidelog_server.blobs.store import BlobStore
from tidelog_server.database import Database
from tidelog_server.files.references import drop_unreferenced
from tidelog_server.runs import purge, storage, trash, writers
from tidelog_server.series import compaction

INTERVAL_S = 5.0
RUNS_PER_ROUND = 20
PATIENCE_S = 10.0  # that compaction waits for folds before it leaves the rest to the next round
QUIET_CHECK_S = 0.05
PURGE_S = 4.0  # in one round, so that the other duties go on while a large run is deleted
SWEEP_S = 3600.0  # between two looks for contents that nothing refers to
SEARCH_S = 24 * 3600.0  # between two searches through the whole store for what killed processes left
FREED_PAGES_PER_TRANSACTION = 1_000  # of SQLite; bounds how long writers wait
KEPT_FREE_PAGES = 64  # half a megabyte, for the next fold

logger = logging.getLogger("tidelog.server")


class Maintenance:
    """A thread that keeps house. Each of its duties fails alone, with a log line, and is tried again."""

    def __init__(
        self,
        database: Database,
        *,
        heartbeat_lost_after_ms: int,
        trash_days: float = 0.0,
        blobs: BlobStore | None = None,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._heartbeat_lost_after_ms = heartbeat_lost_after_ms
        self._trash_days = trash_days
        self._blobs = blobs
        self._swept_s = -SWEEP_S
        self._searched_s = -SEARCH_S
        self._is_busy = is_busy
        self._started_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidelog-maintenance", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._started_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Finish the duty that is under way."""
        self._stopping.set()
        self._thread.join()

    @property
    def duties(self) -> tuple[Callable[[], None], ...]:
        """What is done in each round, in this order."""
        return (
            self.give_up_silent_writers,
            self.compact_runs,
            self.purge_old_trash,
            self.purge_rows,
            self.count_storage,
            self.sweep_blobs,
            self.free_disk,
        )

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            for duty in self.duties:
                self._try(duty)

    def _try(self, duty: Callable[[], None]) -> None:
        if self._stopping.is_set():
            return
        try:
            duty()
        except Exception:
            logger.exception(
                "Maintenance (%s) failed; no data is touched by that, and it is tried again.", duty.__name__
            )

    def give_up_silent_writers(self) -> None:
        """Mark runs whose heartbeat is lost as crashed; not before clients had time to come back after a start."""
        if (time.monotonic() - self._started_s) * 1000 < self._heartbeat_lost_after_ms:
            return
        with self._database.write() as connection:
            writers.mark_crashed(connection, lost_after_ms=self._heartbeat_lost_after_ms)

    def compact_runs(self) -> None:
        """Compact runs that came to rest."""
        with self._database.read() as connection:
            at_rest = compaction.runs_at_rest(connection, RUNS_PER_ROUND)
        for run_id in at_rest:
            if not compaction.compact(self._database, run_id, self._may_compact) and not self._may_compact():
                return
            drop_unreferenced(self._database, run_id)

    def _may_compact(self) -> bool:
        """Wait until no fold is under way or due; False when the wait is too long, or the server stops."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self._is_busy():
            if time.monotonic() > deadline_s or self._stopping.wait(QUIET_CHECK_S):
                return False
        return not self._stopping.is_set()

    def purge_old_trash(self) -> None:
        """Give up runs that have been in the trash for long enough."""
        if not self._trash_days:
            return
        with self._database.write() as connection:
            trash.purge_old(connection, days=self._trash_days, limit=RUNS_PER_ROUND)

    def purge_rows(self) -> None:
        """Delete rows of runs that were given up, for some seconds; the rest waits for the next round."""
        until_s = time.monotonic() + PURGE_S
        with self._database.read() as connection:
            given_up = purge.given_up(connection, RUNS_PER_ROUND)
        for run_id in given_up:
            purge.purge_rows(self._database, run_id, lambda: not self._stopping.is_set() and time.monotonic() < until_s)
            if self._stopping.is_set() or time.monotonic() >= until_s:
                return

    def count_storage(self) -> None:
        """Count what changed runs take."""
        with self._database.read() as connection:
            uncounted = storage.uncounted(connection, RUNS_PER_ROUND)
        for run_id in uncounted:
            if self._stopping.is_set():
                return
            storage.count(self._database, run_id)

    def sweep_blobs(self) -> None:
        """Remove contents that nothing refers to, now and then; more rarely what killed processes and uploads left."""
        if self._blobs is None:
            return
        moment_s = time.monotonic()
        if moment_s - self._swept_s >= SWEEP_S:
            self._swept_s = moment_s
            sweep.collect_blobs(self._database, self._blobs, self._stopping.is_set)
        if moment_s - self._searched_s >= SEARCH_S:
            self._searched_s = moment_s
            sweep.drop_abandoned_uploads(self._database, self._blobs, self._stopping.is_set)
            sweep.drop_remnants(self._database, self._blobs, self._stopping.is_set)

    def free_disk(self) -> None:
        """Give pages that are no longer used back to the file system, a few at a time."""
        if not self._database.is_sqlite:
            return
        while not self._stopping.is_set() and self._free_some():
            pass

    def _free_some(self) -> bool:
        with self._database.write() as connection:
            free = int(connection.scalar(sa.text("PRAGMA freelist_count")) or 0)
            surplus = min(free - KEPT_FREE_PAGES, FREED_PAGES_PER_TRANSACTION)
            if surplus > 0:
                driver: Any = connection.connection.dbapi_connection
                # One page a statement: a longer one answers with rows that have no columns, which Python's module takes
                # for the end, so that it would stop after its first page.
                for _ in range(surplus):
                    driver.execute("PRAGMA incremental_vacuum(1)").close()
        return surplus == FREED_PAGES_PER_TRANSACTION
