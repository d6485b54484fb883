"""Binary frames: arrays of numbers of 64 bits behind a JSON header, ready for a typed array in the browser.

`TLF1`, the header's length as a little-endian unsigned 32-bit integer, the header, zero bytes up to a multiple of
eight, then columns of numbers, little-endian. They are float64, but for those that the header's `types` calls `int64`.
The header's `offsets` say where each column of a series begins; series with the same steps share that column.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import Request, Response

from tidelog_server.series.points import Floats, Int64s

MEDIA_TYPE = "application/vnd.tidelog.frame"
MAGIC = b"TLF1"
NUMBER_BYTES = 8
_FLOAT = np.dtype(np.float64)


@dataclass(frozen=True)
class FrameSeries:
    """One series of a frame: what the header says of it, and its columns of one length."""

    header: dict[str, Any]
    names: tuple[str, ...]
    columns: tuple[Floats | Int64s, ...]

    @property
    def types(self) -> dict[str, list[str]]:
        """What the header says of the columns' types: nothing where all are float64."""
        if all(column.dtype == _FLOAT for column in self.columns):
            return {}
        return {"types": [column.dtype.name for column in self.columns]}


def respond(request: Request, series: Sequence[FrameSeries], **fields: object) -> Response:
    """The series as a binary frame, or as JSON where the request asks for it."""
    if "application/json" in request.headers.get("accept", ""):
        return Response(json.dumps(as_json(series, **fields)).encode(), media_type="application/json")
    return Response(as_frame(series, **fields), media_type=MEDIA_TYPE)


def as_frame(series: Sequence[FrameSeries], **fields: object) -> memoryview:
    """The binary frame."""
    headers: list[dict[str, Any]] = []
    columns: list[Floats | Int64s] = []
    offsets: dict[int, int] = {}  # of a column, by its identity
    total = 0
    for item in series:
        length = len(item.columns[0])
        where = []
        for column in item.columns:
            offset = offsets.get(id(column))
            if offset is None:
                offset = offsets[id(column)] = total
                total += length
                columns.append(column)
            where.append(offset)
        headers.append({**item.header, "columns": item.names, **item.types, "buckets": length, "offsets": where})
    header = json.dumps({"series": headers, **fields}).encode()
    padding = bytes(-(len(MAGIC) + 4 + len(header)) % NUMBER_BYTES)
    return _framed(b"".join((MAGIC, struct.pack("<I", len(header)), header, padding)), columns, total)


def _framed(head: bytes, columns: Sequence[Floats | Int64s], total: int) -> memoryview:
    """The head and all `total` numbers of the columns, each written once: an answer may have megabytes."""
    start = len(head) // NUMBER_BYTES
    frame = np.empty(start + total, np.uint64)
    frame[:start] = np.frombuffer(head, np.uint64)
    if columns:
        numbers = np.concatenate([column.view(np.uint64) for column in columns], out=frame[start:])
        if sys.byteorder == "big":
            numbers.byteswap(inplace=True)
    return frame.data.cast("B")


def as_json(series: Sequence[FrameSeries], **fields: object) -> dict[str, Any]:
    """The same as JSON values; NaN and infinities, which JSON has no numbers for, are texts."""
    return {
        "series": [
            {
                **item.header,
                "buckets": len(item.columns[0]),
                "columns": {name: json_numbers(column) for name, column in zip(item.names, item.columns, strict=True)},
            }
            for item in series
        ],
        **fields,
    }


def json_numbers(column: Floats | Int64s) -> list[float | str]:
    """The numbers of a column as JSON can say them."""
    numbers: list[float | str] = column.tolist()
    if not np.isfinite(column).all():
        numbers = [json_number(number) for number in column.tolist()]
    return numbers


def json_number(number: float) -> float | str:
    """The number, or "NaN", "Infinity", "-Infinity"."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
