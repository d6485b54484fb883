"""Every store of blobs keeps the same promises: a folder, and a real S3 endpoint."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tidelog_server.blobs.local import LocalBlobs
from tidelog_server.blobs.store import BlobStore, MissingBytesError, Part, new_key

HELLO = hashlib.sha256(b"hello").hexdigest()


def content(store: BlobStore, key: str, start: int, stop: int) -> bytes:
    """What lies there."""
    return b"".join(store.read(key, start, stop))


def test_what_was_added_is_read(blob_store: BlobStore) -> None:
    """Whole, and from any byte to any other."""
    key = new_key(HELLO)
    blob_store.add(key, b"hello")
    assert content(blob_store, key, 0, 5) == b"hello"
    assert content(blob_store, key, 1, 3) == b"el"
    assert content(blob_store, key, 2, 2) == b""
    assert [remnant.name for remnant in blob_store.blobs()] == [key]


def test_parts_become_a_blob(blob_store: BlobStore) -> None:
    """In order, with the hash of the whole; the parts stay until they are discarded, and may come again."""
    data = bytes(range(256)) * 10_000
    parts = [Part(start, min(1_000_000, len(data) - start)) for start in range(0, len(data), 1_000_000)]
    for part in [*reversed(parts), parts[0]]:
        blob_store.add_part("w-0", part, data[part.position : part.position + part.size])
    key = new_key(HELLO)
    for _ in range(2):
        assert blob_store.assemble("w-0", parts, key) == hashlib.sha256(data).hexdigest()
        key = new_key(HELLO)
    assert {upload.name for upload in blob_store.uploads()} == {"w-0"}
    blob_store.discard("w-0")
    assert list(blob_store.uploads()) == []
    [one, other] = [blob.name for blob in blob_store.blobs()]
    assert content(blob_store, one, 0, len(data)) == content(blob_store, other, 0, len(data)) == data


def test_removing_is_idempotent(blob_store: BlobStore) -> None:
    """What is not there can be removed, and cannot be read or assembled."""
    key = new_key(HELLO)
    blob_store.add(key, b"hello")
    for _ in range(2):
        blob_store.remove(key)
        blob_store.discard("w-1")
    with pytest.raises(MissingBytesError):
        content(blob_store, key, 0, 5)
    with pytest.raises(MissingBytesError):
        blob_store.assemble("w-1", [Part(0, 5)], key)


DIES = """
import os, signal, sys
from pathlib import Path
from tidelog_server.blobs import local
from tidelog_server.blobs.store import Part

write = os.pwrite
def half(fd, data, position):
    write(fd, bytes(data)[: len(data) // 2], position)
    os.kill(os.getpid(), signal.SIGKILL)

store = local.LocalBlobs(Path(sys.argv[1]))
os.pwrite = half
if sys.argv[2] == "add":
    store.add("ab/cd.0", b"hello" * 1000)
else:
    store.add_part("w-0", Part(0, 5000), b"hello" * 1000)
"""


@pytest.mark.parametrize("action", ["add", "add_part"])
def test_killed_in_the_middle_of_a_write(tmp_path: Path, action: str) -> None:
    """Half a blob never has the name of one; half a part is written over when it comes again."""
    done = subprocess.run([sys.executable, "-c", DIES, str(tmp_path), action], check=False)
    assert done.returncode == -signal.SIGKILL
    store = LocalBlobs(tmp_path)
    assert list(store.blobs()) == []
    store.add_part("w-0", Part(0, 5), b"hello")
    assert store.assemble("w-0", [Part(0, 5)], "ab/cd.1") == HELLO
    assert content(store, "ab/cd.1", 0, 5) == b"hello"
