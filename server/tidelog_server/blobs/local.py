"""Blobs in a folder. A blob appears under its name by one atomic step, when all of it is on the disk.

ab/cdef....<token>      a blob
incoming/<upload>       the parts of an upload, each at its place
incoming/<token>.new    a small blob that is being written
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tidelog_server.blobs.store import CHUNK_BYTES, MissingBytesError, Part, Remnant
from tidelog_server.errors import StorageFullError, UnavailableError

INCOMING = "incoming"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalBlobs:
    """Blobs below one folder of a local disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)

    def add(self, key: str, data: bytes) -> None:
        """Keep a small blob."""
        with _explained():
            temporary = self._incoming / f"{secrets.token_hex(8)}.new"
            try:
                _write(temporary, 0, data, os.O_CREAT | os.O_EXCL)
                os.rename(temporary, self._place(key))
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync_folder(self._path(key).parent)

    def add_part(self, upload: str, part: Part, data: bytes) -> None:
        """Keep a part of an upload."""
        with _explained():
            new = not (self._incoming / upload).exists()
            _write(self._incoming / upload, part.position, data, os.O_CREAT)
            if new:
                _sync_folder(self._incoming)

    def assemble(self, upload: str, parts: Sequence[Part], key: str) -> str:
        """Give the whole upload its name as a blob."""
        with _explained():
            size = sum(part.size for part in parts)
            path = self._incoming / upload
            digest = hashlib.sha256()
            for chunk in _chunks(path, 0, size):
                digest.update(chunk)
            if path.stat().st_size != size:
                os.truncate(path, size)
            try:
                os.link(path, self._place(key))
            except OSError as error:
                if error.errno in FULL or not path.exists():
                    raise
                os.rename(path, self._path(key))  # a file system without hard links
            _sync_folder(self._path(key).parent)
            return digest.hexdigest()

    def discard(self, upload: str) -> None:
        """Remove the parts of an upload."""
        with _explained():
            (self._incoming / upload).unlink(missing_ok=True)

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes of a blob."""
        return _chunks(self._path(key), start, stop)

    def remove(self, key: str) -> None:
        """Remove a blob."""
        with _explained():
            self._path(key).unlink(missing_ok=True)

    def uploads(self) -> Iterator[Remnant]:
        """Yield the uploads that have parts here."""
        yield from _remnants(self._incoming, "")

    def blobs(self) -> Iterator[Remnant]:
        """Yield the keys of the blobs."""
        for folder in sorted(self._root.iterdir()):
            if folder.name != INCOMING and folder.is_dir():
                yield from _remnants(folder, f"{folder.name}/")

    def _path(self, key: str) -> Path:
        return self._root / key

    def _place(self, key: str) -> Path:
        path = self._path(key)
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self._root)
        return path


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MissingBytesError(str(error)) from error
    except OSError as error:
        if error.errno in FULL:
            raise StorageFullError(
                "The disk of the server is full, so this file was not taken. Everything acknowledged before is safe; "
                "clients keep their files and send them again."
            ) from error
        raise UnavailableError(
            f"The folder of files cannot be written ({error.strerror}). This file was not taken; clients keep it."
        ) from error


def _write(path: Path, position: int, data: bytes, flags: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o644)
    try:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(fd, rest, position)
            position += written
            rest = rest[written:]
        os.fsync(fd)
    finally:
        os.close(fd)


def _chunks(path: Path, start: int, stop: int) -> Iterator[bytes]:
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise MissingBytesError(str(error)) from error
    with file:
        file.seek(start)
        while start < stop:
            chunk = file.read(min(CHUNK_BYTES, stop - start))
            if not chunk:
                raise MissingBytesError(f"{path} ends at byte {start}, {stop} were expected")
            start += len(chunk)
            yield chunk


def _remnants(folder: Path, prefix: str) -> Iterator[Remnant]:
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # it has just been removed
            yield Remnant(prefix + entry.name, entry.stat().st_mtime_ns // 1_000_000)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
