"""The pyramid: summaries of blocks of points, so that a chart of millions of points reads thousands of numbers.

A block summarises 128 points (*fine*) or 1,024 (*coarse*). A chart's bucket is a union of whole blocks; minimum,
maximum, first and last are exact for it, whatever the zoom. NaN takes no part in minimum and maximum; infinities do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.series.points import Floats, Int64s, Points

FINE_POINTS = 128
COARSE_POINTS = 1024

BLOCK = np.dtype(
    [
        ("step", "<i8"),  # of the block's first point
        ("time", "<i8"),  # of the block's first point
        ("min", "<f8"),
        ("max", "<f8"),
        ("first", "<f8"),
        ("last", "<f8"),
        ("sum", "<f8"),  # of the finite values
        ("points", "<u4"),
        ("finite", "<u4"),
    ]
)
Blocks = NDArray[Any]  # of dtype BLOCK


def summarise(points: Points, starts: NDArray[np.intp]) -> Blocks:
    """One block for each index in `starts`, from there to before the next one; the last goes to the end."""
    blocks = np.empty(len(starts), BLOCK)
    if not len(starts):
        return blocks
    ends = np.append(starts[1:], len(points))
    blocks["step"] = points.steps[starts]
    blocks["time"] = points.times[starts]
    blocks["first"] = points.values[starts]
    blocks["last"] = points.values[ends - 1]
    blocks["min"] = np.fmin.reduceat(points.values, starts)
    blocks["max"] = np.fmax.reduceat(points.values, starts)
    blocks["points"] = ends - starts
    blocks["sum"], blocks["finite"] = finite_sums(points.values, starts)
    return blocks


def finite_sums(values: Floats, starts: NDArray[np.intp]) -> tuple[Floats, Int64s]:
    """Sum and number of the finite values of each stretch, one for each index in `starts`."""
    finite = np.isfinite(values)
    with np.errstate(over="ignore"):  # a sum beyond float64 is infinite, and the mean says so
        if finite.all():
            return np.add.reduceat(values, starts), np.diff(starts, append=len(values))
        return np.add.reduceat(np.where(finite, values, 0.0), starts), np.add.reduceat(finite.astype(np.int64), starts)


def coarsened(blocks: Blocks, starts: NDArray[np.intp]) -> Blocks:
    """Unions of neighbouring blocks: one for each index in `starts`, from there to before the next one."""
    unions = np.empty(len(starts), BLOCK)
    if not len(starts):
        return unions
    ends = np.append(starts[1:], len(blocks))
    for field in ("step", "time", "first"):
        unions[field] = blocks[field][starts]
    unions["last"] = blocks["last"][ends - 1]
    unions["min"] = np.fmin.reduceat(blocks["min"], starts)
    unions["max"] = np.fmax.reduceat(blocks["max"], starts)
    with np.errstate(over="ignore", invalid="ignore"):
        unions["sum"] = np.add.reduceat(blocks["sum"], starts)
    unions["points"] = np.add.reduceat(blocks["points"].astype(np.int64), starts)
    unions["finite"] = np.add.reduceat(blocks["finite"].astype(np.int64), starts)
    return unions


def fine_blocks(points: Points) -> Blocks:
    """Summaries of 128 points each, counted from the first."""
    return summarise(points, np.arange(0, len(points), FINE_POINTS))


def coarse_blocks(fine: Blocks) -> Blocks:
    """Summaries of 1,024 points each, from the fine ones of the same chunk."""
    return coarsened(fine, np.arange(0, len(fine), COARSE_POINTS // FINE_POINTS))


def joined(parts: Sequence[Blocks]) -> Blocks:
    """The blocks of all parts, one after the other."""
    # As bytes: numpy takes long to find that many structured types are the same one.
    return np.frombuffer(b"".join([part.tobytes() for part in parts]), BLOCK)


def bucket_starts(x: NDArray[Any], buckets: int) -> NDArray[np.intp]:
    """Where each of at most `buckets` equal stretches of the ascending `x` begins, empty stretches left out."""
    return bucket_starts_of_each(x, np.array([0, len(x)]), buckets)


def bucket_starts_of_each(x: NDArray[Any], offsets: Int64s, buckets: int) -> NDArray[np.intp]:
    """The same for many series one after the other: `x` ascends between neighbouring offsets. A series begins a
    stretch of its own.
    """
    if not len(x):
        return np.empty(0, np.intp)
    counts = np.diff(offsets)
    is_there = counts > 0
    # Halves: the whole range may be beyond float64.
    half = np.asarray(x, np.float64) / 2
    first = half[offsets[:-1][is_there]]
    span = half[offsets[1:][is_there] - 1] - first
    span[span == 0] = 1.0
    counts = counts[is_there]
    share = (half - np.repeat(first, counts)) / np.repeat(span, counts)
    places = np.minimum((share * buckets).astype(np.int64), buckets - 1)
    begins = np.empty(len(x), bool)
    begins[0] = True
    np.not_equal(places[1:], places[:-1], out=begins[1:])
    begins[offsets[:-1][is_there]] = True
    return np.flatnonzero(begins)


def means(blocks: Blocks) -> Floats:
    """Mean of the finite values of each block; NaN where it has none."""
    return means_of(blocks["sum"], blocks["finite"])


def means_of(sums: Floats, counts: NDArray[Any]) -> Floats:
    """Means of so many finite values; NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / counts, np.float64)
