"""Importing: what somebody else recorded becomes a journal that is shipped, the way every run comes home.

The journal is made anew from its source each time, with the same bytes and the same writer; so doing it again sends
what the server lacks, and nothing twice. `importing_exports` and `importing_events` make journals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from zlib import compress

from tidelog.errors import NotFoundError
from tidelog.fetching.writers import writers_of
from tidelog.journal import records
from tidelog.shipping.shipper import COMPRESSION_LEVEL, MEDIA_TYPE

if TYPE_CHECKING:
    from tidelog.shipping.transport import Transport

BATCH_BYTES = 4 * 1024 * 1024
STREAM = 3  # raised whenever the same source would give other bytes: the writer's name changes with it
HOST = "tidelog import"  # of the writers that imports of other trackers make, by which they are known
WRITTEN_HERE = "a run with its key is there, which a job of this server wrote"
ENDINGS = ("finished", "failed")  # what a journal's last record can say; a crashed run's has none


class Imported(NamedTuple):
    """What became of one run."""

    run: str  # its label on this server
    exported_as: str
    sent_bytes: int
    problem: str | None = None  # why it was left as it is here, or what of it is missing
    skipped: int = 0  # attributes that cannot be brought


class Source(NamedTuple):
    """One run to be imported: who it is, how it ended, and its records without paths' definitions."""

    project: str
    key: str
    name: str | None
    created_ms: int
    state: str
    ended_ms: int | None
    error: str | None
    origin: str  # what the journal is made from: the same origin gives the same writer
    records: Iterable[PathRecord]


class PathRecord(NamedTuple):
    """A record of a path that has no number yet; `pack` makes it with one."""

    path: str
    pack: Callable[[int], bytes]


def import_run(server: Transport, source: Source) -> Imported:
    """Import one run. A run with its key that a job of this server wrote is left alone."""
    writer = writer_of(source)
    there = find_label(server, source.project, source.key)
    if there is not None and any(item["host"] != HOST for item in writers_of(server, there)):
        return Imported(there, source.key, 0, WRITTEN_HERE)
    registration = {
        "project": source.project, "run_key": source.key, "with_id": None, "writer": writer, "host": HOST, "pid": None,
        "created_ms": source.created_ms, "name": source.name,
    }  # fmt: skip
    answer = server.post("/writers", registration)
    shipment = Shipment(server, writer, answer["offset"])
    for record in source.records:
        shipment.add(record)
    shipment.end(source.state, source.ended_ms or source.created_ms, source.error)
    return Imported(answer["run"], source.key, shipment.sent_bytes)


def writer_of(source: Source) -> str:
    """Return the id of the writer that imports this run: the same source always has the same."""
    return writer_name(source.project, source.key, source.origin)


def writer_name(*source: str) -> str:
    """Return the id of the writer that brings what comes from this source."""
    return sha256("\n".join((str(STREAM), *source)).encode()).hexdigest()[:16]


def find_label(server: Transport, project: str, key: str, kind: str = "run") -> str | None:
    """Return the label of what has this key on the server."""
    try:
        return str(server.get("/runs", {"project": project, "key": key, "kind": kind})["label"])
    except NotFoundError:
        return None


class Shipment:
    """A journal's bytes on their way: those before the server's offset are left out, the rest goes in batches."""

    def __init__(self, server: Transport, writer: str, offset: int) -> None:
        self.writer = writer
        self.sent_bytes = 0
        self._server = server
        self._skip = offset
        self._offset = offset
        self._batch = bytearray()
        self._numbers: dict[str, int] = {}

    def add(self, record: PathRecord) -> None:
        """Add a record of a path, which gets its number the first time that it is met."""
        number = self._numbers.get(record.path)
        if number is None:
            number = self._numbers[record.path] = len(self._numbers)
            self.add_packed(records.define(number, record.path))
        self.add_packed(record.pack(number))

    def add_packed(self, record: bytes) -> None:
        """Add the bytes of a whole record."""
        if self._skip >= len(record):
            self._skip -= len(record)
            return
        self._batch += record[self._skip :]
        self._skip = 0
        if len(self._batch) >= BATCH_BYTES:
            self.send()

    def end(self, state: str, ended_ms: int, error: str | None, dropped: int = 0) -> None:
        """Send the rest, and how it ended."""
        if state in ENDINGS:
            self.add_packed(records.state(state, ended_ms / 1000, error, dropped))
        self.send()
        if state not in ENDINGS:
            self._server.post(f"/writers/{self.writer}/close", {"state": "crashed", "ended_ms": ended_ms})

    def send(self) -> None:
        """Send what was added."""
        while self._batch:
            body = compress(bytes(self._batch), COMPRESSION_LEVEL)
            answer = self._server.post_bytes(f"/journal/{self.writer}", body, MEDIA_TYPE, {"offset": self._offset})
            taken = answer["offset"] - self._offset
            del self._batch[:taken]
            self._offset += taken
            self.sent_bytes += taken
