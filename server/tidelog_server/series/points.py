"""Points: what a float series consists of, as three arrays of one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]

NEXT_STEP = -(2**63)  # in a journal: this point gets the step after the greatest one so far
STEP_UNITS = 1_000_000  # steps are kept as integers of millionths


@dataclass(frozen=True)
class Points:
    """Steps (millionths), times (milliseconds since 1970 UTC) and values, each of shape (n,)."""

    steps: Int64s
    times: Int64s
    values: Floats

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, part: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Points:
        return Points(self.steps[part], self.times[part], self.values[part])

    def equals(self, other: Points) -> bool:
        """Whether both are the same, every bit of the values."""
        return (
            np.array_equal(self.steps, other.steps)
            and np.array_equal(self.times, other.times)
            and np.array_equal(self.values.view(np.int64), other.values.view(np.int64))
        )

    def is_ascending(self) -> bool:
        """Whether every step is greater than the one before it."""
        return len(self) < 2 or bool((self.steps[1:] > self.steps[:-1]).all())


@dataclass(frozen=True)
class PointsByPath:
    """The points of many paths: those of `path_ids[i]` are `points[offsets[i]:offsets[i + 1]]`, at least one.

    `path_ids` ascend; there is one offset more than paths. Within a path the order is that of logging.
    """

    path_ids: Int64s
    offsets: Int64s
    points: Points
    attempts: Int64s  # of the writer of each point

    def __len__(self) -> int:
        return len(self.path_ids)

    @property
    def counts(self) -> Int64s:
        """The number of points of each path."""
        return np.diff(self.offsets)

    def of(self, index: int) -> Points:
        """The points of the path at this index."""
        return self.points[int(self.offsets[index]) : int(self.offsets[index + 1])]

    def where(self, mask: NDArray[np.bool_]) -> PointsByPath:
        """Those paths that the mask keeps."""
        if bool(mask.all()):
            return self
        counts = self.counts
        kept = np.repeat(mask, counts)
        return PointsByPath(self.path_ids[mask], offsets_of(counts[mask]), self.points[kept], self.attempts[kept])

    def stretches_of(self, index: int) -> list[tuple[int, Points]]:
        """The points of the path at this index, in stretches of one attempt each."""
        start, stop = int(self.offsets[index]), int(self.offsets[index + 1])
        attempts = self.attempts[start:stop]
        edges = [0, *(np.flatnonzero(np.diff(attempts)) + 1).tolist(), stop - start]
        return [(int(attempts[first]), self.points[start + first : start + last]) for first, last in pairwise(edges)]


def offsets_of(counts: Int64s) -> Int64s:
    """Where each of neighbouring stretches of these lengths begins, and the end of the last."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def grouped_by_path(path_ids: Int64s, points: Points, attempts: Int64s) -> PointsByPath:
    """Points in the order of logging, each with its path and the attempt of its writer, by path."""
    if not len(path_ids):
        return NO_POINTS
    order = np.argsort(path_ids, kind="stable")
    ids = path_ids[order]
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1))
    return PointsByPath(ids[starts], np.append(starts, len(ids)), points[order], attempts[order])


def units(step: float | None) -> int | None:
    """A step as it is stored: in millionths; None stays None."""
    return None if step is None else round(step * STEP_UNITS)


EMPTY = Points(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))
NO_POINTS = PointsByPath(np.empty(0, np.int64), np.zeros(1, np.int64), EMPTY, np.empty(0, np.int64))


def joined(parts: Sequence[Points]) -> Points:
    """The points of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return EMPTY
    return Points(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def merged(older: Points, newer: Points) -> Points:
    """Both, ascending by step; where a step occurs more than once, the point logged last stays."""
    both = joined([older, newer]) if len(older) and len(newer) else (older if len(older) else newer)
    if both.is_ascending():
        return both
    order = np.argsort(both.steps, kind="stable")
    both = both[order]
    is_last_of_step = np.append(both.steps[1:] != both.steps[:-1], True)
    return both[is_last_of_step]


def with_steps(points: Points, greatest: int | None) -> Points:
    """Give the points that were logged without a step the step after the greatest one before them.

    `points` are in the order in which they were logged; `greatest` is the greatest step of the series before them, None
    for an empty series. A first point without a step gets step 0.
    """
    missing = points.steps == NEXT_STEP
    if not missing.any():
        return points
    if missing.all():
        start = -STEP_UNITS if greatest is None else greatest
        steps = start + STEP_UNITS * np.arange(1, len(points) + 1, dtype=np.int64)
        return Points(steps, points.times, points.values)
    return Points(_mixed_steps(points.steps, greatest), points.times, points.values)


def begun_at(points: Points, step: int | None) -> Points:
    """The first points of a series of a fork: without a step, the first one comes behind this one."""
    if step is None or not len(points) or points.steps[0] != NEXT_STEP:
        return points
    return Points(np.append(step + STEP_UNITS, points.steps[1:]), points.times, points.values)


def first_step(before: int, logged: Int64s, fork_step: int | None) -> int:
    """The first step of the only attempt of a series, once it has logged these steps: `NEXT_STEP` as long as it counts,
    and logs nothing but points without a step. `before` is what that was, or the first of these steps.
    """
    if before != NEXT_STEP or bool((logged == NEXT_STEP).all()):
        return before
    return 0 if fork_step is None else fork_step + STEP_UNITS


def _mixed_steps(steps: Int64s, greatest: int | None) -> Int64s:
    filled: Int64s = steps.copy()
    for index, step in enumerate(steps.tolist()):
        if step == NEXT_STEP:
            step = 0 if greatest is None else greatest + STEP_UNITS
            filled[index] = step
        greatest = step if greatest is None else max(greatest, step)
    return filled
