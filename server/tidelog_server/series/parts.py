"""The parts of a series of numbers: its curve, and what attempts left behind of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from tidelog_server.series import chunks, past_attempts, statistics
from tidelog_server.series.attempts import Begun
from tidelog_server.series.growth import Growth, touched
from tidelog_server.series.heads import SeriesHead
from tidelog_server.series.history import CURVE, Window
from tidelog_server.series.past_attempts import Past
from tidelog_server.series.points import EMPTY, Points, joined
from tidelog_server.series.statistics import NONE


@dataclass(frozen=True)
class SeriesPart:
    """A part, with the heads of the chunks that stay, and where those begin that go."""

    connection: sa.Connection
    head: SeriesHead
    points: Points = EMPTY
    remaining: Sequence[chunks.Head] = ()
    gone: Sequence[int] = ()

    @classmethod
    def load(cls, connection: sa.Connection, head: SeriesHead, window: Window) -> SeriesPart:
        """Read the chunks that change if points within this window do."""
        present = chunks.heads(connection, head.id)
        gone = [chunk.step_min for chunk in touched(present, window.first, window.last)]
        remaining = [chunk for chunk in present if chunk.step_min not in set(gone)]
        return cls(connection, head, joined(chunks.load(connection, head.id, gone)), remaining, gone)

    @property
    def series_id(self) -> int:
        """0 for a part that does not exist yet."""
        return self.head.id

    def grown(self, points: Points, begun: Begun) -> Growth | None:
        """How it grows by getting these points in place of its own; None if it then has none at all."""
        rows = list(chunks.rows_of(points, run_id=self.head.run_id, series_id=self.head.id or None))
        after = sorted([*self.remaining, *map(chunks.head_of, rows)], key=lambda chunk: chunk.step_min)
        if not after:
            return None
        head = replace(
            self.head,
            points=sum(chunk.points for chunk in after),
            step_last=after[-1].step_max,
            open_step=after[-1].step_min,
            open_points=after[-1].points,
            last=self._last(points, after[-1]),
            statistics=statistics.merged(chunk.statistics for chunk in after),
            attempt=begun.attempt,
            attempt_step=begun.attempt_step,
        )
        return Growth(head, rows, list(self.gone), begun.least_step)

    def _last(self, points: Points, end: chunks.Head) -> float:
        """The value at the end, where this is the last chunk."""
        if len(points) and end.step_max == int(points.steps[-1]):
            return float(points.values[-1])
        if end.step_min == self.head.open_step:
            return self.head.last
        [stored] = chunks.load(self.connection, self.head.id, [end.step_min])
        return float(stored.values[-1])


@dataclass(frozen=True)
class SeriesParts:
    """What is stored of a series. A new one has no `head`, and nothing else."""

    connection: sa.Connection
    run_id: int
    path_id: int
    head: SeriesHead | None
    abandoned: Mapping[int, SeriesHead] = field(default_factory=dict)  # by the attempt that left it behind
    past: Past = field(default_factory=dict)

    @property
    def attempts(self) -> Past:
        """All of its attempts; none of a series that does not exist yet."""
        head = self.head
        if head is None:
            return {}
        return past_attempts.with_newest(self.past, head.attempt, head.attempt_step, head.step_last)

    def load(self, window: Window) -> dict[int, SeriesPart]:
        """The parts that may change, by the attempt that left them behind, and the curve."""
        heads = {} if self.head is None else {CURVE: self.head}
        heads |= {number: head for number, head in self.abandoned.items() if number >= window.attempt}
        return {number: SeriesPart.load(self.connection, head, window) for number, head in heads.items()}

    def new(self, number: int) -> SeriesPart:
        """A part that does not exist yet."""
        head = SeriesHead(
            id=0,
            run_id=self.run_id,
            path_id=self.path_id,
            points=0,
            step_last=0,
            open_step=0,
            open_points=0,
            last=0.0,
            statistics=NONE,
            abandoned_by=number,
        )
        return SeriesPart(self.connection, head)
