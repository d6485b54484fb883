"""Packing the records of a journal, version 1, as docs/reference/journal.md defines them.

`reading` reads them back.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from zlib import crc32

POINT_KIND = 0xA1
ROW_KIND = 0xA2
COLUMN_KIND = 0xA3
DEFINE_KIND = 0xA4
ASSIGN_KIND = 0xA5
DELETE_KIND = 0xA6
STATE_KIND = 0xA7

POINT_BYTES = 28
HEADER_BYTES = 12
ROW_VALUES = 100_000  # the most values that one row holds
COLUMN_POINTS = 100_000  # the most points that one column holds
MAX_PATHS = 2**24
PAYLOAD_BYTES = 16 * 1024 * 1024 + 1024  # no record is longer
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
    """Return a record with its header: every kind but a point."""
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


def state(ending: str, seconds: float, error: str | None, dropped: int) -> bytes:
    """End the writer: its last record."""
    error = error[-ERROR_CHARACTERS:] if error else None
    text = json.dumps({"state": ending, "time": seconds, "error": error, "dropped": dropped}, ensure_ascii=False)
    return framed(STATE_KIND, 0, text.encode("utf-8", "replace"))


def packed(numbers: array[int] | array[float]) -> bytes:
    """Return the little-endian bytes of an array."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()
