"""Packing the records of a journal, version 1, as docs/reference/journal.md defines them.

`reading` reads them back.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from tidelog.errors import InvalidValueError

POINT_KIND = 0xA1
ROW_KIND = 0xA2
COLUMN_KIND = 0xA3
DEFINE_KIND = 0xA4
ASSIGN_KIND = 0xA5
DELETE_KIND = 0xA6
STATE_KIND = 0xA7
TEXT_KIND = 0xA8
OBJECT_KIND = 0xA9
SET_CHANGE_KIND = 0xAA
FILE_SET_CHANGE_KIND = 0xAB
EVENT_KIND = 0xAC
LAST_KIND = EVENT_KIND

POINT_BYTES = 28
HEADER_BYTES = 12
ROW_VALUES = 100_000  # the most values that one row holds
COLUMN_POINTS = 100_000  # the most points that one column holds
MAX_PATHS = 2**24
PAYLOAD_BYTES = 16 * 1024 * 1024 + 1024  # no record is longer
HISTOGRAM = b"h"  # types of an object, see `object_point`
FILE_REFERENCE = b"F"
ADD, REMOVE, CLEAR = b"+", b"-", b"0"  # what a set change does
ERROR_CHARACTERS = 100_000  # of a traceback; a recursion gone wrong writes longer ones

pack_point = struct.Struct("<Iqdd").pack
pack_step_time = struct.Struct("<qd").pack
_pack_header = struct.Struct("<III").pack
_pack_time = struct.Struct("<d").pack
_pack_count = struct.Struct("<II").pack


def point_tag(number: int) -> int:
    """Return the tag of a point of the path with this number."""
    return POINT_KIND << 24 | number


def framed(kind: int, argument: int, payload: bytes) -> bytes:
    """Return a record with its header: every kind but a point. One that is too long raises `InvalidValueError`.

    A server would refuse it, and with it everything behind it.
    """
    if len(payload) > PAYLOAD_BYTES:
        raise InvalidValueError(
            f"{len(payload):,} bytes are too much for one record of the journal, which holds 16 MiB. Nothing was "
            "recorded; pass less at a time, or log it as a file: run[path].upload(tidelog.File.from_content(text))"
        )
    return _pack_header(kind << 24 | argument, len(payload), crc32(payload)) + payload


def define(number: int, path: str) -> bytes:
    """Give a path its number."""
    return framed(DEFINE_KIND, number, path.encode())


def assign(number: int, seconds: float, value: bytes) -> bytes:
    """Set an attribute; value = type byte and bytes, from `values.encode_value`."""
    return framed(ASSIGN_KIND, number, _pack_time(seconds) + value)


def delete(number: int, seconds: float) -> bytes:
    """Delete everything at a path and below it."""
    return framed(DELETE_KIND, number, _pack_time(seconds))


def column(number: int, steps: array[int], times: array[float], values: bytes) -> bytes:
    """Record many points of one series; the three are equally long."""
    return framed(COLUMN_KIND, number, b"".join((_pack_count(len(steps), 0), packed(steps), packed(times), values)))


def text_point(number: int, step: int, seconds: float, text: bytes) -> bytes:
    """Record one point of a string series; `text` is UTF-8."""
    return framed(TEXT_KIND, number, pack_step_time(step, seconds) + text)


def object_point(number: int, step: int, seconds: float, value: bytes) -> bytes:
    """Record one point of a series of objects; `value` is its type byte and its bytes."""
    return framed(OBJECT_KIND, number, pack_step_time(step, seconds) + value)


def set_change(number: int, seconds: float, change: bytes, items: Sequence[str]) -> bytes:
    """Add strings to a string set, remove them from it, or empty it; what is not there is removed silently."""
    return framed(SET_CHANGE_KIND, number, _pack_time(seconds) + change + as_json(list(items)))


def file_set_change(number: int, seconds: float, change: bytes, entries: Sequence[Mapping[str, Any] | str]) -> bytes:
    """Add files to a file set ({name, file, size, modified_ms} each), or remove the files of these names."""
    return framed(FILE_SET_CHANGE_KIND, number, _pack_time(seconds) + change + as_json(list(entries)))


def event(
    kind: str, level: str, seconds: float, step: int | None, title: str, text: str, author: str | None = None
) -> bytes:
    """Record something that happened: an alert, an event or a comment. `step` is in millionths."""
    fields = {"kind": kind, "level": level, "time": seconds, "step": step, "title": title, "text": text}
    if author is not None:
        fields["author"] = author
    return framed(EVENT_KIND, 0, as_json(fields))


def as_json(content: object) -> bytes:
    """Return JSON as journals hold it."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def state(ending: str, seconds: float, error: str | None, dropped: int) -> bytes:
    """End the writer: its last record."""
    error = error[-ERROR_CHARACTERS:] if error else None
    fields = {"state": ending, "time": seconds, "error": error, "dropped": dropped}
    return framed(STATE_KIND, 0, as_json(fields))


def packed(numbers: array[int] | array[float]) -> bytes:
    """Return the little-endian bytes of an array."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()
