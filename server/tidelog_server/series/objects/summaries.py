"""What the attribute of a series of objects says of its last point, and how points are given in JSON."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from tidelog_server.ingest.payloads import storable

SUMMARY_CHARACTERS = 10_000  # of a text; the series has all of it


def summary(kind: str, last: bytes) -> str:
    """The column `text` of the attribute: the beginning of a text, of other things JSON."""
    if kind == "string_series":
        return storable(last.decode("utf-8", "replace"))[:SUMMARY_CHARACTERS]
    if kind == "histogram_series":
        histogram = as_value(kind, last)
        edges, counts = histogram["edges"], histogram["counts"]
        return json.dumps({"bins": len(counts), "min": edges[0], "max": edges[-1], "count": sum(counts)})
    return last.decode()


def as_value(kind: str, value: bytes) -> Any:
    """A point's value as JSON has it: a text, {"edges", "counts"}, or a reference to a file."""
    if kind == "string_series":
        return value.decode("utf-8", "replace")
    if kind == "histogram_series":
        (bins,) = struct.unpack_from("<I", value)
        numbers = np.frombuffer(value, "<f8", 2 * bins + 1, 4)
        return {"edges": numbers[: bins + 1].tolist(), "counts": numbers[bins + 1 :].tolist()}
    return json.loads(value)
