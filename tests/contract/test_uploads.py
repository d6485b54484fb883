"""Taking in files: what was announced and sent in any order arrives once, whole, on every engine and store."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.conftest import Store
from tests.journals import Sender
from tidelog.journal import records
from tidelog_server.blobs import sweep
from tidelog_server.blobs.store import BlobStore
from tidelog_server.database import Database
from tidelog_server.errors import FileNotHereError, HashMismatchError, InvalidRequestError, OffsetGapError
from tidelog_server.files.references import drop_unreferenced
from tidelog_server.files.uploads import Announcement, Uploads
from tidelog_server.ingest.committer import Committer
from tidelog_server.migrations import upgrade
from tidelog_server.tables import blobs, file_parts, files


def announced(number: int, data: bytes, **more: object) -> Announcement:
    """What an honest client says of this content."""
    return Announcement(number, len(data), hashlib.sha256(data).hexdigest(), **more)  # type: ignore[arg-type]


@pytest.fixture
def uploads(store: Store, blob_store: BlobStore) -> Iterator[Uploads]:
    """What takes files in."""
    committer = Committer(store.database)
    yield Uploads(store.database, committer, blob_store)
    committer.close()


def rows(store: Store) -> list[tuple[int, str, bool]]:
    """Number, state and whether it has a blob, of every file."""
    with store.database.read() as connection:
        query = sa.select(files.c.number, files.c.state, files.c.blob_id).order_by(files.c.number)
        return [(number, state, blob_id is not None) for number, state, blob_id in connection.execute(query)]


def kept(store: Store, blob_store: BlobStore) -> list[bytes]:
    """The contents of all blobs."""
    with store.database.read() as connection:
        found = connection.execute(sa.select(blobs.c.key, blobs.c.bytes).order_by(blobs.c.id)).all()
    return [b"".join(blob_store.read(key, 0, size)) for key, size in found]


def test_a_file_arrives(store: Store, uploads: Uploads, blob_store: BlobStore) -> None:
    """In one part or in several, an empty one too; sending again changes nothing."""
    sender = store.sender()
    contents = [b"", b"small", b"longer " * 100]
    progress = uploads.announce(sender.name, [announced(number, data) for number, data in enumerate(contents)])
    assert [(item.have, item.offset) for item in progress] == [(False, 0)] * 3
    assert uploads.receive(sender.name, 0, 0, b"").have
    assert uploads.receive(sender.name, 1, 0, b"small").have
    assert uploads.receive(sender.name, 2, 0, contents[2][:300]).offset == 300
    assert uploads.receive(sender.name, 2, 0, contents[2][:300]).offset == 300
    assert uploads.announce(sender.name, [announced(2, contents[2])])[0].offset == 300
    for _ in range(2):
        assert uploads.receive(sender.name, 2, 300, contents[2][300:]).have
    assert rows(store) == [(0, "received", True), (1, "received", True), (2, "received", True)]
    assert kept(store, blob_store) == contents
    assert list(blob_store.uploads()) == []


def test_a_content_is_sent_and_kept_once(store: Store, uploads: Uploads, blob_store: BlobStore) -> None:
    """Another run that has the same file need not send it."""
    one, other = store.sender(key="one"), store.sender(key="other")
    uploads.announce(one.name, [announced(0, b"weights")])
    uploads.receive(one.name, 0, 0, b"weights")
    assert uploads.announce(other.name, [announced(0, b"weights")])[0].have
    assert kept(store, blob_store) == [b"weights"]


def test_two_send_the_same_at_once(store: Store, uploads: Uploads, blob_store: BlobStore) -> None:
    """Both succeed, and one copy is kept."""
    one, other = store.sender(key="one"), store.sender(key="other")
    for sender in (one, other):
        uploads.announce(sender.name, [announced(0, b"weights")])
    for sender in (one, other):
        assert uploads.receive(sender.name, 0, 0, b"weights").have
    assert kept(store, blob_store) == [b"weights"]
    assert len(list(blob_store.blobs())) == 1


def test_what_does_not_fit_is_refused(store: Store, uploads: Uploads) -> None:
    """Gaps, too many bytes, files that nobody announced; nothing of them is stored."""
    sender = store.sender()
    with pytest.raises(FileNotHereError):
        uploads.receive(sender.name, 0, 0, b"x")
    uploads.announce(sender.name, [announced(0, b"0123456789")])
    with pytest.raises(OffsetGapError) as gap:
        uploads.receive(sender.name, 0, 5, b"56")
    assert gap.value.details == {"expected": 0}
    for data in (b"0123456789+", b""):
        with pytest.raises(InvalidRequestError):
            uploads.receive(sender.name, 0, 0, data)
    assert rows(store) == [(0, "expected", False)]


@pytest.mark.parametrize("cut", [3, 10])
def test_other_bytes_than_announced(store: Store, uploads: Uploads, blob_store: BlobStore, cut: int) -> None:
    """They are thrown away, and the file begins anew; also with another hash, if it is another file by now."""
    sender = store.sender()
    uploads.announce(sender.name, [announced(0, b"0123456789")])
    if cut < 10:
        uploads.receive(sender.name, 0, 0, b"01x")
    with pytest.raises(HashMismatchError):
        uploads.receive(sender.name, 0, 3 if cut < 10 else 0, b"3456789" if cut < 10 else b"01x3456789")
    assert kept(store, blob_store) == []
    assert list(blob_store.blobs()) == []
    assert uploads.announce(sender.name, [announced(0, b"01x3456789", problem="it changed")])[0].offset == 0
    assert uploads.receive(sender.name, 0, 0, b"01x3").offset == 4
    assert uploads.receive(sender.name, 0, 4, b"456789"[-6:]).have is True
    assert kept(store, blob_store) == [b"01x3456789"]


def test_a_lost_file_is_marked(store: Store, uploads: Uploads) -> None:
    """It is not asked for any more."""
    sender = store.sender()
    [progress] = uploads.announce(sender.name, [Announcement(0, 5, None, lost="/data/x vanished")])
    assert progress.have
    with store.database.read() as connection:
        assert connection.execute(sa.select(files.c.state, files.c.problem)).one() == ("lost", "/data/x vanished")


def test_blobs_without_references_go(store: Store, uploads: Uploads, blob_store: BlobStore) -> None:
    """Those that a file refers to stay; what killed processes and given-up uploads left goes when it is old."""
    sender = store.sender()
    uploads.announce(sender.name, [announced(number, bytes([number])) for number in range(3)])
    for number in range(3):
        uploads.receive(sender.name, number, 0, bytes([number]))
    with store.database.write() as connection:
        connection.execute(sa.delete(files).where(files.c.number < 2))
    assert sweep.collect_blobs(store.database, blob_store) == sweep.Swept(blobs=2, bytes=2)
    assert sweep.collect_blobs(store.database, blob_store) == sweep.Swept()
    assert kept(store, blob_store) == [b"\x02"]
    assert len(list(blob_store.blobs())) == 1


def test_what_is_left_over_goes_when_it_is_old(
    store: Store, uploads: Uploads, blob_store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blobs that were never entered, and parts that nobody went on with: sending begins anew then."""
    sender = store.sender()
    uploads.announce(sender.name, [announced(0, b"0123456789"), announced(1, b"x")])
    uploads.receive(sender.name, 0, 0, b"0123")
    uploads.receive(sender.name, 1, 0, b"x")
    blob_store.add("ab/cd.0", b"left by a killed process")
    assert sweep.drop_remnants(store.database, blob_store) == 0
    assert sweep.drop_abandoned_uploads(store.database, blob_store) == 0
    monkeypatch.setattr(sweep, "UPLOAD_KEPT_MS", -60_000)
    monkeypatch.setattr(sweep, "REMNANT_KEPT_MS", -60_000)
    assert sweep.drop_remnants(store.database, blob_store) == 1
    assert sweep.drop_abandoned_uploads(store.database, blob_store) == 1
    assert list(blob_store.uploads()) == []
    assert kept(store, blob_store) == [b"x"]
    assert uploads.announce(sender.name, [announced(0, b"0123456789")])[0].offset == 0
    assert uploads.receive(sender.name, 0, 0, b"0123456789").have


def test_files_of_overwritten_values_go_when_the_run_has_ended(
    store: Store, uploads: Uploads, blob_store: BlobStore
) -> None:
    """What a value, a set or a step of a series refers to stays; of a run that is still running everything does."""
    sender = store.sender()
    journal = sender.journal
    contents = [bytes([number]) for number in range(6)]
    uploads.announce(sender.name, [announced(number, data) for number, data in enumerate(contents)])
    for number, data in enumerate(contents):
        uploads.receive(sender.name, number, 0, data)

    def reference(number: int) -> bytes:
        said = {"file": number, "name": "n", "extension": "", "media_type": "x/y", "size": 1}
        return records.FILE_REFERENCE + records.as_json(said)

    for number in (0, 1):
        journal.assign("checkpoint", reference(number))
    journal.assign("deleted", reference(2))
    journal.delete("deleted")
    journal.stream += records.object_point(journal.number("images"), 0, 1.8e9, reference(3))
    journal.stream += records.object_point(journal.number("images"), 0, 1.8e9, reference(4))
    entry = {"name": "a", "file": 5, "size": 1, "modified_ms": 0}
    journal.stream += records.file_set_change(journal.number("set"), 1.8e9, records.ADD, [entry])
    sender.ship()
    store.folder.fold(sender.run_id)
    assert drop_unreferenced(store.database, sender.run_id) == 0
    journal.end()
    sender.ship()
    store.folder.fold(sender.run_id)
    assert drop_unreferenced(store.database, sender.run_id) == 3
    sweep.collect_blobs(store.database, blob_store)
    assert kept(store, blob_store) == [b"\x01", b"\x04", b"\x05"]
    assert uploads.announce(sender.name, [announced(0, contents[0])])[0].have  # nobody is asked to send it again


# Dies when the content is whole in the store, before the commit says so.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from tidelog_server.blobs import catalogue
from tidelog_server.blobs.local import LocalBlobs
from tidelog_server.database import Database
from tidelog_server.files.uploads import Uploads
from tidelog_server.ingest.committer import Committer

database = Database(sys.argv[1])
uploads = Uploads(database, Committer(database), LocalBlobs(Path(sys.argv[2])))
catalogue.enter = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
uploads.receive(sys.argv[3], 0, 3, b"3456789")
"""


def test_killed_before_the_commit(store: Store, database_url: str, tmp_path: Path) -> None:
    """Nothing counts that was not acknowledged; the client goes on, and what is left over lies under no name in use."""
    from tidelog_server.blobs.local import LocalBlobs

    blob_store = LocalBlobs(tmp_path / "blobs")
    committer = Committer(store.database)
    uploads = Uploads(store.database, committer, blob_store)
    sender = store.sender()
    uploads.announce(sender.name, [announced(0, b"0123456789")])
    uploads.receive(sender.name, 0, 0, b"012")
    command = [sys.executable, "-c", PROGRAM, database_url, str(tmp_path / "blobs"), sender.name]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert rows(store) == [(0, "expected", False)]
    assert kept(store, blob_store) == []
    assert uploads.announce(sender.name, [announced(0, b"0123456789")])[0].have  # all parts are here
    assert kept(store, blob_store) == [b"0123456789"]
    committer.close()


class World:
    """A store of its own for each example."""

    def __init__(self, folder: Path) -> None:
        from tidelog_server.blobs.local import LocalBlobs
        from tidelog_server.ingest.batches import BatchCache
        from tidelog_server.ingest.receiver import Receiver

        self.database = Database(f"sqlite:///{folder / 'tidelog.db'}")
        upgrade(self.database)
        self.committer = Committer(self.database)
        self.blobs = LocalBlobs(folder / "blobs")
        self.sender = Sender(Receiver(self.database, self.committer, BatchCache()))
        self.number = -1

    def uploads(self) -> Uploads:
        """A server process that remembers nothing."""
        return Uploads(self.database, self.committer, self.blobs)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One database for all examples; each has a file of its own."""
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.committer.close()
    made.database.close()


@settings(deadline=None, max_examples=60)
@given(
    data=st.binary(max_size=300),
    requests=st.lists(st.tuples(st.integers(0, 320), st.integers(0, 120), st.booleans()), max_size=12),
)
def test_any_sequence_of_parts(world: World, data: bytes, requests: list[tuple[int, int, bool]]) -> None:
    """Whatever pieces come in whatever order, again, cut, and to whatever process: then an honest client finishes."""
    world.number += 1
    said = announced(world.number, data)
    name = world.sender.name
    world.uploads().announce(name, [said])
    for start, size, again in requests:
        try:
            progress = world.uploads().receive(name, world.number, start, data[start : start + size])
            assert progress.have or 0 <= progress.offset <= len(data)
        except (OffsetGapError, InvalidRequestError):
            pass
        if again:
            world.uploads().announce(name, [said])
    [progress] = world.uploads().announce(name, [said])
    while not progress.have:
        progress = world.uploads().receive(
            name, world.number, progress.offset, data[progress.offset : progress.offset + 100]
        )
    with world.database.read() as connection:
        key = connection.scalar(sa.select(blobs.c.key).where(blobs.c.sha256 == said.sha256))
        assert connection.scalar(sa.select(sa.func.count()).select_from(file_parts)) == 0
    assert b"".join(world.blobs.read(str(key), 0, len(data))) == data
