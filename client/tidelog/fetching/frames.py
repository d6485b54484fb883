"""Reading binary frames: what the server answers where numbers are many. docs/reference/http-api.md has the layout."""

from __future__ import annotations

import json
import struct
from typing import Any, NamedTuple

from tidelog.errors import ServerBusyError

MAGIC = b"TLF1"
NUMBER_BYTES = 8


class FrameSeries(NamedTuple):
    """One series of a frame: what the header says of it, and the bytes of each column, little-endian, by name."""

    header: dict[str, Any]
    columns: dict[str, memoryview]

    @property
    def points(self) -> int:
        """How many numbers each column has, that is points or buckets."""
        return int(self.header["buckets"])


class Frame(NamedTuple):
    """A frame: its header, and its series."""

    header: dict[str, Any]
    series: list[FrameSeries]


def read_frame(data: bytes) -> Frame:
    """Return what a frame holds, without copying its numbers."""
    if data[:4] != MAGIC:
        raise ServerBusyError("the server answered something that is no binary frame; is it a tidelog server?")
    length = struct.unpack_from("<I", data, 4)[0]
    header = json.loads(data[8 : 8 + length])
    numbers = memoryview(data)[-(-(8 + length) // NUMBER_BYTES) * NUMBER_BYTES :]
    return Frame(header, [FrameSeries(item, _columns(item, numbers)) for item in header["series"]])


def _columns(item: dict[str, Any], numbers: memoryview) -> dict[str, memoryview]:
    size = item["buckets"] * NUMBER_BYTES
    starts = [offset * NUMBER_BYTES for offset in item["offsets"]]
    return {name: numbers[start : start + size] for name, start in zip(item["columns"], starts, strict=True)}
