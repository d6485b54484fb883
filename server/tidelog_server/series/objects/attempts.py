"""What a resumed run that logs earlier steps again makes of its series of objects: the rules of `series.attempts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa

from tidelog_server.series.attempts import History
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.growth import ObjectGrowth, begun, grown
from tidelog_server.series.objects.heads import ObjectHead
from tidelog_server.series.objects.points import ObjectPoints, ObjectStretch, joined
from tidelog_server.series.points import NEXT_STEP, Points


def grown_through_attempts(
    connection: sa.Connection,
    run_id: int,
    path_id: int,
    kind: str,
    head: ObjectHead | None,
    abandoned: Mapping[int, ObjectHead],
    stretches: Sequence[ObjectStretch],
) -> list[ObjectGrowth]:
    """Fold stretches of several attempts into a series: how its curve grows, and what is abandoned of it.

    `abandoned` are the heads of what was abandoned before, by the attempt that left it behind.
    """
    present = [] if head is None else chunks.extents(connection, head.id)
    touched = [] if head is None else _touched(present, head, stretches)
    remaining = present[: len(present) - len(touched)]
    old = [] if head is None else [chunks.load(connection, head.id, extent.step_min) for extent in touched]
    values = _Values()
    history = History(
        curve=values.placed(joined(old)),
        before=remaining[-1].step_max if remaining else None,
        attempt=head.attempt if head else -1,
        first_step=head.attempt_step if head else 0,
        reaches={number: tail.step_last for number, tail in abandoned.items()},
    )
    for attempt, points in stretches:
        history.add(attempt, values.placed(points))
    curve = values.at(history.curve)
    growths = [_curve(run_id, path_id, kind, head, history, curve, remaining, touched)]
    for number, places in history.abandoned.items():
        growth = _left_behind(connection, run_id, path_id, kind, abandoned.get(number), values.at(places))
        left = replace(growth.head, abandoned_by=number, attempt_step=history.first_steps[number])
        growths.append(replace(growth, head=left, last=None))
    return growths


class _Values:
    """Values of points by their place here, so that the rules for points that are numbers do for these."""

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


def _touched(
    present: Sequence[chunks.Extent], head: ObjectHead, stretches: Sequence[ObjectStretch]
) -> Sequence[chunks.Extent]:
    """The chunks at the end of a series that new points may change: from the least of their steps on."""
    steps = np.concatenate([points.steps for _, points in stretches])
    explicit = steps[steps != NEXT_STEP]
    least = int(explicit.min()) if len(explicit) else head.step_last + 1
    first = next((place for place, extent in enumerate(present) if extent.step_max >= least), len(present))
    if first and present[first - 1].is_open:
        first -= 1
    return present[first:]


def _curve(
    run_id: int,
    path_id: int,
    kind: str,
    head: ObjectHead | None,
    history: History,
    curve: ObjectPoints,
    remaining: Sequence[chunks.Extent],
    gone: Sequence[chunks.Extent],
) -> ObjectGrowth:
    series_id = 0 if head is None else head.id
    rows = list(chunks.rows_of(curve, run_id=run_id, series_id=series_id or None, kind=kind))
    after = [*remaining, *map(chunks.extent_of, rows)]
    grown_head = ObjectHead(
        id=series_id,
        run_id=run_id,
        path_id=path_id,
        type=kind,
        points=sum(extent.points for extent in after),
        step_last=after[-1].step_max,
        open_step=after[-1].step_min,
        open_points=after[-1].points,
        attempt=history.attempt,
        attempt_step=history.first_step,
    )
    replaced = [extent.step_min for extent in gone]
    return ObjectGrowth(grown_head, rows, curve.values[-1] if rows else None, history.least_step, replaced)


def _left_behind(
    connection: sa.Connection, run_id: int, path_id: int, kind: str, head: ObjectHead | None, points: ObjectPoints
) -> ObjectGrowth:
    if head is None:
        return begun(run_id, path_id, kind, points)
    return grown(connection, head, None, points)
