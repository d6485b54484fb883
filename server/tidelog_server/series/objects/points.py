"""Points whose values are bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from tidelog_server.series import points
from tidelog_server.series.points import EMPTY, Int64s, Points, merged, with_steps


@dataclass(frozen=True)
class ObjectPoints:
    """Steps (millionths) and times (milliseconds since 1970 UTC), each of shape (n,), and n values."""

    steps: Int64s
    times: Int64s
    values: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, part: slice) -> ObjectPoints:
        return ObjectPoints(self.steps[part], self.times[part], self.values[part])

    def take(self, places: NDArray[np.intp]) -> ObjectPoints:
        """The points at these places, in their order."""
        return ObjectPoints(self.steps[places], self.times[places], [self.values[place] for place in places.tolist()])

    def within(self, start: int | None, stop: int | None) -> ObjectPoints:
        """The points with steps from `start` to `stop`, both included; these points ascend."""
        first = 0 if start is None else int(self.steps.searchsorted(start, side="left"))
        end = len(self) if stop is None else int(self.steps.searchsorted(stop, side="right"))
        return self[first:end]


ObjectStretch = tuple[int, ObjectPoints]  # the attempt of the writer, and its points in the order of logging

NO_OBJECTS = ObjectPoints(np.empty(0, np.int64), np.empty(0, np.int64), ())


def joined(parts: Sequence[ObjectPoints]) -> ObjectPoints:
    """The points of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NO_OBJECTS
    return ObjectPoints(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.times for part in parts]),
        list(chain.from_iterable(part.values for part in parts)),
    )


def settled(logged: ObjectPoints, greatest: int | None) -> ObjectPoints:
    """The points in the order of steps, where points without one have got theirs, and the last of each step stays.

    `logged` is in the order of logging; `greatest` is the greatest step of the series before, None for a new one.
    """
    return _ordered(logged, with_steps(_places_of(logged), greatest))


def begun_at(logged: ObjectPoints, step: int | None) -> ObjectPoints:
    """The first points of a series of a fork: without a step, the first one comes behind this one."""
    return replace(logged, steps=points.begun_at(_places_of(logged), step).steps)


def overlaid(older: ObjectPoints, newer: ObjectPoints) -> ObjectPoints:
    """Both, which ascend each, as one; where a step is in both, the newer point stays."""
    if not len(older) or not len(newer):
        return newer if len(newer) else older
    both = joined([older, newer])
    return _ordered(both, _places_of(both))


def _places_of(objects: ObjectPoints) -> Points:
    """The same steps and times with places for values, so that float series' rules for steps do for these."""
    return Points(objects.steps, objects.times, np.arange(len(objects), dtype=np.float64))


def _ordered(objects: ObjectPoints, places: Points) -> ObjectPoints:
    if places.is_ascending():
        return ObjectPoints(places.steps, objects.times, objects.values)
    places = merged(EMPTY, places)
    values = [objects.values[int(place)] for place in places.values.tolist()]
    return ObjectPoints(places.steps, places.times, values)
