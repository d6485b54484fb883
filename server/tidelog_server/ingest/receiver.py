"""Take in journal batches: check, commit, acknowledge.

A batch is stored once however often it is sent, and only behind everything that was sent before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.database import Database
from tidelog_server.errors import MalformedJournalError, OffsetGapError, TooLargeError
from tidelog_server.ingest import log
from tidelog_server.ingest.batches import BatchCache, grouped
from tidelog_server.ingest.committer import Committer
from tidelog_server.ingest.records import Batch, decode
from tidelog_server.runs import events, writers
from tidelog_server.runs.paths import add_writer_paths, intern_paths, load_writer_paths
from tidelog_server.runs.writers import Writer

BODY_BYTES = 33 * 1024 * 1024  # a stream of the greatest length that zlib cannot shorten
STREAM_BYTES = 32 * 1024 * 1024
COMPRESSION_LEVEL = 1


@dataclass(frozen=True)
class Received:
    """What became of a batch: where the server's copy of the journal ends now, and what was new in it."""

    position: int
    run_id: int
    points: int = 0
    state_changed: bool = False
    request: str | None = None  # what a person asks of the job


class Receiver:
    """Takes in the batches of all writers. Thread-safe."""

    def __init__(self, database: Database, committer: Committer, cache: BatchCache) -> None:
        self._database = database
        self._committer = committer
        self._cache = cache
        self.listeners: list[Callable[[Received], None]] = []

    def receive(self, writer_name: str, offset: int, body: bytes) -> Received:
        """Store the batch `body`, which starts at `offset` of the writer's stream, and return after the commit.

        Raises `WriterNotFoundError`, `RunDeletedError`, `OffsetGapError` (the batch starts beyond the server's copy),
        `MalformedJournalError` or
        `TooLargeError`; then nothing of the batch is stored.
        """
        with self._database.read() as connection:
            writer = writers.find_writer(connection, writer_name)
        if not body:
            return self._hear(writer)
        if offset < writer.position:
            return Received(writer.position, writer.run_id, request=writer.request)
        if offset > writer.position:
            raise _gap(writer, offset)
        stream = _decompressed(body)
        batch = decode(stream, writer.defined_paths)
        if not batch.consumed:
            return self._hear(writer)
        if batch.consumed < len(stream):
            body = zlib.compress(stream[: batch.consumed], COMPRESSION_LEVEL)
        return self._store(writer, body, batch)

    def _hear(self, writer: Writer) -> Received:
        self._committer.commit(lambda connection: writers.hear(connection, writer))
        return Received(writer.position, writer.run_id, request=writer.request)

    def _store(self, writer: Writer, payload: bytes, batch: Batch) -> Received:
        log_id = self._committer.commit(lambda connection: _commit_batch(connection, writer, payload, batch))
        if log_id is None:  # another request with the same bytes was faster
            with self._database.read() as connection:
                return Received(writers.find_writer(connection, writer.name).position, writer.run_id)
        position = writer.position + batch.consumed
        received = Received(position, writer.run_id, len(batch.points), batch.end is not None, writer.request)
        if log_id:
            self._remember(writer, log_id, batch)
        for listener in self.listeners:
            listener(received)
        return received

    def _remember(self, writer: Writer, log_id: int, batch: Batch) -> None:
        """Keep the decoded batch for the fold and for charts."""
        with self._database.read() as connection:
            path_ids = load_writer_paths(connection, [writer.id]).get(writer.id, log.NO_PATHS)
        self._cache.put(log_id, grouped(batch, path_ids, writer.id))


def _commit_batch(connection: sa.Connection, writer: Writer, payload: bytes, batch: Batch) -> int | None:
    """Move the writer forward and log the batch; None if the writer is not where the batch starts, 0 if there was
    nothing to log.
    """
    defined_paths = writer.defined_paths + len(batch.defined)
    if not writers.advance(connection, writer, by=batch.consumed, defined_paths=defined_paths, records=batch.records):
        return None
    writers.revive(connection, writer)
    if batch.defined:
        ids = intern_paths(connection, writer.project_id, batch.defined)
        add_writer_paths(connection, writer.id, writer.defined_paths, ids)
    if batch.end is not None:
        end = batch.end
        writers.end(connection, writer, state=end.state, ended_ms=end.time_ms, error=end.error, dropped=end.dropped)
    told = batch.events
    if told and writers.replaces_import(connection, writer):
        told = events.new_ones(connection, writer.run_id, told)
    events.add(connection, writer.run_id, told)
    if batch.is_empty:
        return 0
    return log.append(connection, writer, payload, len(batch.points))


def _gap(writer: Writer, offset: int) -> OffsetGapError:
    return OffsetGapError(
        f"The batch starts at byte {offset:,}, but the server has this journal up to byte {writer.position:,} only. "
        f"Nothing was stored. Send what follows byte {writer.position:,}.",
        expected=writer.position,
    )


def _decompressed(body: bytes) -> bytes:
    if len(body) > BODY_BYTES:
        raise TooLargeError(f"A batch of {len(body):,} bytes is over the limit of {BODY_BYTES:,}. Send less at a time.")
    inflater = zlib.decompressobj()
    try:
        stream = inflater.decompress(body, STREAM_BYTES)
    except zlib.error as error:
        raise MalformedJournalError(f"The batch is not zlib-compressed ({error}). Nothing of it was stored.") from error
    if inflater.unconsumed_tail:
        raise TooLargeError(
            f"A batch of more than {STREAM_BYTES:,} bytes uncompressed is over the limit. Send less at a time."
        )
    if not inflater.eof or inflater.unused_data:
        raise MalformedJournalError(
            "The compressed batch ends too early or too late. Nothing of it was stored; send it again."
        )
    return stream
