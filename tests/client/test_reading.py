"""Records: what is packed is read back, whole ones only."""

from __future__ import annotations

import struct
from array import array

from hypothesis import given
from hypothesis import strategies as st

from tidelog.journal import reading, records

floats = st.floats(width=64)
finite = st.floats(0, 4e9)
micros = st.integers(-(2**63), 2**63 - 1)
numbers = st.integers(0, 2**24 - 1)

points = st.builds(reading.Point, numbers, micros, finite, floats)
rows = st.lists(st.tuples(numbers, floats), min_size=1, max_size=5).flatmap(
    lambda pairs: st.builds(
        reading.Row,
        micros,
        finite,
        st.just(tuple(pair[0] for pair in pairs)),
        st.just(tuple(pair[1] for pair in pairs)),
    )
)
columns = st.lists(st.tuples(micros, finite, floats), min_size=1, max_size=5).flatmap(
    lambda points: st.builds(reading.Column, numbers, *(st.just(tuple(part)) for part in zip(*points, strict=True)))
)
defines = st.builds(reading.Define, numbers, st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
assigns = st.builds(reading.Assign, numbers, finite, st.binary(min_size=1))
deletes = st.builds(reading.Delete, numbers, finite)
ends = st.builds(
    reading.State,
    st.sampled_from(["finished", "failed"]),
    finite,
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.integers(0, 2**40),
)
journal = st.lists(points | rows | columns | defines | assigns | deletes | ends, max_size=30)


def packed(record: reading.Record) -> bytes:
    """Pack a record as the client does."""
    match record:
        case reading.Point(number, step, seconds, value):
            return records.pack_point(records.point_tag(number), step, seconds, value)
        case reading.Row(step, seconds, paths, values):
            payload = struct.pack(f"<qd{len(paths)}I{len(paths)}d", step, seconds, *paths, *values)
            return records.framed(records.ROW_KIND, len(paths), payload)
        case reading.Column(number, steps, times, values):
            return records.column(number, array("q", steps), array("d", times), records.packed(array("d", values)))
        case reading.Define(number, path):
            return records.define(number, path)
        case reading.Assign(number, seconds, value):
            return records.assign(number, seconds, value)
        case reading.Delete(number, seconds):
            return records.delete(number, seconds)
        case reading.State(state, seconds, error, dropped):
            return records.state(state, seconds, error, dropped)


@given(journal)
def test_what_is_packed_is_read_back(written: list[reading.Record]) -> None:
    """Any records in any order come back bit for bit: NaN, infinities and signed zeros too."""
    stream = b"".join(packed(record) for record in written)
    read = list(reading.read_records(stream))
    assert b"".join(packed(record) for record in read) == stream
    assert repr(read) == repr(written)


@given(journal, st.integers(0, 10_000))
def test_a_torn_record_ends_the_reading_before_it(written: list[reading.Record], length: int) -> None:
    """A stream cut anywhere gives the records that are whole."""
    pieces = [packed(record) for record in written]
    stream = b"".join(pieces)[:length]
    whole = list(reading.read_records(stream))
    assert repr(whole) == repr(written[: len(whole)])
    assert len(b"".join(pieces[: len(whole) + 1])) > len(stream) or len(whole) == len(written)


def test_zeros_and_damage_end_the_reading() -> None:
    """What a power cut leaves behind (zeros), and a payload that does not fit its checksum, are no records."""
    good = records.define(0, "a") + records.pack_point(records.point_tag(0), 0, 1.0, 2.0)
    damaged = bytearray(records.define(1, "b"))
    damaged[-1] ^= 1
    assert len(list(reading.read_records(good + bytes(100)))) == 2
    assert len(list(reading.read_records(good + bytes(damaged) + good))) == 2


def test_a_long_piece_of_points_is_one_span() -> None:
    """Points are counted without a loop over them, whatever follows."""
    point = records.pack_point(records.point_tag(5), 0, 1.0, 2.0)
    stream = point * 10_000 + records.delete(5, 1.0) + point * 3
    assert [(span.kind, span.records) for span in reading.spans(stream)] == [(0xA1, 10_000), (0xA6, 1), (0xA1, 3)]
