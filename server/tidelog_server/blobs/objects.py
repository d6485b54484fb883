"""Blobs in an S3-compatible object store, so that any number of server processes share them.

    <prefix>/ab/cdef....<token>                     a blob
    <prefix>/incoming/<upload>/<position>-<size>    a part of an upload

An object appears when all of it has arrived, so nothing half written ever counts. Credentials, region and endpoint come
from the environment, as for every AWS tool: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL ...
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tidelog_server.blobs.store import CHUNK_BYTES, MissingBytesError, Part, Remnant
from tidelog_server.errors import UnavailableError

if TYPE_CHECKING:
    from obstore.store import S3Store

INCOMING = "incoming"
TIMEOUT = "60s"
WRITE_BYTES = 8 * 1024 * 1024  # a piece of an object that is written in several
MOST_PIECES = 9_000  # S3 allows 10,000


class InvalidStoreError(Exception):
    """The address of the store cannot be used."""


class ObjectBlobs:
    """Blobs below a prefix of a bucket, `s3://bucket/prefix`."""

    def __init__(self, address: str) -> None:
        try:
            import obstore
        except ModuleNotFoundError as error:
            raise InvalidStoreError("--artifacts s3://... needs the extra s3: pip install 'tidelog[s3]'") from error
        self._obstore = obstore
        self._store = open_bucket(address)

    def add(self, key: str, data: bytes) -> None:
        """Keep a small blob."""
        with self._explained():
            self._obstore.put(self._store, key, data)

    def add_part(self, upload: str, part: Part, data: bytes) -> None:
        """Keep a part of an upload."""
        self.add(_part_name(upload, part), data)

    def assemble(self, upload: str, parts: Sequence[Part], key: str) -> str:
        """Copy the parts into one object."""
        digest = hashlib.sha256()
        pieces = max(WRITE_BYTES, sum(part.size for part in parts) // MOST_PIECES + 1)
        with self._explained(), self._obstore.open_writer(self._store, key, buffer_size=pieces) as writer:
            for part in parts:
                for chunk in self.read(_part_name(upload, part), 0, part.size):
                    digest.update(chunk)
                    writer.write(chunk)
        return digest.hexdigest()

    def discard(self, upload: str) -> None:
        """Remove the parts of an upload."""
        with self._explained():
            for names in self._names(f"{INCOMING}/{upload}"):
                self._obstore.delete(self._store, [name for name, _ in names])

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes of a blob."""
        if start >= stop:
            return
        with self._explained():
            answer = self._obstore.get(self._store, key, options={"range": (start, stop)})
            for chunk in answer.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    def remove(self, key: str) -> None:
        """Remove a blob."""
        with self._explained():
            self._obstore.delete(self._store, key)

    def uploads(self) -> Iterator[Remnant]:
        """Yield the uploads that have parts here."""
        with self._explained():
            for names in self._names(INCOMING):
                for name, modified_ms in names:
                    yield Remnant(name.split("/")[1], modified_ms)

    def blobs(self) -> Iterator[Remnant]:
        """Yield the keys of the blobs."""
        with self._explained():
            for names in self._names(None):
                yield from (Remnant(name, modified) for name, modified in names if not name.startswith(f"{INCOMING}/"))

    def _names(self, prefix: str | None) -> Iterator[list[tuple[str, int]]]:
        for page in self._obstore.list(self._store, prefix):
            yield [(item["path"], round(item["last_modified"].timestamp() * 1000)) for item in page]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        errors = self._obstore.exceptions
        try:
            yield
        except (FileNotFoundError, errors.NotFoundError) as error:
            raise MissingBytesError(str(error)) from error
        except (errors.BaseError, OSError) as error:
            raise UnavailableError(
                f"The object store cannot be used now ({_reason(error)}). This file was not taken; clients keep it and "
                "send it again."
            ) from error


def open_bucket(address: str) -> S3Store:
    """Open `s3://bucket/prefix`; an endpoint without TLS has to be named in the environment."""
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if not address.startswith("s3://"):
        raise InvalidStoreError(f"{address!r} is not the address of a bucket; it looks like s3://bucket/prefix")
    try:
        store: S3Store = S3Store.from_url(
            address,
            config={"endpoint": endpoint} if endpoint else {},
            client_options={"timeout": TIMEOUT, "allow_http": endpoint.startswith("http://")},
        )
    except (BaseError, ValueError) as error:
        raise InvalidStoreError(f"{address!r} cannot be used: {_reason(error)}") from error
    return store


def _part_name(upload: str, part: Part) -> str:
    return f"{INCOMING}/{upload}/{part.position:016x}-{part.size:x}"


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
