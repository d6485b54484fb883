"""A chunk of points whose values are bytes, as bytes, and back.

Steps, times and the lengths of the values are a chunk of a float series (`series.codec`); the values follow it, one
behind the other, compressed by zlib: 1 ms decodes half a megabyte of log lines.
"""

from __future__ import annotations

import struct
import zlib
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from tidelog_server.series import codec
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.points import Points

VERSION: Final = 1
HEADER: Final = struct.Struct("<BI")  # version, bytes of the steps, times and lengths
LEVEL: Final = 3  # of zlib; 6 is 8 % smaller on log lines at half the speed


def encode(points: ObjectPoints) -> bytes:
    """The bytes of these points, whose steps ascend."""
    lengths = np.fromiter(map(len, points.values), np.float64, len(points))
    numbers = codec.encode(Points(points.steps, points.times, lengths))
    return HEADER.pack(VERSION, len(numbers)) + numbers + zlib.compress(b"".join(points.values), LEVEL)


def decode(data: bytes) -> ObjectPoints:
    """The points that `encode` was given."""
    version, size = HEADER.unpack_from(data)
    if version != VERSION:
        raise ValueError(
            f"a chunk of objects of format {version} was found; this tidelog reads format {VERSION}: update the server"
        )
    numbers = codec.decode(data[HEADER.size : HEADER.size + size])
    content = zlib.decompress(data[HEADER.size + size :])
    ends = accumulate(numbers.values.astype(np.int64).tolist(), initial=0)
    return ObjectPoints(numbers.steps, numbers.times, [content[start:stop] for start, stop in pairwise(ends)])
