"""When to fold: a thread that folds a run once enough has come in, after a few seconds, or at its end."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from tidelog_server.database import Database
from tidelog_server.ingest import log
from tidelog_server.ingest.receiver import Received
from tidelog_server.series.fold import Folder
from tidelog_server.series.inheritance import stale_forks

BATCHES_DUE = 32
POINTS_DUE = 500_000
WAIT_S = 5.0
SEARCH_INTERVAL_S = 30.0  # for batches that another process received and did not fold

logger = logging.getLogger("tidelog.server")


@dataclass
class _Backlog:
    since_s: float
    batches: int = 0
    points: int = 0
    ended: bool = False

    def is_due(self, now_s: float) -> bool:
        return self.ended or self.batches >= BATCHES_DUE or self.points >= POINTS_DUE or now_s >= self.since_s + WAIT_S


class FoldSchedule:
    """Folds runs in the background, the one that waits longest first."""

    def __init__(self, database: Database, folder: Folder) -> None:
        self._database = database
        self._folder = folder
        self._backlogs: dict[int, _Backlog] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._folding = False
        self._thread = threading.Thread(target=self._run, name="tidelog-fold", daemon=True)

    def start(self) -> None:
        """Begin, with whatever the log holds from before."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the fold that is under way. What is left in the log is folded after the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def is_busy(self) -> bool:
        """Whether a fold is under way, or one is due: then other work should leave the processor to it."""
        with self._changed:
            now_s = time.monotonic()
            return self._folding or any(backlog.is_due(now_s) for backlog in self._backlogs.values())

    def note(self, received: Received) -> None:
        """Take account of a batch that was committed."""
        with self._changed:
            backlog = self._backlogs.setdefault(received.run_id, _Backlog(time.monotonic()))
            backlog.batches += 1
            backlog.points += received.points
            backlog.ended = backlog.ended or received.state_changed
            if backlog.is_due(time.monotonic()):
                self._changed.notify()

    def _run(self) -> None:
        next_search_s = 0.0
        while not self._stopping:
            if time.monotonic() >= next_search_s:
                self._search()
                next_search_s = time.monotonic() + SEARCH_INTERVAL_S
            run_id = self._next_due(next_search_s)
            if run_id is not None:
                self._fold(run_id)

    def _search(self) -> None:
        try:
            with self._database.read() as connection:
                found = [*log.runs_waiting(connection), *stale_forks(connection)]
        except Exception:
            logger.exception("The ingest log could not be searched; received data is safe, and the search is repeated.")
            return
        with self._changed:
            for run_id in found:
                self._backlogs.setdefault(run_id, _Backlog(time.monotonic()))

    def _next_due(self, until_s: float) -> int | None:
        """Wait for a run that is due; None if it is time to do something else."""
        with self._changed:
            now_s = time.monotonic()
            for run_id, backlog in self._backlogs.items():
                if backlog.is_due(now_s):
                    del self._backlogs[run_id]
                    return run_id
            if not self._stopping:
                first_s = min((backlog.since_s + WAIT_S for backlog in self._backlogs.values()), default=until_s)
                self._changed.wait(max(0.0, min(first_s, until_s) - now_s))
            return None

    def _fold(self, run_id: int) -> None:
        self._folding = True
        try:
            self._folder.fold(run_id)
            self._note_forks()
        except Exception:
            logger.exception(
                "Run %d could not be folded; its data is safe in the ingest log, and it is tried again.", run_id
            )
            with self._changed:
                self._backlogs.setdefault(run_id, _Backlog(time.monotonic()))
        finally:
            self._folding = False

    def _note_forks(self) -> None:
        """A run that was folded may have changed what its forks inherit."""
        with self._database.read() as connection:
            found = stale_forks(connection)
        with self._changed:
            for run_id in found:
                self._backlogs.setdefault(run_id, _Backlog(time.monotonic()))
