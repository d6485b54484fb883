"""Take in files: announced by their SHA-256, sent in parts, checked, and kept once however often they come.

Announcing and sending are idempotent, and nothing of an upload is kept in this process: it may go on at another server
process, or after a kill. See docs/reference/files.md for the wire.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from tidelog_server.artifacts import manifests
from tidelog_server.blobs import catalogue
from tidelog_server.blobs.catalogue import Blob
from tidelog_server.blobs.store import BlobStore, MissingBytesError, Part, new_key
from tidelog_server.clock import now_ms
from tidelog_server.database import Database
from tidelog_server.errors import (
    FileNotHereError,
    HashMismatchError,
    InvalidRequestError,
    OffsetGapError,
    UnavailableError,
)
from tidelog_server.ingest.committer import Committer
from tidelog_server.runs import storage, writers
from tidelog_server.runs.writers import Writer
from tidelog_server.tables import file_parts, files

PART_BYTES = 16 * 1024 * 1024  # the most that one request carries
FILE_BYTES = 5 * 1024**4  # the most that object stores keep as one
PROBLEM_CHARACTERS = 2000
LOCKS = 64


@dataclass(frozen=True)
class Announcement:
    """What a client says of a file before it sends it; `lost` is why it never comes, `problem` what to know of it."""

    number: int
    size: int
    sha256: str | None
    lost: str | None = None
    problem: str | None = None
    artifact: dict[str, Any] | None = None
    created_ms: int | None = None  # of an import


@dataclass(frozen=True)
class Progress:
    """How far the server is with a file: it has it (or wants nothing of it), or wants it from `offset` on."""

    number: int
    have: bool
    offset: int


@dataclass(frozen=True)
class Upload:
    """A file that is expected, and how much of it is here."""

    id: int
    name: str
    number: int
    state: str
    sha256: str
    size: int
    artifact: str | None
    parts: tuple[Part, ...]

    @property
    def offset(self) -> int:
        """Where the next part begins."""
        return sum(part.size for part in self.parts)

    @property
    def progress(self) -> Progress:
        """What the client is told."""
        return Progress(self.number, self.state != "expected", self.offset)


class Uploads:
    """Takes in the files of all writers. Thread-safe."""

    def __init__(self, database: Database, committer: Committer, store: BlobStore) -> None:
        self._database = database
        self._committer = committer
        self._store = store
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    def announce(self, writer_name: str, announcements: Sequence[Announcement]) -> list[Progress]:
        """Hear which files come; for each, whether the server has its content already, or how much of it."""
        with self._database.read() as connection:
            writer = writers.find_writer(connection, writer_name)
        uploads = self._commit(lambda connection: [_announce(connection, writer, item) for item in announcements])
        return [self._taken(writer, upload).progress for upload in uploads]

    def receive(self, writer_name: str, number: int, offset: int, data: bytes) -> Progress:
        """Take in the part of an announced file that begins at `offset`; it is durable when this returns.

        Raises `OffsetGapError`, `FileNotHereError` if the file was not announced, `HashMismatchError` when the last
        part shows that the content is another one than was announced.
        """
        with self._database.read() as connection:
            writer = writers.find_writer(connection, writer_name)
            upload = _find(connection, writer, number)
        if upload.state != "expected" or (offset < upload.offset):
            return upload.progress
        if offset > upload.offset:
            raise OffsetGapError(
                f"The part begins at byte {offset}, and the server has {upload.offset} bytes. Nothing of it was "
                "stored; go on from there.",
                expected=upload.offset,
            )
        if offset + len(data) > upload.size or (not data and upload.size):
            raise InvalidRequestError(
                f"{len(data)} bytes at {offset} do not belong to a file of {upload.size} bytes. Nothing of it was "
                "stored."
            )
        if len(data) == upload.size:
            return self._take_whole(writer, upload, data)
        return self._take_part(writer, upload, Part(offset, len(data)), data)

    def _taken(self, writer: Writer, upload: Upload) -> Upload:
        """Finish an upload whose bytes are all here: its content was known, or a server was killed before the end."""
        if upload.state != "expected" or not upload.sha256:
            return upload
        with self._database.read() as connection:
            blob = catalogue.find(connection, [upload.sha256]).get(upload.sha256)
        if blob is not None:
            return self._arrived(writer, upload, blob.key, blob.bytes, known=True)
        return self._assembled(writer, upload) if upload.offset == upload.size and upload.parts else upload

    def _take_whole(self, writer: Writer, upload: Upload, data: bytes) -> Progress:
        if hashlib.sha256(data).hexdigest() != upload.sha256:
            raise _mismatch(upload)
        key = new_key(upload.sha256)
        self._store.add(key, data)
        return self._arrived(writer, upload, key, len(data)).progress

    def _take_part(self, writer: Writer, upload: Upload, part: Part, data: bytes) -> Progress:
        self._store.add_part(upload.name, part, data)
        upload = self._commit(lambda connection: _add_part(connection, writer, upload, part))
        return (self._assembled(writer, upload) if upload.offset == upload.size else upload).progress

    def _assembled(self, writer: Writer, upload: Upload) -> Upload:
        with self._locks[upload.id % LOCKS]:  # who asks again, because it takes long, waits here for the result
            with self._database.read() as connection:
                upload = _find(connection, writer, upload.number)
            if upload.state != "expected" or upload.offset < upload.size:
                return upload
            key = new_key(upload.sha256)
            try:
                sha256 = self._store.assemble(upload.name, upload.parts, key)
            except MissingBytesError:
                return self._anew(writer, upload)
            if sha256 != upload.sha256:
                self._store.remove(key)
                self._anew(writer, upload)
                raise _mismatch(upload)
            return self._arrived(writer, upload, key, upload.size)

    def _anew(self, writer: Writer, upload: Upload) -> Upload:
        self._store.discard(upload.name)
        self._commit(lambda connection: _forget_parts(connection, upload.id))
        with self._database.read() as connection:
            return _find(connection, writer, upload.number)

    def _arrived(self, writer: Writer, upload: Upload, key: str, size: int, *, known: bool = False) -> Upload:
        """Commit that the content is here under `key`, where its bytes are durable already.

        A blob that was `known` may have been removed since, as nothing referred to it; then the upload goes on.
        """
        manifest = manifests.read(self._store, key, size) if upload.artifact else None

        def commit(connection: sa.Connection) -> Blob | None:
            if known:
                blob = catalogue.find(connection, [upload.sha256]).get(upload.sha256)
            else:
                blob = catalogue.enter(connection, upload.sha256, key, size)
            if blob is None:
                return None
            connection.execute(
                sa.update(files)
                .where(files.c.id == upload.id, files.c.state == "expected")
                .values(state="received", blob_id=blob.id, bytes=blob.bytes)
            )
            _forget_parts(connection, upload.id)
            storage.note_change(connection, writer.run_id)
            if manifest is not None:
                manifests.register(connection, writer, json.loads(upload.artifact or "{}"), manifest)
            return blob

        blob = self._commit(commit)
        if blob is not None and blob.key != key:
            self._store.remove(key)  # somebody else brought the same content at the same moment
        if blob is not None and upload.parts:
            self._store.discard(upload.name)
        with self._database.read() as connection:
            return _find(connection, writer, upload.number)

    def _commit(self, work: Any) -> Any:
        try:
            return self._committer.commit(work)
        except IntegrityError as error:
            raise UnavailableError(
                "Another request changed this file at the same moment. Nothing was stored; try again."
            ) from error


def _announce(connection: sa.Connection, writer: Writer, said: Announcement) -> Upload:
    """The upload of an announced file, entered now if it is new; a content that changed since begins anew."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {
        "run_id": writer.run_id,
        "writer_id": writer.id,
        "number": said.number,
        "state": "lost" if said.lost else "expected",
        "problem": (said.lost or said.problem or "")[:PROBLEM_CHARACTERS] or None,
        "bytes": said.size,
        "sha256": said.sha256,
        "artifact": None if said.artifact is None else json.dumps(said.artifact),
        "created_ms": said.created_ms or now_ms(),
    }
    connection.execute(dialect.insert(files).values(values).on_conflict_do_nothing())
    upload = _find(connection, writer, said.number)
    if upload.state != "expected":
        return upload
    if said.lost or (upload.sha256, upload.size) != (said.sha256, said.size):
        _forget_parts(connection, upload.id)
    told = {name: values[name] for name in ("state", "problem", "bytes", "sha256", "artifact")}
    connection.execute(sa.update(files).where(files.c.id == upload.id).values(told))
    return _find(connection, writer, said.number)


def _find(connection: sa.Connection, writer: Writer, number: int) -> Upload:
    columns = (files.c.id, files.c.state, files.c.sha256, files.c.bytes, files.c.artifact)
    query = sa.select(*columns).where(files.c.writer_id == writer.id, files.c.number == number)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise FileNotHereError(f"The file number {number} of this writer was not announced. Announce it, then send it.")
    return Upload(
        id=row.id,
        name=f"{writer.name}-{number}",
        number=number,
        state=row.state,
        sha256=row.sha256 or "",
        size=row.bytes,
        artifact=row.artifact,
        parts=_parts(connection, row.id),
    )


def _parts(connection: sa.Connection, file_id: int) -> tuple[Part, ...]:
    """The parts that are here without a gap from the beginning on."""
    query = (
        sa.select(file_parts.c.position, file_parts.c.bytes)
        .where(file_parts.c.file_id == file_id)
        .order_by(file_parts.c.position)
    )
    found: list[Part] = []
    end = 0
    for position, size in connection.execute(query):
        if position != end:
            break
        found.append(Part(position, size))
        end += size
    return tuple(found)


def _add_part(connection: sa.Connection, writer: Writer, upload: Upload, part: Part) -> Upload:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    known = connection.execute(
        sa.select(files.c.id).where(
            files.c.id == upload.id, files.c.state == "expected", files.c.sha256 == upload.sha256
        )
    ).first()
    if known is not None:  # else it was announced with another content meanwhile
        values = {"file_id": upload.id, "position": part.position, "bytes": part.size}
        connection.execute(dialect.insert(file_parts).values(values).on_conflict_do_nothing())
    return _find(connection, writer, upload.number)


def _forget_parts(connection: sa.Connection, file_id: int) -> None:
    connection.execute(sa.delete(file_parts).where(file_parts.c.file_id == file_id))


def _mismatch(upload: Upload) -> HashMismatchError:
    return HashMismatchError(
        f"The bytes of the file number {upload.number} do not have the SHA-256 {upload.sha256[:16]}... that was "
        "announced; it changed while it was sent, or on the way. They were thrown away; send it anew."
    )
