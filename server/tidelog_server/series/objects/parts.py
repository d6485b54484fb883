"""The parts of a series of objects: its curve, and what attempts left behind of it.

The rules know points that are numbers. Here these are the places of values, which are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sqlalchemy as sa

from tidelog_server.series import past_attempts
from tidelog_server.series.attempts import Begun
from tidelog_server.series.history import CURVE, Window
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.growth import ObjectGrowth
from tidelog_server.series.objects.heads import ObjectHead
from tidelog_server.series.objects.points import NO_OBJECTS, ObjectPoints, joined
from tidelog_server.series.past_attempts import Past
from tidelog_server.series.points import Points


class Values:
    """Values of points by their place here."""

    def __init__(self) -> None:
        self._values: list[bytes] = []

    def placed(self, points: ObjectPoints) -> Points:
        """The same points, with places for values."""
        start = len(self._values)
        self._values.extend(points.values)
        return Points(points.steps, points.times, np.arange(start, len(self._values), dtype=np.float64))

    def at(self, places: Points) -> ObjectPoints:
        """The points again that have these places for values."""
        return ObjectPoints(places.steps, places.times, [self._values[int(place)] for place in places.values.tolist()])


@dataclass(frozen=True)
class ObjectPart:
    """A part, with the extents of the chunks that stay, and where those begin that go."""

    connection: sa.Connection
    values: Values
    head: ObjectHead
    points: Points
    remaining: Sequence[chunks.Extent] = ()
    gone: Sequence[int] = ()

    @property
    def series_id(self) -> int:
        """0 for a part that does not exist yet."""
        return self.head.id

    def grown(self, points: Points, begun: Begun) -> ObjectGrowth | None:
        """How it grows by getting these points in place of its own; None if it then has none at all."""
        objects = self.values.at(points)
        series_id, kind = self.head.id or None, self.head.type
        rows = list(chunks.rows_of(objects, run_id=self.head.run_id, series_id=series_id, kind=kind))
        after = sorted([*self.remaining, *map(chunks.extent_of, rows)], key=lambda extent: extent.step_min)
        if not after:
            return None
        head = replace(
            self.head,
            points=sum(extent.points for extent in after),
            step_last=after[-1].step_max,
            open_step=after[-1].step_min,
            open_points=after[-1].points,
            attempt=begun.attempt,
            attempt_step=begun.attempt_step,
        )
        ends_here = bool(rows) and rows[-1]["step_min"] == head.open_step
        return ObjectGrowth(head, rows, objects.values[-1] if ends_here else None, begun.least_step, list(self.gone))


@dataclass(frozen=True)
class ObjectParts:
    """What is stored of a series. A new one has no `head`, and nothing else."""

    connection: sa.Connection
    run_id: int
    path_id: int
    type: str
    head: ObjectHead | None
    abandoned: Mapping[int, ObjectHead] = field(default_factory=dict)  # by the attempt that left it behind
    past: Past = field(default_factory=dict)
    values: Values = field(default_factory=Values)

    @property
    def attempts(self) -> Past:
        """All of its attempts; none of a series that does not exist yet."""
        head = self.head
        if head is None:
            return {}
        return past_attempts.with_newest(self.past, head.attempt, head.attempt_step, head.step_last)

    def load(self, window: Window) -> dict[int, ObjectPart]:
        """The parts that may change, by the attempt that left them behind, and the curve."""
        heads = {} if self.head is None else {CURVE: self.head}
        heads |= {number: head for number, head in self.abandoned.items() if number >= window.attempt}
        return {number: self._part(head, window) for number, head in heads.items()}

    def new(self, number: int) -> ObjectPart:
        """A part that does not exist yet."""
        head = ObjectHead(
            id=0,
            run_id=self.run_id,
            path_id=self.path_id,
            type=self.type,
            points=0,
            step_last=0,
            open_step=0,
            open_points=0,
            abandoned_by=number,
        )
        return ObjectPart(self.connection, self.values, head, self.values.placed(NO_OBJECTS))

    def _part(self, head: ObjectHead, window: Window) -> ObjectPart:
        present = chunks.extents(self.connection, head.id)
        gone = [extent.step_min for extent in _touched(present, window)]
        remaining = [extent for extent in present if extent.step_min not in set(gone)]
        points = self.values.placed(joined([chunks.load(self.connection, head.id, step) for step in gone]))
        return ObjectPart(self.connection, self.values, head, points, remaining, gone)


def _touched(present: Sequence[chunks.Extent], window: Window) -> Sequence[chunks.Extent]:
    """The chunks that overlap the window, and the one before if it may be written into."""
    first = next((place for place, one in enumerate(present) if one.step_max >= window.first), len(present))
    stop = next((place for place, one in enumerate(present) if one.step_min > window.last), len(present))
    if first and present[first - 1].is_open:
        first -= 1
    return present[first:stop]
