"""Reading a journal's records back, for repair, `tidelog status` and the tests; the server has its own reader.

Both take whole records only and stop at the first that is torn.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from tidelog.errors import MalformedJournalError
from tidelog.journal.records import (
    ASSIGN_KIND,
    COLUMN_KIND,
    DEFINE_KIND,
    DELETE_KIND,
    EVENT_KIND,
    FILE_SET_CHANGE_KIND,
    HEADER_BYTES,
    LAST_KIND,
    OBJECT_KIND,
    PAYLOAD_BYTES,
    POINT_BYTES,
    POINT_KIND,
    ROW_KIND,
    SET_CHANGE_KIND,
    STATE_KIND,
    TEXT_KIND,
)

_read_header = struct.Struct("<III").unpack_from
_read_point = struct.Struct("<Iqdd").unpack_from


class Point(NamedTuple):
    """One point: path number, step in millionths, seconds, value."""

    number: int
    step: int
    seconds: float
    value: float


class Row(NamedTuple):
    """One dict append."""

    step: int
    seconds: float
    numbers: tuple[int, ...]
    values: tuple[float, ...]


class Column(NamedTuple):
    """One extend."""

    number: int
    steps: tuple[int, ...]
    times: tuple[float, ...]
    values: tuple[float, ...]


class Define(NamedTuple):
    """A path and its number."""

    number: int
    path: str


class Assign(NamedTuple):
    """An assigned value: type byte and bytes."""

    number: int
    seconds: float
    value: bytes


class Delete(NamedTuple):
    """A deleted path."""

    number: int
    seconds: float


class State(NamedTuple):
    """The end of a writer."""

    state: str
    seconds: float
    error: str | None
    dropped: int


class TextPoint(NamedTuple):
    """One point of a string series."""

    number: int
    step: int
    seconds: float
    text: str


class ObjectPoint(NamedTuple):
    """One point of a series of objects: type byte and bytes."""

    number: int
    step: int
    seconds: float
    value: bytes


class SetChange(NamedTuple):
    """A change of a string set, or with `of_files` of a file set: `+`, `-` or `0`, and what is added or removed."""

    number: int
    seconds: float
    change: str
    items: tuple[Any, ...]
    of_files: bool


class Event(NamedTuple):
    """Something that happened; the step is in millionths."""

    kind: str
    level: str
    seconds: float
    step: int | None
    title: str
    text: str


Record = Point | Row | Column | Define | Assign | Delete | State | TextPoint | ObjectPoint | SetChange | Event


class Span(NamedTuple):
    """Where a record lies; points that follow one another are one span of many records."""

    kind: int
    argument: int
    start: int
    end: int
    records: int


def spans(data: bytes) -> Iterator[Span]:
    """Yield the whole records of a piece of stream, in order; end silently at the first that is torn or damaged."""
    position = 0
    while position + HEADER_BYTES <= len(data):
        tag, length, checksum = _read_header(data, position)
        kind = tag >> 24
        if kind == POINT_KIND:
            records = _points_in_a_row(data, position)
            end = position + records * POINT_BYTES
            if not records:
                return
        else:
            end, records = position + HEADER_BYTES + length, 1
            if not ROW_KIND <= kind <= LAST_KIND or end > len(data) or length > PAYLOAD_BYTES:
                return
            if crc32(memoryview(data)[position + HEADER_BYTES : end]) != checksum:
                return
        yield Span(kind, tag & 0xFFFFFF, position, end, records)
        position = end


def _points_in_a_row(data: bytes, position: int) -> int:
    """Count consecutive points without a loop over them: the last byte of each tag is every 28th byte."""
    whole = (len(data) - position) // POINT_BYTES
    window = 16
    while True:
        stop = position + 3 + min(window, whole) * POINT_BYTES
        kinds = data[position + 3 : min(stop, len(data)) : POINT_BYTES][:whole]
        points = len(kinds) - len(kinds.lstrip(b"\xa1"))
        if points < len(kinds) or window >= whole:
            return points
        window *= 8


def read_records(data: bytes) -> Iterator[Record]:
    """Yield the records of a piece of stream that begins at a record; end at the first that is torn."""
    for span in spans(data):
        if span.kind == POINT_KIND:
            for position in range(span.start, span.end, POINT_BYTES):
                tag, step, seconds, value = _read_point(data, position)
                yield Point(tag & 0xFFFFFF, step, seconds, value)
        else:
            yield _framed_record(span, data[span.start + HEADER_BYTES : span.end])


def last_record(data: bytes, span: Span) -> Record:
    """Return the last record of a span."""
    start = span.end - POINT_BYTES if span.kind == POINT_KIND else span.start
    [record] = read_records(data[start : span.end])
    return record


def _framed_record(span: Span, payload: bytes) -> Record:
    try:
        return _READERS[span.kind](span.argument, payload)
    except (struct.error, ValueError, KeyError) as error:
        raise MalformedJournalError(f"the record of kind {span.kind:#x} at byte {span.start} cannot be read") from error


def _read_row(count: int, payload: bytes) -> Row:
    step, seconds = struct.unpack_from("<qd", payload)
    numbers = struct.unpack_from(f"<{count}I", payload, 16)
    return Row(step, seconds, numbers, struct.unpack_from(f"<{count}d", payload, 16 + 4 * count))


def _read_column(number: int, payload: bytes) -> Column:
    count = struct.unpack_from("<I", payload)[0]
    steps = struct.unpack_from(f"<{count}q", payload, 8)
    times = struct.unpack_from(f"<{count}d", payload, 8 + 8 * count)
    return Column(number, steps, times, struct.unpack_from(f"<{count}d", payload, 8 + 16 * count))


def _read_define(number: int, payload: bytes) -> Define:
    return Define(number, payload.decode())


def _read_assign(number: int, payload: bytes) -> Assign:
    return Assign(number, struct.unpack_from("<d", payload)[0], payload[8:])


def _read_delete(number: int, payload: bytes) -> Delete:
    return Delete(number, struct.unpack("<d", payload)[0])


def _read_state(_: int, payload: bytes) -> State:
    fields = json.loads(payload)
    return State(fields["state"], fields["time"], fields["error"], fields["dropped"])


def _read_text(number: int, payload: bytes) -> TextPoint:
    step, seconds = struct.unpack_from("<qd", payload)
    return TextPoint(number, step, seconds, payload[16:].decode())


def _read_object(number: int, payload: bytes) -> ObjectPoint:
    step, seconds = struct.unpack_from("<qd", payload)
    return ObjectPoint(number, step, seconds, payload[16:])


def _read_set_change(number: int, payload: bytes, of_files: bool = False) -> SetChange:
    seconds = struct.unpack_from("<d", payload)[0]
    return SetChange(number, seconds, payload[8:9].decode(), tuple(json.loads(payload[9:])), of_files)


def _read_file_set_change(number: int, payload: bytes) -> SetChange:
    return _read_set_change(number, payload, of_files=True)


def _read_event(_: int, payload: bytes) -> Event:
    fields = json.loads(payload)
    return Event(*(fields[name] for name in ("kind", "level", "time", "step", "title", "text")))


_READERS: dict[int, Callable[[int, bytes], Record]] = {
    ROW_KIND: _read_row,
    COLUMN_KIND: _read_column,
    DEFINE_KIND: _read_define,
    ASSIGN_KIND: _read_assign,
    DELETE_KIND: _read_delete,
    STATE_KIND: _read_state,
    TEXT_KIND: _read_text,
    OBJECT_KIND: _read_object,
    SET_CHANGE_KIND: _read_set_change,
    FILE_SET_CHANGE_KIND: _read_file_set_change,
    EVENT_KIND: _read_event,
}


def unpacked(typecode: str, data: bytes) -> Sequence[int] | Sequence[float]:
    """Return the array that little-endian bytes hold."""
    numbers: array[float] = array(typecode)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
