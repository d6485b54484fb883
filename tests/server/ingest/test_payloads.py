"""Hostile bytes in records of every kind: refused as malformed, with the position, and never anything else."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journals import MemoryJournal
from tidelog.journal import records
from tidelog_server.errors import MalformedJournalError
from tidelog_server.ingest.records import ASSIGN, EVENT, POINT, decode

REFERENCE = {"file": 0, "name": "a", "extension": "", "media_type": "text/plain", "size": 0}
STEP_TIME = struct.pack("<qd", 0, 5.0)
TIME = struct.pack("<d", 5.0)


def reference(**changes: object) -> bytes:
    """A reference to a file that differs from a good one in these fields."""
    return b"F" + json.dumps({**REFERENCE, **changes}).encode()


def event(**changes: object) -> bytes:
    """An event that differs from a good one in these fields."""
    good = {"kind": "alert", "level": "info", "time": 5.0, "step": None, "title": "a", "text": ""}
    return json.dumps({**good, **changes}).encode()


def histogram(bins: int, *numbers: float) -> bytes:
    """A histogram that says it has so many bins."""
    return b"h" + struct.pack(f"<I{len(numbers)}d", bins, *numbers)


NAN, INFINITY = float("nan"), float("inf")
HOSTILE = {
    "text that is no UTF-8": (records.TEXT_KIND, STEP_TIME + b"\xff\xfe"),
    "text without a time": (records.TEXT_KIND, b"\x00" * 9),
    "text at a step beyond": (records.TEXT_KIND, struct.pack("<qd", 2**62, 5.0) + b"x"),
    "text before 1970": (records.TEXT_KIND, struct.pack("<qd", 0, -5.0) + b"x"),
    "text at no time": (records.TEXT_KIND, struct.pack("<qd", 0, NAN) + b"x"),
    "object of no type": (records.OBJECT_KIND, STEP_TIME),
    "object of an unknown type": (records.OBJECT_KIND, STEP_TIME + b"q123"),
    "histogram of no bins": (records.OBJECT_KIND, STEP_TIME + histogram(0, 1.0)),
    "histogram that is too short": (records.OBJECT_KIND, STEP_TIME + histogram(2, 0.0, 1.0, 2.0, 1.0)),
    "histogram of a billion bins": (records.OBJECT_KIND, STEP_TIME + histogram(10**9)),
    "histogram whose edges fall": (records.OBJECT_KIND, STEP_TIME + histogram(1, 1.0, 0.0, 1.0)),
    "histogram with NaN": (records.OBJECT_KIND, STEP_TIME + histogram(1, 0.0, NAN, 1.0)),
    "histogram with infinite counts": (records.OBJECT_KIND, STEP_TIME + histogram(1, 0.0, 1.0, INFINITY)),
    "histogram with negative counts": (records.OBJECT_KIND, STEP_TIME + histogram(1, 0.0, 1.0, -1.0)),
    "file that is no JSON": (records.OBJECT_KIND, STEP_TIME + b"F{"),
    "file that is a list": (records.OBJECT_KIND, STEP_TIME + b"F[]"),
    "file with a negative number": (ASSIGN, TIME + reference(file=-1)),
    "file with a number beyond": (ASSIGN, TIME + reference(file=2**31)),
    "file number that is true": (ASSIGN, TIME + reference(file=True)),
    "file size that is NaN": (ASSIGN, TIME + reference(size=NAN)),
    "file name that is a number": (ASSIGN, TIME + reference(name=5)),
    "file without a name": (ASSIGN, TIME + b'F{"file": 0}'),
    "artifact that is a text": (ASSIGN, TIME + b'A"name"'),
    "reference nested too deep": (ASSIGN, TIME + b"G" + b'{"a":' * 100_000),
    "reference with infinity": (ASSIGN, TIME + b'G{"a": 1e999}'),
    "reference that is too long": (ASSIGN, TIME + b'G{"a": "' + b"x" * 2**20 + b'"}'),
    "set change of no kind": (records.SET_CHANGE_KIND, TIME + b'*["a"]'),
    "set change without anything": (records.SET_CHANGE_KIND, TIME),
    "set change of numbers": (records.SET_CHANGE_KIND, TIME + b"+[1]"),
    "set cleared of something": (records.SET_CHANGE_KIND, TIME + b'0["a"]'),
    "file set change of no kind": (records.FILE_SET_CHANGE_KIND, TIME + b"0[]"),
    "file set entry without a name": (records.FILE_SET_CHANGE_KIND, TIME + b'+[{"file": 0}]'),
    "file set name that climbs": (records.FILE_SET_CHANGE_KIND, TIME + b'-["a/../../b"]'),
    "file set name that is absolute": (records.FILE_SET_CHANGE_KIND, TIME + b'-["/etc/passwd"]'),
    "file set name that is empty": (records.FILE_SET_CHANGE_KIND, TIME + b'-[""]'),
    "event of no kind": (EVENT, event(kind="x")),
    "event at no time": (EVENT, event(time=NAN)),
    "event at half a step": (EVENT, event(step=0.5)),
    "event without a title": (EVENT, event(title=None)),
    "event that is a list": (EVENT, b"[]"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_record_is_refused(name: str) -> None:
    """The whole batch is refused, and the message says at which byte."""
    kind, payload = HOSTILE[name]
    start = records.define(0, "a")
    with pytest.raises(MalformedJournalError) as caught:
        decode(start + records.framed(kind, 0, payload), 0)
    assert caught.value.details["position"] == len(start)


@pytest.mark.parametrize(
    "record",
    [
        records.text_point(7, 0, 5.0, b"x"),
        records.object_point(7, 0, 5.0, reference()),
        records.set_change(7, 5.0, b"+", ["a"]),
        records.file_set_change(7, 5.0, b"-", ["a"]),
        records.framed(EVENT, 7, records.event("alert", "info", 5.0, None, "", "")[records.HEADER_BYTES :]),
    ],
)
def test_path_that_is_not_defined(record: bytes) -> None:
    """A record of a path that the writer has not defined is refused."""
    with pytest.raises(MalformedJournalError):
        decode(records.define(0, "a") + record, 0)


@given(kind=st.integers(POINT + 1, EVENT), payload=st.binary(max_size=60), argument=st.integers(0, 3))
def test_any_payload(kind: int, payload: bytes, argument: int) -> None:
    """Whatever stands in a record with a good checksum, it is read or refused, and nothing else happens."""
    start = records.define(0, "a")
    try:
        batch = decode(start + records.framed(kind, argument, payload), 0)
    except MalformedJournalError:
        return
    assert batch.consumed > len(start)


LOGGED: list[Callable[[MemoryJournal], None]] = [
    lambda journal: journal.text("logs", "a text"),
    lambda journal: journal.histogram("grads", [0.0, 1.0], [5.0]),
    lambda journal: journal.object("images", reference()),
    lambda journal: journal.change_set("tags", b"+", "a"),
    lambda journal: journal.change_files("files", b"-", "a"),
    lambda journal: journal.event("an alert"),
]


@given(st.lists(st.sampled_from(LOGGED), min_size=1), st.data())
def test_torn_at_any_byte(actions: list[Callable[[MemoryJournal], None]], data: st.DataObject) -> None:
    """A stream that ends within a record is read up to it; a byte that changed is found by its checksum."""
    journal = MemoryJournal()
    for action in actions:
        action(journal)
    stream = bytes(journal.stream)
    cut = data.draw(st.integers(0, len(stream)))
    assert decode(stream[:cut], 0).consumed <= cut
    flipped = bytearray(stream)
    flipped[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(MalformedJournalError):
        assert decode(bytes(flipped), 0).consumed <= len(stream)
