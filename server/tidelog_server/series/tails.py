"""Tails: the points of series that are acknowledged but not folded yet, so that every read sees them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.ingest import log
from tidelog_server.ingest.batches import BatchCache, LoggedBatch
from tidelog_server.series.fold import Folder
from tidelog_server.series.lineage import with_ancestors
from tidelog_server.series.points import Points, joined

# Reading more than this from the log costs more than folding it first, once, for all readers.
BATCHES_TO_MERGE = 8


class Tails:
    """Reads the ingest log on behalf of charts and exports."""

    def __init__(self, database: Database, cache: BatchCache, folder: Folder) -> None:
        self._database = database
        self._cache = cache
        self._folder = folder

    def prepare(self, run_ids: Iterable[int]) -> None:
        """Fold the runs whose log is long, or holds what only a fold can tell: deletions, and points of a resumed run,
        which may abandon others. Call it before the connection for reading is opened.
        """
        for run_id in self._to_be_folded(list(run_ids)):
            self._folder.fold(run_id)

    def read(self, connection: sa.Connection, run_ids: Iterable[int]) -> dict[int, list[LoggedBatch]]:
        """For each run that has any, its unfolded batches, in order, up to the first that only a fold can tell of:
        it came while this read was under way.
        """
        found: dict[int, list[LoggedBatch]] = {}
        waiting = log.waiting(connection, run_ids)
        log_ids = [log_id for ids in waiting.values() for log_id in ids]
        if log_ids:
            entries = log.entries(connection, log_ids, self._cache)
            for run_id in waiting:
                plain = takewhile(_is_plain, (entry for entry in entries if entry.run_id == run_id))
                if batches := [entry.batch for entry in plain]:
                    found[run_id] = batches
        return found

    def _to_be_folded(self, run_ids: list[int]) -> list[int]:
        with self._database.read() as connection:
            waiting = log.waiting(connection, with_ancestors(connection, run_ids))
            chosen = [run_id for run_id, log_ids in waiting.items() if len(log_ids) > BATCHES_TO_MERGE]
            rest = [log_id for run_id, log_ids in waiting.items() if run_id not in chosen for log_id in log_ids]
            if rest:
                entries = log.entries(connection, rest, self._cache)
                chosen.extend({entry.run_id for entry in entries if not _is_plain(entry)})
        return chosen


def _is_plain(entry: log.Entry) -> bool:
    return not entry.attempts and not entry.batch.deletes


def tail_of(batches: list[LoggedBatch], path_id: int) -> Points:
    """The points of one path in these batches, in the order of logging."""
    return joined([points for batch in batches if len(points := batch.points_of(path_id))])
