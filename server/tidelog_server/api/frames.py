"""Binary frames: arrays of numbers of 64 bits behind a JSON header, ready for a typed array in the browser.

`TLF1`, the header's length as a little-endian unsigned 32-bit integer, the header, zero bytes up to a multiple of
eight, then columns of numbers, little-endian. They are float64, but for those that the header's `types` calls `int64`.
The header's `offsets` say where each column of a series begins; series with the same steps share that column.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import Request, Response

from tidelog_server.series.points import Floats, Int64s

MEDIA_TYPE = "application/vnd.tidelog.frame"
MAGIC = b"TLF1"


@dataclass(frozen=True)
class FrameSeries:
    """One series of a frame: what the header says of it, and its columns of one length."""

    header: dict[str, Any]
    names: tuple[str, ...]
    columns: tuple[Floats | Int64s, ...]

    @property
    def types(self) -> dict[str, list[str]]:
        """What the header says of the columns' types: nothing where all are float64."""
        if all(column.dtype == np.float64 for column in self.columns):
            return {}
        return {"types": [column.dtype.name for column in self.columns]}


def respond(request: Request, series: Sequence[FrameSeries], **fields: object) -> Response:
    """The series as a binary frame, or as JSON where the request asks for it."""
    if "application/json" in request.headers.get("accept", ""):
        return Response(json.dumps(as_json(series, **fields)).encode(), media_type="application/json")
    return Response(as_frame(series, **fields), media_type=MEDIA_TYPE)


def as_frame(series: Sequence[FrameSeries], **fields: object) -> bytes:
    """The binary frame."""
    headers: list[dict[str, Any]] = []
    columns: list[Floats | Int64s] = []
    offsets: dict[int, int] = {}  # of a column, by its identity
    total = 0
    for item in series:
        for column in item.columns:
            if id(column) not in offsets:
                offsets[id(column)] = total
                total += len(column)
                columns.append(column)
        where = [offsets[id(column)] for column in item.columns]
        length = len(item.columns[0])
        headers.append({**item.header, "columns": item.names, **item.types, "buckets": length, "offsets": where})
    header = json.dumps({"series": headers, **fields}).encode()
    padding = bytes(-(len(MAGIC) + 4 + len(header)) % 8)
    return b"".join((MAGIC, struct.pack("<I", len(header)), header, padding, _as_bytes(columns)))


def _as_bytes(columns: Sequence[Floats | Int64s]) -> memoryview | bytes:
    """The numbers of all columns one after the other, little-endian."""
    if not columns:
        return b""
    return np.concatenate([column.view(np.uint64) for column in columns]).astype("<u8", copy=False).data


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
