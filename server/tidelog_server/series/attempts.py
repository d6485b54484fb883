"""Attempts: what a resumed run that logs earlier steps again makes of its series.

The first point that a newer attempt logs to a series begins a new stretch of its curve: the points at that step and
behind it are *abandoned*, moved to a series of their own beside the curve. Points that older attempts still send, from
a process that was given up and lives, go there too if they lie behind that step. Within one attempt the last write of
a step wins, as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from tidelog_server.series import chunks, statistics
from tidelog_server.series.chunks import OPEN_POINTS
from tidelog_server.series.growth import Growth, grown
from tidelog_server.series.heads import SeriesHead
from tidelog_server.series.points import EMPTY, NEXT_STEP, Points, joined, merged, with_steps

Stretch = tuple[int, Points]  # the attempt of the writer, and its points in the order of logging


def grown_through_attempts(
    connection: sa.Connection,
    run_id: int,
    path_id: int,
    head: SeriesHead | None,
    abandoned: Mapping[int, SeriesHead],
    stretches: Sequence[Stretch],
) -> list[Growth]:
    """Fold stretches of several attempts into a series: how its curve grows, and what is abandoned of it.

    `abandoned` are the heads of what was abandoned before, by the attempt that left it behind.
    """
    present = [] if head is None else chunks.heads(connection, head.id)
    touched = [] if head is None else _touched(present, head, stretches)
    remaining = present[: len(present) - len(touched)]
    old = [] if head is None else chunks.load(connection, head.id, [chunk.step_min for chunk in touched])
    history = History(
        curve=joined(old),
        before=remaining[-1].step_max if remaining else None,
        attempt=head.attempt if head else -1,
        first_step=head.attempt_step if head else 0,
        reaches={number: tail.step_last for number, tail in abandoned.items()},
    )
    for attempt, points in stretches:
        history.add(attempt, points)
    growths = [_curve(run_id, path_id, head, history, remaining, [chunk.step_min for chunk in touched])]
    for number, points in history.abandoned.items():
        growth = grown(connection, run_id, path_id, abandoned.get(number), None, points)
        left = replace(growth.head, abandoned_by=number, attempt_step=history.first_steps[number])
        growths.append(replace(growth, head=left))
    return growths


@dataclass
class History:
    """A series while stretches are added to it: the end of its curve, and what they abandon."""

    curve: Points  # of the chunks that may change
    before: int | None  # the greatest step of the other chunks
    attempt: int  # the newest that logged to the curve; -1: none did
    first_step: int  # of that attempt
    reaches: dict[int, int]  # the greatest abandoned step, by the attempt that left it behind
    abandoned: dict[int, Points] = field(default_factory=dict)
    first_steps: dict[int, int] = field(default_factory=dict)  # of attempts that abandoned something
    least_step: int = 2**63 - 1  # that changes

    def add(self, attempt: int, points: Points) -> None:
        """Add points of one attempt, in the order of logging."""
        if attempt < self.attempt:
            self._add_late(points)
            return
        if attempt > self.attempt:
            self.first_step = int(with_steps(points[:1], self._greatest()).steps[0])
            stays = self.curve.steps < self.first_step
            if self.attempt >= 0:
                self._abandon(attempt, self.curve[~stays])
            self.curve, self.attempt = self.curve[stays], attempt
        self._take(with_steps(points, self._greatest()))

    def _add_late(self, points: Points) -> None:
        ends = (self._greatest(), self.reaches.get(self.attempt))
        points = with_steps(points, max((end for end in ends if end is not None), default=None))
        is_behind = points.steps >= self.first_step
        self._abandon(self.attempt, points[is_behind])
        self._take(points[~is_behind])

    def _take(self, points: Points) -> None:
        if len(points):
            self.curve = merged(self.curve, points)
            self.least_step = min(self.least_step, int(points.steps.min()))

    def _abandon(self, attempt: int, points: Points) -> None:
        if len(points):
            both = merged(self.abandoned.get(attempt, EMPTY), points)
            self.abandoned[attempt] = both
            self.first_steps[attempt] = self.first_step
            self.reaches[attempt] = max(self.reaches.get(attempt, int(both.steps[-1])), int(both.steps[-1]))

    def _greatest(self) -> int | None:
        return int(self.curve.steps[-1]) if len(self.curve) else self.before


def _touched(present: list[chunks.Head], head: SeriesHead, stretches: Sequence[Stretch]) -> list[chunks.Head]:
    """The chunks at the end of a series that new points may change: from the least of their steps on."""
    steps = joined([points for _, points in stretches]).steps
    explicit = steps[steps != NEXT_STEP]
    least = int(explicit.min()) if len(explicit) else head.step_last + 1
    first = next((place for place, chunk in enumerate(present) if chunk.step_max >= least), len(present))
    if first and present[first - 1].points < OPEN_POINTS:
        first -= 1
    return present[first:]


def _curve(
    run_id: int, path_id: int, head: SeriesHead | None, history: History, remaining: list[chunks.Head], gone: list[int]
) -> Growth:
    rows = list(chunks.rows_of(history.curve, run_id=run_id, series_id=None if head is None else head.id))
    after = [*remaining, *map(chunks.head_of, rows)]
    grown_head = SeriesHead(
        id=0 if head is None else head.id,
        run_id=run_id,
        path_id=path_id,
        points=sum(chunk.points for chunk in after),
        step_last=after[-1].step_max,
        open_step=after[-1].step_min,
        open_points=after[-1].points,
        last=float(history.curve.values[-1]) if rows or head is None else head.last,
        statistics=statistics.merged(chunk.statistics for chunk in after),
        attempt=history.attempt,
        attempt_step=history.first_step,
    )
    return Growth(grown_head, rows, gone)
