"""What a job had printed when it came to the step of a fork.

Lines are counted and have no steps of their own: where a fork inherits what was logged up to step 5,000, that does not
mean 5,000 lines, but those that were printed before the step after it was logged.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tidelog_server.series import chunks as float_chunks
from tidelog_server.series.heads import FLOAT_SERIES, has_chunks
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.chunks import STRING_SERIES
from tidelog_server.series.objects.heads import ObjectHead
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.tables import chunks as float_chunks_table
from tidelog_server.tables import object_chunks, paths, series

MONITORING = "monitoring"  # hardware is counted in samples, as lines are
NAMES = ("stdout", "stderr")
SERIES_ASKED = 8
NO_LINE = -(2**62)


def printed_paths(connection: sa.Connection, path_ids: Iterable[int]) -> set[int]:
    """Those of these paths at which clients keep what a job prints."""
    found: set[int] = set()
    ids = sorted(set(path_ids))
    for start in range(0, len(ids), chunks.SERIES_PER_STATEMENT):
        part = ids[start : start + chunks.SERIES_PER_STATEMENT]
        names = sa.or_(*(paths.c.path.endswith(f"/{name}", autoescape=True) for name in NAMES))
        found.update(connection.scalars(sa.select(paths.c.id).where(paths.c.id.in_(part), names)))
    return found


class Moments:
    """When runs went beyond steps, as far as folded series of numbers tell it; each is asked for once."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[int, int], int | None] = {}

    def beyond(self, run_id: int, step: int) -> int | None:
        """The time of the first point behind this step, in milliseconds; None if there is none yet.

        Of the series that go so far those with most points are asked: they tell it best.
        """
        if (run_id, step) not in self._known:
            self._known[run_id, step] = _beyond(self._connection, run_id, step)
        return self._known[run_id, step]

    def last_line(self, head: ObjectHead | None, tail: ObjectPoints, run_id: int, step: int) -> int:
        """The last line, up to the one that has the step as its number, of those before the run went beyond the step.

        So it is without further lines where more were printed: a fork counts its own lines from the step on.
        """
        moment = self.beyond(run_id, step)
        if moment is None:
            return step
        lines = [NO_LINE, *tail.steps[tail.times < moment].tolist()]
        if head is not None and head.type == STRING_SERIES:
            lines.append(_folded_before(self._connection, head.id, moment))
        return int(min(max(lines), step))


def _beyond(connection: sa.Connection, run_id: int, step: int) -> int | None:
    query = (
        sa.select(series.c.id)
        .join(paths, paths.c.id == series.c.path_id)
        .where(series.c.run_id == run_id, series.c.type == FLOAT_SERIES, has_chunks(), series.c.step_last > step)
        .where(~paths.c.path.startswith(f"{MONITORING}/", autoescape=True))
        .order_by(series.c.points.desc(), series.c.id)
        .limit(SERIES_ASKED)
    )
    times = (_first_time(connection, series_id, step) for series_id in connection.scalars(query).all())
    return min((time for time in times if time is not None), default=None)


def _first_time(connection: sa.Connection, series_id: int, step: int) -> int | None:
    table = float_chunks_table.c
    begins = connection.scalar(
        sa.select(sa.func.min(table.step_min)).where(table.series_id == series_id, table.step_max > step)
    )
    if begins is None:
        return None
    [points] = float_chunks.load(connection, series_id, [begins])
    return int(points.times[points.steps > step][0])


def _folded_before(connection: sa.Connection, series_id: int, moment: int) -> int:
    """The greatest step of the lines of a series that are older than this moment."""
    table = object_chunks.c
    begins = connection.scalar(
        sa.select(sa.func.max(table.step_min)).where(table.series_id == series_id, table.time_min < moment)
    )
    if begins is None:
        return NO_LINE
    points = chunks.load(connection, series_id, begins)
    return int(points.steps[points.times < moment][-1])
