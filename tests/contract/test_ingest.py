"""Batches are stored once, in order, whole or not at all, on every engine."""

from __future__ import annotations

import threading
import zlib

import pytest

from tests.contract.conftest import Store
from tests.journals import MemoryJournal
from tidelog.journal.records import HEADER_BYTES
from tidelog_server.errors import MalformedJournalError, OffsetGapError, TooLargeError, WriterNotFoundError
from tidelog_server.ingest import log
from tidelog_server.ingest.receiver import STREAM_BYTES
from tidelog_server.runs import writers


def waiting(store: Store, run_id: int) -> list[int]:
    """The log rows of a run."""
    with store.database.read() as connection:
        return log.waiting(connection, [run_id]).get(run_id, [])


def test_batch_sent_again_is_stored_once(store: Store) -> None:
    """The same batch again is acknowledged again, and nothing is stored."""
    sender = store.sender()
    sender.journal.point("a", 1.0)
    body = zlib.compress(bytes(sender.journal.stream))
    first = store.receiver.receive(sender.name, 0, body)
    again = store.receiver.receive(sender.name, 0, body)
    assert first.position == again.position == len(sender.journal.stream)
    assert len(waiting(store, sender.run_id)) == 1


def test_same_batch_at_the_same_moment(store: Store) -> None:
    """Two requests with one batch, such as the job's and `tidelog sync`'s, store it once."""
    sender = store.sender()
    for _ in range(100):
        sender.journal.point("a", 1.0)
    body = zlib.compress(bytes(sender.journal.stream))
    positions: list[int] = []
    threads = [
        threading.Thread(target=lambda: positions.append(store.receiver.receive(sender.name, 0, body).position))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(positions) == {len(sender.journal.stream)}
    assert len(waiting(store, sender.run_id)) == 1


def test_gap_is_refused(store: Store) -> None:
    """A batch beyond the end of the server's copy is refused with the offset that is expected."""
    sender = store.sender()
    sender.journal.point("a", 1.0)
    with pytest.raises(OffsetGapError) as caught:
        store.receiver.receive(sender.name, 10, zlib.compress(bytes(sender.journal.stream)))
    assert caught.value.details == {"expected": 0}
    assert not waiting(store, sender.run_id)


def test_batch_may_end_within_a_record(store: Store) -> None:
    """Whatever the cut, whole records are kept and the rest is asked for again."""
    sender = store.sender()
    sender.journal.row({"a": 1.0, "b": 2.0}, 0)
    for step in range(3):
        sender.journal.point("a", float(step), step + 1)
    sender.journal.assign("name", b"stext")
    stream = bytes(sender.journal.stream)
    position, cut = 0, 1
    while position < len(stream):
        received = store.receiver.receive(sender.name, position, zlib.compress(stream[position : position + cut]))
        cut = 1 if received.position > position else cut + 1
        position = received.position
    points = store.points(sender.run_id, "a")
    assert points is not None
    assert points.values.tolist() == [1.0, 0.0, 1.0, 2.0]
    store.folder.fold(sender.run_id)
    assert store.attributes(sender.run_id)["name"].value == "text"


def corrupted(stream: bytes, position: int) -> bytes:
    """The stream with one byte changed."""
    return stream[:position] + bytes([stream[position] ^ 0x55]) + stream[position + 1 :]


def test_damaged_payload_is_refused(store: Store) -> None:
    """Whichever byte of a payload is wrong, the batch is refused and nothing of it is stored, what came before it
    included.
    """
    journal = MemoryJournal()
    journal.number("a")
    records = []
    for record in (
        lambda: journal.row({"a": 1.0}, 0),
        lambda: journal.column("a", [(1, 1.0)]),
        lambda: journal.assign("a", b"stext"),
        lambda: journal.delete("a"),
        journal.end,
    ):
        records.append((len(journal.stream) + HEADER_BYTES, record(), len(journal.stream)))
    stream = bytes(journal.stream)
    sender = store.sender()
    for start, _, stop in records:
        for position in range(start, stop):
            with pytest.raises(MalformedJournalError):
                store.receiver.receive(sender.name, 0, zlib.compress(corrupted(stream, position)))
    assert not waiting(store, sender.run_id)
    assert store.run(sender.run_id).state == "running"


@pytest.mark.parametrize(
    "body",
    [
        b"not zlib",
        zlib.compress(b"x" * 100),
        zlib.compress(bytes(28)),
        zlib.compress(b"abc")[:-2],
        zlib.compress(b"abc") + b"x",
    ],
)
def test_garbage_is_malformed(store: Store, body: bytes) -> None:
    """What is no journal is refused, and the writer is where it was."""
    sender = store.sender()
    with pytest.raises(MalformedJournalError):
        store.receiver.receive(sender.name, 0, body)
    with store.database.read() as connection:
        assert writers.find_writer(connection, sender.name).position == 0


def test_bomb_is_refused(store: Store) -> None:
    """A small body that unpacks to more than a batch may hold is refused before it is unpacked."""
    sender = store.sender()
    with pytest.raises(TooLargeError):
        store.receiver.receive(sender.name, 0, zlib.compress(bytes(STREAM_BYTES + 1)))


def test_unknown_writer(store: Store) -> None:
    """A writer that was never registered is told to register."""
    with pytest.raises(WriterNotFoundError):
        store.receiver.receive("0123456789abcdef", 0, b"")


def test_point_before_its_path(store: Store) -> None:
    """A point of a path that the writer did not define is refused."""
    sender = store.sender()
    sender.journal.numbers["ghost"] = 7
    sender.journal.point("ghost", 1.0)
    with pytest.raises(MalformedJournalError, match="before the path is defined"):
        sender.ship()


def test_twenty_thousand_paths(store: Store) -> None:
    """A run may have 20,000 different paths, defined in one batch."""
    sender = store.sender()
    for number in range(20_000):
        sender.journal.point(f"metric/{number}", float(number), 0)
    sender.ship()
    store.folder.fold(sender.run_id)
    attributes = store.attributes(sender.run_id)
    assert len(attributes) == 20_000
    assert attributes["metric/19999"].value == 19999.0


def test_fold_that_lost_the_race_writes_nothing(store: Store) -> None:
    """Two folds of one run that were worked out from the same state never both take effect."""
    from tidelog_server.series import fold

    sender = store.sender()
    sender.journal.point("a", 1.0, 0)
    sender.ship()
    with store.database.read() as connection:
        plans = [store.folder._plan(connection, sender.run_id, None) for _ in range(2)]
    outcomes = []
    for plan in plans:
        assert plan is not None
        with store.database.write() as connection:
            outcomes.append(fold.apply(connection, plan))
    assert outcomes == [True, False]
    points = store.points(sender.run_id, "a")
    assert points is not None
    assert points.values.tolist() == [1.0]
    assert store.run(sender.run_id).points == 1
