"""Several series of objects, of several runs, side by side: each at its nearest step at or before a common one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.series.objects import codec
from tidelog_server.series.objects.heads import load_object_heads
from tidelog_server.series.objects.points import ObjectPoints, overlaid
from tidelog_server.series.objects.reading import FoundObjects, found_of, logged_at
from tidelog_server.series.tails import Tails
from tidelog_server.tables import object_chunks

Key = tuple[int, int]  # id of the run, id of the path


@dataclass(frozen=True)
class Alongside:
    """What was found: the point that each series shows (none where it begins later), and where one can go from there.

    Steps are in millionths; `here` is the greatest that is shown, `previous` and `next` are the nearest of any series.
    """

    shown: Mapping[Key, ObjectPoints]
    first: int | None = None
    previous: int | None = None
    here: int | None = None
    next: int | None = None
    last: int | None = None


def found_alongside(
    connection: sa.Connection, tails: Tails, run_ids: Collection[int], path_ids: Collection[int]
) -> dict[Key, FoundObjects]:
    """The series of objects that these runs have at these paths."""
    heads = {(head.run_id, head.path_id): head for head in load_object_heads(connection, run_ids, path_ids)}
    batches = tails.read(connection, run_ids)
    found: dict[Key, FoundObjects] = {}
    for run_id in run_ids:
        for path_id in path_ids:
            series = found_of(heads.get((run_id, path_id)), logged_at(batches.get(run_id, []), path_id))
            if series is not None:
                found[run_id, path_id] = series
    return found


def alongside(connection: sa.Connection, found: Mapping[Key, FoundObjects], at: int | None) -> Alongside:
    """Each of these series at its greatest step up to `at`, without one at its last; in four statements."""
    if not found:
        return Alongside({})
    last = max(series.step_last for series in found.values())
    at = last if at is None else at
    of_series = {series.head.id: key for key, series in found.items() if series.head is not None}
    around = _around(connection, of_series, found, at)
    shown = {key: points.within(None, at)[-1:] for key, points in around.items()}
    here = max((int(points.steps[0]) for points in shown.values() if len(points)), default=None)
    return Alongside(
        shown=shown,
        first=_first(connection, of_series, found),
        previous=None if here is None else _previous(connection, of_series, around, here),
        here=here,
        next=_next(connection, of_series, around, at),
        last=last,
    )


def _around(
    connection: sa.Connection, of_series: Mapping[int, Key], found: Mapping[Key, FoundObjects], at: int
) -> dict[Key, ObjectPoints]:
    """Of each series its chunk that begins at or before `at`, with what is not folded yet; values of one point only."""
    chunks = object_chunks.c
    begins = (
        sa.select(chunks.series_id, sa.func.max(chunks.step_min).label("step_min"))
        .where(chunks.series_id.in_(of_series), chunks.step_min <= at)
        .group_by(chunks.series_id)
        .subquery()
    )
    query = sa.select(chunks.series_id, chunks.data).join(
        begins, (begins.c.series_id == chunks.series_id) & (begins.c.step_min == chunks.step_min)
    )
    around = {key: series.tail for key, series in found.items()}
    for series_id, data in connection.execute(query):
        key = of_series[series_id]
        around[key] = _lightened(overlaid(codec.decode(data), around[key]), at)
    return around


def _lightened(points: ObjectPoints, at: int) -> ObjectPoints:
    """The same points with the value of the one that is shown alone: many chunks would be much to hold at once."""
    place = int(points.steps.searchsorted(at, side="right")) - 1
    values = [value if number == place else b"" for number, value in enumerate(points.values)]
    return ObjectPoints(points.steps, points.times, values)


def _first(connection: sa.Connection, of_series: Mapping[int, Key], found: Mapping[Key, FoundObjects]) -> int | None:
    stored = connection.scalar(
        sa.select(sa.func.min(object_chunks.c.step_min)).where(object_chunks.c.series_id.in_(of_series))
    )
    steps = [int(series.tail.steps[0]) for series in found.values() if len(series.tail)]
    return min([*steps, *([] if stored is None else [stored])], default=None)


def _previous(
    connection: sa.Connection, of_series: Mapping[int, Key], around: Mapping[Key, ObjectPoints], here: int
) -> int | None:
    chunks = object_chunks.c
    stored = connection.scalar(
        sa.select(sa.func.max(chunks.step_max)).where(chunks.series_id.in_(of_series), chunks.step_max < here)
    )
    before = (points.within(None, here - 1) for points in around.values())
    steps = [int(points.steps[-1]) for points in before if len(points)]
    return max([*steps, *([] if stored is None else [stored])], default=None)


def _next(
    connection: sa.Connection, of_series: Mapping[int, Key], around: Mapping[Key, ObjectPoints], at: int
) -> int | None:
    chunks = object_chunks.c
    stored = connection.scalar(
        sa.select(sa.func.min(chunks.step_min)).where(chunks.series_id.in_(of_series), chunks.step_min > at)
    )
    behind = (points.within(at + 1, None) for points in around.values())
    steps = [int(points.steps[0]) for points in behind if len(points)]
    return min([*steps, *([] if stored is None else [stored])], default=None)
