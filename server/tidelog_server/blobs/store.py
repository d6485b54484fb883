"""What keeps bytes: the interface of all stores."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

CHUNK_BYTES = 1024 * 1024  # read at a time: what serving or checking a file costs in memory
TOKEN_BYTES = 6


class MissingBytesError(Exception):
    """The store does not have what its keeper thought it had."""


class Part(NamedTuple):
    """A stretch of an upload."""

    position: int
    size: int


class Remnant(NamedTuple):
    """Something that lies in the store, and since when."""

    name: str
    modified_ms: int


class BlobStore(Protocol):
    """Keeps blobs under keys that the server makes up, and the parts of uploads until they are whole.

    A call that returns has made its bytes durable. Raises `StorageFullError` or `UnavailableError` where the store
    cannot do it now, `MissingBytesError` where something is not there. Thread-safe.
    """

    def add(self, key: str, data: bytes) -> None:
        """Keep a small blob."""

    def add_part(self, upload: str, part: Part, data: bytes) -> None:
        """Keep a part of an upload; again is harmless."""

    def assemble(self, upload: str, parts: Sequence[Part], key: str) -> str:
        """Make the blob `key` of these parts, which stay until `discard`; its SHA-256. Takes constant memory."""

    def discard(self, upload: str) -> None:
        """Remove the parts of an upload, if there are any."""

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of a blob from `start` to before `stop`."""

    def remove(self, key: str) -> None:
        """Remove a blob, if it is there."""

    def uploads(self) -> Iterator[Remnant]:
        """Yield the uploads that have parts here, each at least once."""

    def blobs(self) -> Iterator[Remnant]:
        """Yield the keys of the blobs that are here."""


def new_key(sha256: str) -> str:
    """Return a place for this content that nothing ever had before.

    So removing a blob that is not wanted any more can never hit one that has just come with the same content.
    """
    return f"{sha256[:2]}/{sha256[2:]}.{secrets.token_hex(TOKEN_BYTES)}"
