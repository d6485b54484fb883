"""A chunk of points as bytes, and back, bit for bit.

Steps that advance evenly are two integers; other columns are pcodec (https://github.com/pcodec/pcodec), or plain where
that is smaller. Each column can be decoded without the others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pcodec import ChunkConfig, standalone

from tidelog_server.series.points import Floats, Int64s, Points, offsets_of

VERSION = 1
PLAIN, PCODEC, EVEN = 0, 1, 2  # how a column is stored

# version, encodings of steps, times, values; points; first step and stride; bytes of each column
HEADER = struct.Struct("<BBBBIqqIII")

FOLD_LEVEL = 2  # of pcodec; 4 is 5 % smaller at the same speed of decoding, and costs a quarter more
ARCHIVE_LEVEL = 8

# Below this many points columns stay as they are: in the archive where pcodec's own header is larger than what it
# saves, in the fold where a chunk is still written many times over; see `encode_plain`.
PLAIN_POINTS: Final = {FOLD_LEVEL: 64, ARCHIVE_LEVEL: 8}

_HEADER_TYPE = np.dtype(
    [
        ("version", "u1"),
        ("encodings", "u1", (3,)),
        ("points", "<u4"),
        ("first", "<i8"),
        ("stride", "<i8"),
        ("bytes", "<u4", (3,)),
    ]
)

_CONFIGS: Final = {level: ChunkConfig(compression_level=level) for level in (FOLD_LEVEL, ARCHIVE_LEVEL)}


def encode(points: Points, level: int = FOLD_LEVEL) -> bytes:
    """The bytes of these points, whose steps ascend."""
    first = int(points.steps[0])
    stride = _stride(points.steps)
    if stride is None:
        steps_as, steps = _encode_column(points.steps, level)
    else:
        steps_as, steps = EVEN, b""
    times_as, times = _encode_column(points.times, level)
    values_as, values = _encode_column(points.values, level)
    header = HEADER.pack(
        VERSION, steps_as, times_as, values_as, len(points), first, stride or 0, len(steps), len(times), len(values)
    )
    return b"".join((header, steps, times, values))


def decode(data: bytes, *, with_times: bool = True) -> Points:
    """The points that `encode` was given; without times, which take as long as the values, all of these are zero."""
    version, steps_as, times_as, values_as, n, first, stride, steps_bytes, times_bytes, values_bytes = (
        HEADER.unpack_from(data)
    )
    if version != VERSION:
        raise ValueError(
            f"a chunk of format {version} was found; this tidelog reads format {VERSION}: update the server"
        )
    times_at = HEADER.size + steps_bytes
    values_at = times_at + times_bytes
    is_even = steps_as == EVEN
    steps = _even_steps(first, stride, n) if is_even else _decode_ints(data[HEADER.size : times_at], steps_as)
    times = _decode_ints(data[times_at:values_at], times_as) if with_times else np.zeros(n, np.int64)
    return Points(steps, times, _decode_floats(data[values_at : values_at + values_bytes], values_as))


def encode_plain(points: Points, offsets: Int64s) -> list[bytes]:
    """What `encode` gives for each stretch of points between neighbouring offsets, for very many short stretches."""
    counts = np.diff(offsets)
    encoded: list[bytes] = [b""] * len(counts)
    for n in np.unique(counts).tolist():
        chosen = np.flatnonzero(counts == n)
        at = offsets[chosen, None] + np.arange(n)
        steps = points.steps[at]
        strides = steps[:, 1] - steps[:, 0] if n > 1 else np.zeros(len(chosen), np.int64)
        even = (np.diff(steps, axis=1) == strides[:, None]).all(axis=1)
        for mask, is_even in ((even, True), (~even, False)):
            if mask.any():
                columns = [points.times[at[mask]], points.values[at[mask]]]
                head = steps[mask, 0], strides[mask] if is_even else 0
                items = _plain_bytes(*head, columns if is_even else [steps[mask], *columns], n)
                for index, item in zip(chosen[mask].tolist(), items, strict=True):
                    encoded[index] = item
    return encoded


def _plain_bytes(first: Int64s, stride: Int64s | int, columns: list[NDArray[Any]], n: int) -> Iterator[bytes]:
    size = HEADER.size + 8 * n * len(columns)
    table = np.empty((len(first), size), np.uint8)
    header = np.zeros(len(first), _HEADER_TYPE)
    is_even = len(columns) == 2
    header["version"], header["points"], header["first"], header["stride"] = VERSION, n, first, stride
    header["encodings"] = (EVEN if is_even else PLAIN, PLAIN, PLAIN)
    header["bytes"] = (0 if is_even else 8 * n, 8 * n, 8 * n)
    table[:, : HEADER.size] = header.view(np.uint8).reshape(len(first), HEADER.size)
    for place, column in enumerate(columns):
        start = HEADER.size + 8 * n * place
        table[:, start : start + 8 * n] = np.ascontiguousarray(column).view(np.uint8).reshape(len(first), 8 * n)
    data = table.tobytes()
    return (data[start : start + size] for start in range(0, len(data), size))


def decode_each(encoded: Sequence[bytes]) -> tuple[Points, Int64s]:
    """The points of all of these one after the other, and the offsets between them; quick for short plain ones."""
    alike: dict[tuple[int, bytes], list[int]] = {}
    for index, data in enumerate(encoded):
        alike.setdefault((len(data), data[:8]), []).append(index)  # the same encodings and number of points
    counts = np.empty(len(encoded), np.int64)
    for (_, kind), indices in alike.items():
        counts[indices] = int.from_bytes(kind[4:8], "little")
    offsets = offsets_of(counts)
    total = int(offsets[-1])
    points = Points(np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.float64))
    for (size, kind), indices in alike.items():
        n = int.from_bytes(kind[4:8], "little")
        at = offsets[indices, None] + np.arange(n)
        if kind[0] == VERSION and kind[1] in (EVEN, PLAIN) and kind[2] == kind[3] == PLAIN:
            table = np.frombuffer(b"".join([encoded[index] for index in indices]), np.uint8).reshape(-1, size)
            points.steps[at], points.times[at], points.values[at] = _plain_columns(table, n)
            continue
        for place, index in enumerate(indices):
            one = decode(encoded[index])
            points.steps[at[place]], points.times[at[place]], points.values[at[place]] = (
                one.steps,
                one.times,
                one.values,
            )
    return points, offsets


def _plain_columns(table: NDArray[np.uint8], n: int) -> tuple[Int64s, Int64s, Floats]:
    def column(place: int, kind: str) -> NDArray[Any]:
        start = HEADER.size + 8 * n * place
        return np.ascontiguousarray(table[:, start : start + 8 * n]).view(kind)

    header = np.ascontiguousarray(table[:, : HEADER.size]).view(_HEADER_TYPE)[:, 0]
    if table.shape[1] == HEADER.size + 16 * n:
        return header["first"][:, None] + header["stride"][:, None] * np.arange(n), column(0, "<i8"), column(1, "<f8")
    return column(0, "<i8"), column(1, "<i8"), column(2, "<f8")


@lru_cache(maxsize=128)  # of at most 64 kB: many series are logged at the same steps
def _even_steps(first: int, stride: int, n: int) -> Int64s:
    steps = first + stride * np.arange(n, dtype=np.int64)
    steps.flags.writeable = False
    return steps


def _stride(steps: Int64s) -> int | None:
    """The difference between neighbours, if it is the same everywhere."""
    if len(steps) == 1:
        return 0
    stride = int(steps[1]) - int(steps[0])
    return stride if bool((np.diff(steps) == stride).all()) else None


def _encode_column(column: NDArray[np.int64] | NDArray[np.float64], level: int) -> tuple[int, bytes]:
    if len(column) < PLAIN_POINTS[level]:
        return PLAIN, column.tobytes()
    return PCODEC, standalone.simple_compress(np.ascontiguousarray(column), _CONFIGS[level])


def _decode_ints(data: bytes, stored_as: int) -> Int64s:
    return (
        np.frombuffer(data, np.int64)
        if stored_as == PLAIN
        else np.asarray(standalone.simple_decompress(data), np.int64)
    )


def _decode_floats(data: bytes, stored_as: int) -> Floats:
    return (
        np.frombuffer(data, np.float64)
        if stored_as == PLAIN
        else np.asarray(standalone.simple_decompress(data), np.float64)
    )
