"""The files of one writer on its disk, beside its journal, until the server has them.

Small ones are copied at the call, so that what changes later does not change what was logged. Large ones are cloned
where the file system shares blocks, else linked, else only named, and checked before they are sent: none of this takes
longer for a larger file. See docs/reference/files.md.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tidelog.files.file import File

FOLDER = "files"
DESCRIPTION = ".json"
ENCODED = ".png"
REFUSED = "refused-"
SMALL_BYTES = 8 * 1024 * 1024  # copied at the call; takes some 2 ms
FICLONE = 0x40049409  # of Linux: share the blocks of another file, copied where either is written


class KeptFile(NamedTuple):
    """What is known of a file: its bytes lie in `path`, or in `source`, which was `size` long at `modified_ns`."""

    number: int
    name: str
    path: str
    size: int
    source: str | None
    modified_ns: int | None
    image: list[int] | None  # width, height, channels of pixels that become a PNG
    artifact: dict[str, Any] | None

    @property
    def bytes_path(self) -> str:
        """Where the bytes to be sent lie."""
        encoded = self.path + ENCODED
        if self.image and os.path.exists(encoded):
            return encoded
        return self.path if self.source is None or os.path.exists(self.path) else self.source

    @property
    def changed(self) -> str | None:
        """Say what happened to the user's file since it was logged, if it is not ours alone."""
        if self.modified_ns is None:
            return None
        status = os.stat(self.bytes_path)
        if (status.st_size, status.st_mtime_ns) == (self.size, self.modified_ns):
            return None
        return f"{self.source} changed after it was logged; this is what was in it when it was sent"


def keep(folder: str, number: int, file: File, artifact: dict[str, Any] | None = None, *, copy: bool = True) -> None:
    """Keep a file; it counts once its description is there. OSError if the disk refuses, with nothing left behind.

    Without `copy`, a small one too is only linked or named.
    """
    path = os.path.join(folder, FOLDER, str(number))
    try:
        modified_ns = _place(path, file, copy)
        image = None if file.pixels is None else [file.pixels.width, file.pixels.height, file.pixels.channels]
        description = {
            "name": file.name, "size": file.size, "source": file.path, "modified_ns": modified_ns, "image": image,
            "artifact": artifact,
        }  # fmt: skip
        _write(path + DESCRIPTION, json.dumps(description).encode())
    except OSError:
        remove(folder, number)
        raise


def numbers(folder: str) -> list[int]:
    """List the files that the server does not have, oldest first."""
    try:
        names = os.listdir(os.path.join(folder, FOLDER))
    except FileNotFoundError:
        return []
    found = (name.removesuffix(DESCRIPTION) for name in names if name.endswith(DESCRIPTION))
    return sorted(int(name) for name in found if name.isdecimal())


def find(folder: str, number: int) -> KeptFile | None:
    """Read what is known of a file; None if it was not kept in full, or is gone."""
    path = os.path.join(folder, FOLDER, str(number))
    try:
        with open(path + DESCRIPTION, encoding="utf-8") as text:
            fields = json.load(text)
        return KeptFile(number=number, path=path, **fields)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def remove(folder: str, number: int) -> None:
    """Forget a file; the user's own is not touched."""
    path = os.path.join(folder, FOLDER, str(number))
    for name in (path + DESCRIPTION, path + ENCODED, path):
        try:
            os.unlink(name)
        except FileNotFoundError:
            continue


def set_aside(folder: str, kept: KeptFile) -> str:
    """Keep the bytes that the server refused where they are not sent again; return where they are."""
    if not os.path.exists(kept.path):
        remove(folder, kept.number)
        return kept.source or kept.path
    aside = os.path.join(folder, f"{REFUSED}{kept.number}-{kept.name}"[:255])
    os.rename(kept.bytes_path, aside)
    remove(folder, kept.number)
    return aside


def left(folder: str) -> tuple[int, int]:
    """Return how many files the server does not have, and how many bytes these are."""
    kept = [found for number in numbers(folder) if (found := find(folder, number)) is not None]
    return len(kept), sum(file.size for file in kept)


def remove_folder(folder: str) -> None:
    """Remove the folder of files, which is empty but for what a killed process left half kept."""
    path = os.path.join(folder, FOLDER)
    try:
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)
    except FileNotFoundError:
        return


def _place(path: str, file: File, copy: bool) -> int | None:
    """Put the bytes in place; return the time of change that they must still have later, if they are not ours alone."""
    if file.content is not None:
        _write(path, file.content)
        return None
    assert file.path is not None
    if copy and file.size <= SMALL_BYTES:
        file.size = _copy(file.path, path)
        return None
    if _clone(file.path, path):
        return None
    with suppress(OSError):  # another file system, or somebody else's file: it is read where it lies
        os.link(file.path, path)
    return file.modified_ns


def _copy(source: str, path: str) -> int:
    """Copy what is in the file now, and return how much that is."""
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = _create(path)
        try:
            size = 0
            while data := os.read(reading, 1024 * 1024):
                size += _write_all(writing, data)
                if size > 2 * SMALL_BYTES:
                    break  # it grows as fast as it is read; this much was in it at the call at the most
            return size
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _clone(source: str, path: str) -> bool:
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = _create(path)
        try:
            fcntl.ioctl(writing, FICLONE, reading)
            return True
        except OSError:
            os.unlink(path)
            return False
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _write(path: str, data: bytes) -> None:
    fd = _create(path)
    try:
        _write_all(fd, data)
    finally:
        os.close(fd)


def _write_all(fd: int, data: bytes) -> int:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
    return len(data)


def _create(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        os.mkdir(os.path.dirname(path))
        return os.open(path, flags, 0o666)
