"""Export: the points of a series as they were logged, one bounded page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.series import codec
from tidelog_server.series.heads import SeriesHead
from tidelog_server.series.lookup import Inherited
from tidelog_server.series.points import EMPTY, Points, joined, merged, with_steps
from tidelog_server.tables import chunks

PAGE_POINTS = 1_000_000


@dataclass(frozen=True)
class Page:
    """Some points, ascending by step, and whether more follow them."""

    points: Points
    more: bool


def page_of(
    connection: sa.Connection,
    head: SeriesHead | None,
    tail: Points,
    inherited: Sequence[Inherited] = (),
    *,
    start: int | None = None,
    stop: int | None = None,
    limit: int = PAGE_POINTS,
) -> Page:
    """The first `limit` points with steps from `start` to `stop`, both included, in millionths; None is open.

    What a fork inherits comes first, the oldest of it at the beginning.
    """
    parts: list[Points] = []
    for part in inherited:
        last = part.last_step if stop is None else min(stop, part.last_step)
        page = page_of(connection, part.head, part.tail, start=start, stop=last, limit=limit)
        parts.append(page.points)
        limit -= len(page.points)
        if page.more or limit <= 0:
            return Page(joined([part for part in parts if len(part)]), True)
    if parts:
        page = page_of(connection, head, tail, start=start, stop=stop, limit=limit)
        return Page(joined([part for part in (*parts, page.points) if len(part)]), page.more)
    tail = merged(EMPTY, with_steps(tail, None if head is None else head.step_last))
    stored, reaches = (EMPTY, None) if head is None else _stored(connection, head, start, stop, limit)
    points = merged(stored, _within(tail, start, reaches if reaches is not None else stop))
    points = _within(points, start, stop)
    return Page(points[:limit], reaches is not None or len(points) > limit)


def _stored(
    connection: sa.Connection, head: SeriesHead, start: int | None, stop: int | None, limit: int
) -> tuple[Points, int | None]:
    """The points of as many chunks as `limit` needs, and the step up to which these reach if there are more."""
    query = sa.select(chunks.c.data).where(chunks.c.series_id == head.id).order_by(chunks.c.step_min)
    if start is not None:
        query = query.where(chunks.c.step_max >= start)
    if stop is not None:
        query = query.where(chunks.c.step_min <= stop)
    parts: list[Points] = []
    count = 0
    with connection.execution_options(yield_per=16).execute(query) as result:
        for data in result.scalars():
            if count > limit:
                return joined(parts), int(parts[-1].steps[-1])
            parts.append(_within(codec.decode(data), start, stop))
            count += len(parts[-1])
    return joined(parts), None


def _within(points: Points, start: int | None, stop: int | None) -> Points:
    first = 0 if start is None else int(points.steps.searchsorted(start, side="left"))
    end = len(points) if stop is None else int(points.steps.searchsorted(stop, side="right"))
    return points[first:end]
