"""Read journal records (docs/reference/journal.md), checking each before anything is believed.

Consecutive points, and consecutive rows of one width, are read as one numpy array.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.errors import MalformedJournalError
from tidelog_server.ingest import payloads
from tidelog_server.ingest.payloads import STEP_LIMIT, TEXT_BYTES, TIME_LIMIT_S, Event, storable, time_ms
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.points import NEXT_STEP, Points, joined

POINT, ROW, COLUMN, DEFINE, ASSIGN, DELETE, STATE, TEXT, OBJECT, SET_CHANGE, FILE_SET_CHANGE, EVENT = range(0xA1, 0xAD)

HEADER = struct.Struct("<III")  # tag, payload length, CRC-32 of the payload
ROW_HEAD = struct.Struct("<qd")
COLUMN_HEAD = struct.Struct("<II")
TIME = struct.Struct("<d")

PATH_BYTES = 1024
PAYLOAD_BYTES = TEXT_BYTES + 1024
MAX_PATHS = 1 << 24

POINT_TYPE = np.dtype([("tag", "<u4"), ("step", "<i8"), ("time", "<f8"), ("value", "<f8")])


@dataclass(frozen=True)
class Assignment:
    """`run[path] = value`."""

    number: int
    type: str
    value: Any


@dataclass(frozen=True)
class SetChange:
    """Strings added to a string set (`+`), removed from it (`-`), or all of them (`0`)."""

    number: int
    change: str
    items: list[str]


@dataclass(frozen=True)
class FileSetChange:
    """Entries added to a file set (`+`), or names removed from it (`-`)."""

    number: int
    change: str
    entries: list[Any]


@dataclass(frozen=True)
class Deletion:
    """`del run[path]`. `after` is how many points of the batch were logged before it, `after_objects` how many
    objects.
    """

    number: int
    after: int
    after_objects: int


Operation = Assignment | SetChange | FileSetChange | Deletion


@dataclass
class ObjectRecords:
    """The points of series of objects in a batch, in the order they were logged.

    `numbers` has the path number of each, `types` its type of series, and `places` how many points of float series
    were logged before it.
    """

    numbers: list[int] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)

    def points(self) -> ObjectPoints:
        """Steps, times and values as arrays."""
        return ObjectPoints(np.array(self.steps, np.int64), np.array(self.times, np.int64), self.values)


@dataclass(frozen=True)
class EndState:
    """How the writer says that it ended."""

    state: str
    time_ms: int
    error: str | None
    dropped: int


@dataclass
class Batch:
    """The records of one batch: the points in the order they were logged, beside them the rarer records.

    `numbers` has the path number of each point. Path numbers belong to the writer.
    """

    points: Points
    numbers: NDArray[np.int64]
    objects: ObjectRecords = field(default_factory=ObjectRecords)
    defined: list[str] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    end: EndState | None = None
    consumed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to fold."""
        return not len(self.points) and not self.objects and not self.operations

    @property
    def records(self) -> int:
        """How many points, values and events it holds: what a person would count."""
        return len(self.points) + len(self.objects) + len(self.operations) + len(self.events)


def decode(stream: bytes, defined_before: int) -> Batch:
    """Read the whole records at the start of `stream`; `Batch.consumed` says where they end.

    `defined_before` is the number of paths that the writer has defined earlier. Raises `MalformedJournalError`
    with the position of what is not a record; a record that is merely not all there ends the batch before it.
    """
    return _Decoder(stream, defined_before).run()


class _Decoder:
    def __init__(self, stream: bytes, defined_before: int) -> None:
        self.stream = stream
        self.bytes = np.frombuffer(stream, np.uint8)
        self.position = 0
        self.first_new = defined_before
        self.defined: list[str] = []
        self.parts: list[Points] = []
        self.numbers: list[NDArray[np.int64]] = []
        self.count = 0
        self.objects = ObjectRecords()
        self.operations: list[Operation] = []
        self.events: list[Event] = []
        self.end: EndState | None = None

    def run(self) -> Batch:
        while self._next():
            pass
        numbers = np.concatenate(self.numbers) if self.numbers else np.empty(0, np.int64)
        return Batch(
            points=joined(self.parts),
            numbers=numbers,
            objects=self.objects,
            defined=self.defined,
            operations=self.operations,
            events=self.events,
            end=self.end,
            consumed=self.position,
        )

    def _next(self) -> bool:
        """Read what comes next; False at the end, or at a record that is not all there."""
        left = len(self.stream) - self.position
        if left < 4:
            return False
        kind = self.stream[self.position + 3]
        if kind == POINT:
            return left >= POINT_TYPE.itemsize and self._read_points()
        if not ROW <= kind <= EVENT:
            raise self._malformed(f"there is no record of kind {kind:#x}; a newer client needs a newer server")
        if left < HEADER.size:
            return False
        tag, length, crc = HEADER.unpack_from(self.stream, self.position)
        if length > PAYLOAD_BYTES:
            raise self._malformed(f"a record of {length:,} bytes is longer than any may be")
        if left < HEADER.size + length:
            return False
        self._read_record(kind, tag & 0xFFFFFF, length, crc)
        return True

    def _read_record(self, kind: int, argument: int, length: int, crc: int) -> None:
        if kind == ROW:
            self._read_rows(argument, length)
            return
        start = self.position + HEADER.size
        payload = self.stream[start : start + length]
        if zlib.crc32(payload) != crc:
            raise self._malformed("the checksum of a record is wrong")
        try:
            READERS[kind](self, argument, payload)
        except (struct.error, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise self._malformed(f"a record of kind {kind:#x} cannot be read ({error})") from error
        self.position += HEADER.size + length

    def _read_points(self) -> bool:
        n = self._equal_records(POINT_TYPE.itemsize, self.bytes[self.position + 3 : self.position + 4], offset=3)
        table = np.frombuffer(self.stream, POINT_TYPE, n, self.position)
        numbers = (table["tag"] & 0xFFFFFF).astype(np.int64)
        self._add(numbers, table["step"].astype(np.int64), table["time"], table["value"].astype(np.float64))
        self.position += n * POINT_TYPE.itemsize
        return True

    def _read_rows(self, width: int, length: int) -> None:
        if not width or length != ROW_HEAD.size + 12 * width:
            raise self._malformed(f"a row of {width} values cannot be {length} bytes long")
        size = HEADER.size + length
        n = self._equal_records(size, self.bytes[self.position : self.position + 8], offset=0)
        table = np.frombuffer(self.stream, _row_type(width), n, self.position)
        view = memoryview(self.stream)
        for start, crc in zip(range(self.position, self.position + n * size, size), table["crc"].tolist(), strict=True):
            if zlib.crc32(view[start + HEADER.size : start + size]) != crc:
                self.position = start
                raise self._malformed("the checksum of a row is wrong")
        numbers = table["numbers"].astype(np.int64).ravel()
        times = np.repeat(table["time"], width)
        self._add(numbers, np.repeat(table["step"], width), times, table["values"].astype(np.float64).ravel())
        self.position += n * size

    def _equal_records(self, size: int, mark: NDArray[np.uint8], offset: int) -> int:
        """How many whole records of `size` bytes stand here in a row that have `mark` at `offset`."""
        at_most = (len(self.stream) - self.position) // size
        marks = np.lib.stride_tricks.as_strided(
            self.bytes[self.position + offset :], (at_most, len(mark)), (size, 1), writeable=False
        )
        n, window = 0, 16
        while n < at_most:  # windows grow, so that many short runs do not look at the whole batch each
            same = (marks[n : n + window] == mark).all(axis=1)
            if not same.all():
                return n + int(np.argmin(same))
            n, window = min(n + window, at_most), window * 8
        return n

    def _add(self, numbers: NDArray[np.int64], steps: Any, seconds: Any, values: Any) -> None:
        defined = self.first_new + len(self.defined)
        if len(numbers) and int(numbers.max()) >= defined:
            raise self._malformed(f"a point of path number {int(numbers.max())} comes before the path is defined")
        if not bool(((np.abs(steps) <= STEP_LIMIT) | (steps == NEXT_STEP)).all()):
            raise self._malformed("a step is out of range")
        if not bool(((seconds >= 0) & (seconds < TIME_LIMIT_S)).all()):
            raise self._malformed("a time is not between the years 1970 and 10000")
        times = np.rint(seconds * 1000).astype(np.int64)
        self.parts.append(Points(steps, times, values))
        self.numbers.append(numbers)
        self.count += len(numbers)

    def _read_column(self, number: int, payload: bytes) -> None:
        n, zero = COLUMN_HEAD.unpack_from(payload)
        if zero or len(payload) != COLUMN_HEAD.size + 24 * n:
            raise ValueError(f"{n} points do not take {len(payload)} bytes")
        steps = np.frombuffer(payload, "<i8", n, COLUMN_HEAD.size)
        seconds = np.frombuffer(payload, "<f8", n, COLUMN_HEAD.size + 8 * n)
        values = np.frombuffer(payload, "<f8", n, COLUMN_HEAD.size + 16 * n)
        self._add(np.full(n, number, np.int64), steps, seconds, values)

    def _read_define(self, number: int, payload: bytes) -> None:
        path = payload.decode()
        if number != self.first_new + len(self.defined):
            raise ValueError(f"path number {number} is defined out of order")
        if number >= MAX_PATHS or not is_path(path):
            raise ValueError(f"{path[:80]!r} is no path")
        self.defined.append(path)

    def _read_assign(self, number: int, payload: bytes) -> None:
        self._check_operation(number, payload)
        self.operations.append(Assignment(number, *payloads.read_value(payload[TIME.size :])))

    def _read_set_change(self, number: int, payload: bytes) -> None:
        self._check_operation(number, payload)
        self.operations.append(SetChange(number, *payloads.read_set_change(payload[TIME.size :])))

    def _read_file_set_change(self, number: int, payload: bytes) -> None:
        self._check_operation(number, payload)
        self.operations.append(FileSetChange(number, *payloads.read_file_set_change(payload[TIME.size :])))

    def _read_text(self, number: int, payload: bytes) -> None:
        self._add_object(number, payload, "string_series", payloads.check_text(payload[ROW_HEAD.size :]))

    def _read_object(self, number: int, payload: bytes) -> None:
        self._add_object(number, payload, *payloads.read_object(payload[ROW_HEAD.size :]))

    def _add_object(self, number: int, payload: bytes, kind: str, value: bytes) -> None:
        self._check_number(number)
        step, seconds = ROW_HEAD.unpack_from(payload)
        if abs(step) > STEP_LIMIT and step != NEXT_STEP:
            raise ValueError("a step is out of range")
        objects = self.objects
        objects.numbers.append(number)
        objects.types.append(kind)
        objects.places.append(self.count)
        objects.steps.append(step)
        objects.times.append(time_ms(seconds))
        objects.values.append(value)

    def _read_event(self, argument: int, payload: bytes) -> None:
        if argument:
            raise ValueError("an event has no path")
        self.events.append(payloads.read_event(payload))

    def _read_delete(self, number: int, payload: bytes) -> None:
        self._check_operation(number, payload)
        if len(payload) != TIME.size:
            raise ValueError("a deletion holds a time only")
        self.operations.append(Deletion(number, self.count, len(self.objects)))

    def _read_state(self, _argument: int, payload: bytes) -> None:
        record = json.loads(payload)
        state, error, dropped = record["state"], record.get("error"), record.get("dropped", 0)
        if state not in ("finished", "failed") or not isinstance(dropped, int) or not 0 <= dropped < 2**62:
            raise ValueError("no such state")
        if error is not None and not isinstance(error, str):
            raise ValueError("the error is not a text")
        self.end = EndState(state, time_ms(float(record["time"])), storable(error) if error else None, dropped)

    def _check_operation(self, number: int, payload: bytes) -> None:
        self._check_number(number)
        time_ms(TIME.unpack_from(payload)[0])

    def _check_number(self, number: int) -> None:
        if number >= self.first_new + len(self.defined):
            raise ValueError(f"path number {number} is not defined")

    def _malformed(self, what: str) -> MalformedJournalError:
        return MalformedJournalError(
            f"The batch is not a tidelog journal: at byte {self.position}, {what}. Nothing of it was stored; the "
            "journal on the client's disk is as it was.",
            position=self.position,
        )


READERS: dict[int, Callable[[_Decoder, int, bytes], None]] = {
    COLUMN: _Decoder._read_column,
    DEFINE: _Decoder._read_define,
    ASSIGN: _Decoder._read_assign,
    DELETE: _Decoder._read_delete,
    STATE: _Decoder._read_state,
    TEXT: _Decoder._read_text,
    OBJECT: _Decoder._read_object,
    SET_CHANGE: _Decoder._read_set_change,
    FILE_SET_CHANGE: _Decoder._read_file_set_change,
    EVENT: _Decoder._read_event,
}


def is_path(path: str) -> bool:
    """Whether this is a path in its one accepted spelling: `a/b`, no part empty, `.` or `..`, no control character."""
    return (
        0 < len(path.encode()) <= PATH_BYTES
        and not any(character < " " or character == "\x7f" for character in path)
        and not any(part in ("", ".", "..") for part in path.split("/"))
    )


@lru_cache(maxsize=256)
def _row_type(width: int) -> np.dtype[Any]:
    return np.dtype(
        [
            ("tag", "<u4"),
            ("length", "<u4"),
            ("crc", "<u4"),
            ("step", "<i8"),
            ("time", "<f8"),
            ("numbers", "<u4", (width,)),
            ("values", "<f8", (width,)),
        ]
    )
