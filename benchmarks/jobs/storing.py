"""Runs of very many points put into a server's folder by the server's own code, without a job and without HTTP.

What is stored is what logging would have stored: a journal is received, folded and compacted. Logged through a client,
100 million points take a quarter of an hour on two busy cores.
"""

from __future__ import annotations

import time
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import points
from benchmarks.jobs.filling import PROJECT, series_path

if TYPE_CHECKING:
    from tidelog_server.database import Database
    from tidelog_server.ingest.receiver import Receiver
    from tidelog_server.series.fold import Folder

STEP_UNITS = 1_000_000  # of the journal, in one step
BATCH_RECORDS = 11  # a million points: a batch has less than 32 MiB
NOT_COMPRESSED = 0  # it is read back at once


@dataclass(frozen=True)
class Store:
    """The parts of a server that take journals in, fold and compact."""

    database: Database
    receiver: Receiver
    folder: Folder

    def register(self, number: int) -> int:
        """Make a run with one writer, both named by their number; the run's id."""
        from tidelog_server.runs.writers import Registration, register

        run = Registration(PROJECT, run_key(number), None, _writer_name(number), int(time.time() * 1000))
        with self.database.write() as connection:
            return register(connection, run).run_id

    def receive(self, number: int, journal: Iterable[bytes], position: int = 0) -> int:
        """Take in the batches of a writer's journal, the first of which begins at `position`; where the last ends."""
        for batch in journal:
            body = zlib.compress(batch, NOT_COMPRESSED)
            position = self.receiver.receive(_writer_name(number), position, body).position
        return position


@contextmanager
def opened_store(data: str) -> Iterator[Store]:
    """The store in this folder, where no server may be at work; made if there is none."""
    from tidelog_server.database import Database
    from tidelog_server.ingest.batches import BatchCache
    from tidelog_server.ingest.committer import Committer
    from tidelog_server.ingest.receiver import Receiver
    from tidelog_server.migrations import upgrade
    from tidelog_server.series.fold import Folder
    from tidelog_server.settings import Settings

    Path(data).mkdir(parents=True, exist_ok=True)
    database, cache = Database(Settings(data=Path(data)).url), BatchCache()
    upgrade(database)
    committer = Committer(database)
    try:
        yield Store(database, Receiver(database, committer, cache), Folder(database, cache))
    finally:
        committer.close()
        database.close()


def store_runs(data: str, runs: int, length: int) -> int:
    """Make `runs` runs of one series of `length` points, compacted, in the folder `data`; how many points that is."""
    from tidelog_server.series.compaction import compact

    with opened_store(data) as store:
        for number in range(runs):
            run_id = store.register(number)
            store.receive(number, _batches(_records(number, length)))
            store.folder.fold(run_id)
            compact(store.database, run_id)
    return runs * length


def run_key(number: int) -> str:
    """What a stored run is called."""
    return f"stored-{number}"


def _writer_name(number: int) -> str:
    return f"{number:016x}"


def _records(seed: int, length: int) -> Iterator[bytes]:
    """The journal of a run that logs one series, and ends."""
    from tidelog.journal import records

    times, values = points.times(length, seed), points.losses(length, seed, single_precision=seed % 2 == 0)
    yield records.define(0, series_path(0))
    for start in range(0, length, records.COLUMN_POINTS):
        part = slice(start, min(start + records.COLUMN_POINTS, length))
        steps = np.arange(part.start, part.stop) * STEP_UNITS
        columns = array("q", steps.tobytes()), array("d", times[part].tobytes()), values[part].tobytes()
        yield records.column(0, *columns)
    yield records.state("finished", time.time(), None, 0)


def _batches(journal: Iterator[bytes]) -> Iterator[bytes]:
    while batch := b"".join(islice(journal, BATCH_RECORDS)):
        yield batch
