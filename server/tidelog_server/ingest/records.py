"""Read journal records (docs/reference/journal.md), checking each before anything is believed.

Consecutive points, and consecutive rows of one width, are read as one numpy array.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.errors import MalformedJournalError
from tidelog_server.series.points import NEXT_STEP, Points, joined

POINT, ROW, COLUMN, DEFINE, ASSIGN, DELETE, STATE = range(0xA1, 0xA8)

HEADER = struct.Struct("<III")  # tag, payload length, CRC-32 of the payload
ROW_HEAD = struct.Struct("<qd")
COLUMN_HEAD = struct.Struct("<II")
TIME = struct.Struct("<d")

PATH_BYTES = 1024
TEXT_BYTES = 16 * 1024 * 1024
PAYLOAD_BYTES = TEXT_BYTES + 1024
STEP_LIMIT = 4 * 10**18  # in millionths; differences of two steps stay within 64 bits
TIME_LIMIT_S = 253402300800.0  # the year 10000
MAX_PATHS = 1 << 24

POINT_TYPE = np.dtype([("tag", "<u4"), ("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
VALUE_TYPES = {b"f": "float", b"i": "int", b"b": "bool", b"s": "string", b"d": "datetime", b"S": "string_set"}


@dataclass(frozen=True)
class Assignment:
    """`run[path] = value`. `after` is the number of points of the batch that were logged before it."""

    number: int
    type: str
    value: Any
    after: int


@dataclass(frozen=True)
class Deletion:
    """`del run[path]`. `after` as in `Assignment`."""

    number: int
    after: int


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
    defined: list[str] = field(default_factory=list)
    operations: list[Assignment | Deletion] = field(default_factory=list)
    end: EndState | None = None
    consumed: int = 0

    @property
    def bytes_in_memory(self) -> int:
        """What keeping the arrays costs, nearly."""
        return 32 * len(self.points) + 200 * (len(self.defined) + len(self.operations))


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
        self.operations: list[Assignment | Deletion] = []
        self.end: EndState | None = None

    def run(self) -> Batch:
        while self._next():
            pass
        numbers = np.concatenate(self.numbers) if self.numbers else np.empty(0, np.int64)
        return Batch(joined(self.parts), numbers, self.defined, self.operations, self.end, self.position)

    def _next(self) -> bool:
        """Read what comes next; False at the end, or at a record that is not all there."""
        left = len(self.stream) - self.position
        if left < 4:
            return False
        kind = self.stream[self.position + 3]
        if kind == POINT:
            return left >= POINT_TYPE.itemsize and self._read_points()
        if not ROW <= kind <= STATE:
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
        except (struct.error, UnicodeDecodeError, ValueError, KeyError, TypeError, IndexError) as error:
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
        self._check_number(number)
        _time_ms(TIME.unpack_from(payload)[0])
        kind = VALUE_TYPES[payload[8:9]]
        self.operations.append(Assignment(number, kind, _VALUES[kind](payload[9:]), self.count))

    def _read_delete(self, number: int, payload: bytes) -> None:
        self._check_number(number)
        _time_ms(TIME.unpack(payload)[0])
        self.operations.append(Deletion(number, self.count))

    def _read_state(self, _argument: int, payload: bytes) -> None:
        record = json.loads(payload)
        state, error, dropped = record["state"], record.get("error"), record.get("dropped", 0)
        if state not in ("finished", "failed") or not isinstance(dropped, int) or not 0 <= dropped < 2**62:
            raise ValueError("no such state")
        if error is not None and not isinstance(error, str):
            raise ValueError("the error is not a text")
        self.end = EndState(state, _time_ms(float(record["time"])), _storable(error) if error else None, dropped)

    def _check_number(self, number: int) -> None:
        if number >= self.first_new + len(self.defined):
            raise ValueError(f"path number {number} is not defined")

    def _malformed(self, what: str) -> MalformedJournalError:
        return MalformedJournalError(
            f"The batch is not a tidelog journal: at byte {self.position}, {what}. Nothing of it was stored; the "
            "journal on the client's disk is as it was.",
            position=self.position,
        )


READERS = {
    COLUMN: _Decoder._read_column,
    DEFINE: _Decoder._read_define,
    ASSIGN: _Decoder._read_assign,
    DELETE: _Decoder._read_delete,
    STATE: _Decoder._read_state,
}


def is_path(path: str) -> bool:
    """Whether this is a path in its one accepted spelling: `a/b`, no empty part, no control character."""
    return (
        0 < len(path.encode()) <= PATH_BYTES
        and not any(character < " " or character == "\x7f" for character in path)
        and all(path.split("/"))
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


def _time_ms(seconds: float) -> int:
    if not 0 <= seconds < TIME_LIMIT_S:
        raise ValueError(f"{seconds} is not a time between the years 1970 and 10000")
    return round(seconds * 1000)


def _storable(text: str) -> str:
    """The text without NUL, which PostgreSQL cannot keep, and without lone surrogates, which UTF-8 cannot say."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _read_text(payload: bytes) -> str:
    if len(payload) > TEXT_BYTES:
        raise ValueError("a text of more than 16 MiB")
    return _storable(payload.decode())


def _read_bool(payload: bytes) -> bool:
    return {b"\x00": False, b"\x01": True}[payload]


def _read_datetime(payload: bytes) -> int:
    (moment,) = struct.unpack("<q", payload)
    if abs(moment) >= TIME_LIMIT_S * 1000:
        raise ValueError("a datetime out of range")
    return int(moment)


def _read_string_set(payload: bytes) -> list[str]:
    items = json.loads(payload)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("a string set is a list of texts")
    return sorted({_storable(item) for item in items})


_VALUES = {
    "float": lambda payload: struct.unpack("<d", payload)[0],
    "int": lambda payload: struct.unpack("<q", payload)[0],
    "bool": _read_bool,
    "string": _read_text,
    "datetime": _read_datetime,
    "string_set": _read_string_set,
}
