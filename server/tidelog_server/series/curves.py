"""Curves: stretches of series as columns of numbers to draw, in at most so many buckets.

Many series are put one after the other and cut into buckets together: numpy is called some times for all of them, not
for each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidelog_server.series import pyramid
from tidelog_server.series.points import STEP_UNITS, Floats, Int64s, Points, offsets_of
from tidelog_server.series.pyramid import Blocks

Axis = Literal["step", "time"]

# Up to so many points for each bucket are given as they are, without buckets.
PLAIN_POINTS_PER_BUCKET = 2
AT_ONCE = 2**15  # points or blocks that are worked on together: the intermediate numbers stay near the processor

POINT_COLUMNS = ("step", "time", "value")
BUCKET_COLUMNS = ("step", "time", "min", "max", "first", "last", "mean")

_OF_BLOCKS: dict[str, Callable[[Blocks], Floats]] = {
    "step": lambda blocks: blocks["step"] / STEP_UNITS,
    "time": lambda blocks: blocks["time"] / 1000,
    "min": lambda blocks: np.ascontiguousarray(blocks["min"]),
    "max": lambda blocks: np.ascontiguousarray(blocks["max"]),
    "first": lambda blocks: np.ascontiguousarray(blocks["first"]),
    "last": lambda blocks: np.ascontiguousarray(blocks["last"]),
    "mean": pyramid.means,
}
_OF_VALUES: dict[str, Callable[[Floats, NDArray[np.intp]], Floats]] = {
    "min": np.fmin.reduceat,
    "max": np.fmax.reduceat,
    "first": lambda values, starts: values[starts],
    "last": lambda values, starts: values[np.append(starts[1:], len(values)) - 1],
    "mean": lambda values, starts: pyramid.means_of(*pyramid.finite_sums(values, starts)),
}


@dataclass(frozen=True)
class Curve:
    """What a chart draws of one series. `columns` are arrays of one length, named as in `POINT_COLUMNS` or
    `BUCKET_COLUMNS`.
    """

    points: int
    nonfinite: int
    names: tuple[str, ...]
    columns: tuple[Floats, ...]


def curve_of(stretch: Points | Blocks, axis: Axis, buckets: int) -> Curve:
    """The curve of points or blocks, in at most so many buckets."""
    [curve] = curves_of([stretch], [axis], buckets)
    return curve


def curves_of(
    stretches: Sequence[Points | Blocks], axes: Sequence[Axis], buckets: int, only: Collection[str] | None = None
) -> list[Curve]:
    """The curves of many stretches, each over its axis; with `only`, of their columns no others than these."""
    found: dict[int, Curve] = {}
    few_points: dict[int, Points] = {}
    points: dict[int, tuple[Points, Axis]] = {}
    blocks: dict[int, tuple[Blocks, Axis]] = {}
    few_blocks: dict[int, Blocks] = {}
    for place, (stretch, axis) in enumerate(zip(stretches, axes, strict=True)):
        if not isinstance(stretch, Points):
            if len(stretch) > buckets:
                blocks[place] = (stretch, axis)
            else:
                few_blocks[place] = stretch
        elif len(stretch) > buckets * PLAIN_POINTS_PER_BUCKET:
            points[place] = (stretch, axis)
        else:
            few_points[place] = stretch
    found.update(zip(few_points, _plain_each(list(few_points.values()), only), strict=True))
    for portion in _portions({place: len(stretch) for place, (stretch, _) in points.items()}):
        found.update(zip(portion, _of_points([points[place] for place in portion], buckets, only), strict=True))
    for portion in _portions({place: len(stretch) for place, (stretch, _) in blocks.items()}):
        found.update(zip(portion, _of_blocks([blocks[place] for place in portion], buckets, only), strict=True))
    if few_blocks:
        together = pyramid.joined(list(few_blocks.values()))
        found.update(zip(few_blocks, _curves(together, _offsets(few_blocks.values()), only), strict=True))
    return [found[place] for place in range(len(stretches))]


def bucketed(blocks: Blocks, points: int, nonfinite: int) -> Curve:
    """The curve of these blocks, one bucket each."""
    return Curve(points, nonfinite, BUCKET_COLUMNS, tuple(_OF_BLOCKS[name](blocks) for name in BUCKET_COLUMNS))


def _plain_each(stretches: Sequence[Points], only: Collection[str] | None) -> list[Curve]:
    """The points as they are, in curves that share their steps where they are the same."""
    names = _names(POINT_COLUMNS, only)
    distinct, numbers = _distinct([points.steps for points in stretches])
    steps = [array / STEP_UNITS for array in distinct]
    curves = []
    for points, number in zip(stretches, numbers, strict=True):
        columns = {"step": steps[number], "time": points.times / 1000, "value": points.values}
        nonfinite = len(points) - int(np.count_nonzero(np.isfinite(points.values)))
        curves.append(Curve(len(points), nonfinite, names, tuple(columns[name] for name in names)))
    return curves


def _of_points(parts: Sequence[tuple[Points, Axis]], buckets: int, only: Collection[str] | None) -> list[Curve]:
    stretches = [points for points, _ in parts]
    values = np.concatenate([points.values for points in stretches])
    offsets = _offsets(stretches)
    starts_of_each = _starts_of_each(parts, buckets)
    starts = np.concatenate([own + offset for own, offset in zip(starts_of_each, offsets.tolist(), strict=False)])
    bounds = list(pairwise(offsets_of(np.array([len(own) for own in starts_of_each])).tolist()))
    columns: dict[str, Sequence[Floats]] = {}
    for name in _names(BUCKET_COLUMNS, only):
        if name == "step":
            columns[name] = _steps_of_each(parts, starts_of_each)
        elif name == "time":
            pairs = zip(stretches, starts_of_each, strict=True)
            columns[name] = [points.times[own] / 1000 for points, own in pairs]
        else:
            column = _OF_VALUES[name](values, starts)
            columns[name] = [column[start:stop] for start, stop in bounds]
    counts = zip(map(len, stretches), _nonfinite_of_each(values, offsets), strict=True)
    return [
        Curve(points, nonfinite, tuple(columns), own)
        for (points, nonfinite), own in zip(counts, zip(*columns.values(), strict=True), strict=True)
    ]


def _starts_of_each(parts: Sequence[tuple[Points, Axis]], buckets: int) -> list[NDArray[np.intp]]:
    """Where the buckets of each stretch begin, counted from its own first point. Stretches with the same places, as
    runs of one experiment have, get the same array.
    """
    distinct, numbers = _distinct(
        [points.steps if axis == "step" else _ascending(points.times) for points, axis in parts]
    )
    offsets = _offsets(distinct)
    starts = pyramid.bucket_starts_of_each(np.concatenate(distinct), offsets, buckets)
    bounds = pairwise(starts.searchsorted(offsets).tolist())
    own = [starts[start:stop] - offset for (start, stop), offset in zip(bounds, offsets.tolist(), strict=False)]
    return [own[number] for number in numbers]


def _steps_of_each(parts: Sequence[tuple[Points, Axis]], starts_of_each: Sequence[NDArray[np.intp]]) -> list[Floats]:
    """The steps of the buckets: over steps the same array for stretches with the same places."""
    shared: dict[int, Floats] = {}
    columns = []
    for (points, axis), starts in zip(parts, starts_of_each, strict=True):
        if axis != "step":
            columns.append(points.steps[starts] / STEP_UNITS)
            continue
        if id(starts) not in shared:
            shared[id(starts)] = points.steps[starts] / STEP_UNITS
        columns.append(shared[id(starts)])
    return columns


def _distinct(arrays: Sequence[Int64s]) -> tuple[list[Int64s], list[int]]:
    """Those that differ, and for each of the arrays the place of its equal among them."""
    found: list[Int64s] = []
    places: dict[tuple[int, int, int], int] = {}
    numbers = []
    for array in arrays:
        key = (len(array), int(array[0]), int(array[-1])) if len(array) else (0, 0, 0)
        number = places.get(key)
        if number is None or not np.array_equal(found[number], array):
            number = places[key] = len(found)
            found.append(array)
        numbers.append(number)
    return found, numbers


def _nonfinite_of_each(values: Floats, offsets: Int64s) -> list[int]:
    """How many values between neighbouring offsets, which differ, are NaN or infinite."""
    finite = np.isfinite(values)
    if finite.all():
        return [0] * (len(offsets) - 1)
    counts: list[int] = np.add.reduceat(~finite, offsets[:-1], dtype=np.int64).tolist()
    return counts


def _of_blocks(parts: Sequence[tuple[Blocks, Axis]], buckets: int, only: Collection[str] | None) -> list[Curve]:
    together = pyramid.joined([blocks for blocks, _ in parts])
    offsets = _offsets(blocks for blocks, _ in parts)
    x = np.concatenate([blocks["step"] if axis == "step" else _ascending(blocks["time"]) for blocks, axis in parts])
    starts = pyramid.bucket_starts_of_each(x, offsets, buckets)
    return _curves(pyramid.coarsened(together, starts), starts.searchsorted(offsets), only)


def _offsets(stretches: Iterable[Points | Blocks]) -> Int64s:
    return offsets_of(np.array([len(stretch) for stretch in stretches], np.int64))


def _curves(blocks: Blocks, offsets: NDArray[np.intp] | Int64s, only: Collection[str] | None) -> list[Curve]:
    """The curves whose buckets are those between neighbouring offsets."""
    names = _names(BUCKET_COLUMNS, only)
    columns = [_OF_BLOCKS[name](blocks) for name in names]
    totals = offsets_of(blocks["points"].astype(np.int64))[offsets]
    finite = offsets_of(blocks["finite"].astype(np.int64))[offsets]
    points, nonfinite = np.diff(totals), np.diff(totals - finite)
    return [
        Curve(count, left_out, names, tuple(column[start:stop] for column in columns))
        for count, left_out, (start, stop) in zip(
            points.tolist(), nonfinite.tolist(), pairwise(offsets.tolist()), strict=True
        )
    ]


def _portions(lengths: dict[int, int]) -> Iterator[list[int]]:
    """The places in groups of about `AT_ONCE` points or blocks, none of them empty."""
    portion: list[int] = []
    room = AT_ONCE
    for place, length in lengths.items():
        if portion and length > room:
            yield portion
            portion, room = [], AT_ONCE
        portion.append(place)
        room -= length
    if portion:
        yield portion


def _ascending(times: Int64s) -> Int64s:
    """Times that never go back: where they do in the series, the greatest so far."""
    return np.maximum.accumulate(times)


def _names(all_names: tuple[str, ...], only: Collection[str] | None) -> tuple[str, ...]:
    return all_names if only is None else tuple(name for name in all_names if name in only)
