"""Several series of objects, of several runs, side by side: each at its nearest step at or before a common one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.series.objects import codec
from tidelog_server.series.objects.lookup import FoundObjects, Key
from tidelog_server.series.objects.points import NO_OBJECTS, ObjectPoints, overlaid
from tidelog_server.tables import object_chunks

CHUNKS_PER_STATEMENT = 1_000


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


@dataclass(frozen=True)
class _Chunk:
    """A chunk as a series shows it: up to `last_step` where it is inherited. `is_cut`: more of it lies behind."""

    series_id: int
    first: int
    last: int
    last_step: int | None

    @property
    def is_cut(self) -> bool:
        return self.last_step is not None and self.last > self.last_step


_Chunks = Mapping[Key, Sequence[_Chunk]]  # of each series, ascending


def alongside(connection: sa.Connection, found: Mapping[Key, FoundObjects], at: int | None) -> Alongside:
    """Each of these series at its greatest step up to `at`, without one at its last; in two statements."""
    if not found:
        return Alongside({})
    last = max(series.step_last for series in found.values())
    at = last if at is None else at
    chunks = _chunks(connection, found)
    around = _around(connection, found, chunks, at)
    shown = {key: points.within(None, at)[-1:] for key, points in around.items()}
    here = max((int(points.steps[0]) for points in shown.values() if len(points)), default=None)
    stored = [chunk for of_series in chunks.values() for chunk in of_series]
    steps = [step for points in around.values() for step in points.steps.tolist()]
    ends = [chunk.last for chunk in stored if not chunk.is_cut]
    return Alongside(
        shown=shown,
        first=min([*steps, *(chunk.first for chunk in stored)], default=None),
        previous=None if here is None else max((step for step in [*steps, *ends] if step < here), default=None),
        here=here,
        next=min((step for step in [*steps, *(chunk.first for chunk in stored)] if step > at), default=None),
        last=last,
    )


def _chunks(connection: sa.Connection, found: Mapping[Key, FoundObjects]) -> _Chunks:
    """Where the chunks of these series lie."""
    table = object_chunks.c
    ids = {part.head.id for series in found.values() for part in series.parts if part.head is not None}
    query = sa.select(table.series_id, table.step_min, table.step_max).where(table.series_id.in_(ids))
    extents: dict[int, list[tuple[int, int]]] = {}
    for series_id, first, last in connection.execute(query.order_by(table.series_id, table.step_min)):
        extents.setdefault(series_id, []).append((first, last))
    return {
        key: [
            _Chunk(part.head.id, first, last, part.last_step)
            for part in series.parts
            if part.head is not None
            for first, last in extents.get(part.head.id, ())
            if part.last_step is None or first <= part.last_step
        ]
        for key, series in found.items()
    }


def _around(
    connection: sa.Connection, found: Mapping[Key, FoundObjects], chunks: _Chunks, at: int
) -> dict[Key, ObjectPoints]:
    """Of each series the points of its last chunk that begins at or before `at`, and of those whose end is not known,
    with what is not folded yet; values of one point only.
    """
    around = {}
    for key, series in found.items():
        around[key] = _lightened(_overlaid(part.logged for part in series.parts), at)
    wanted: dict[tuple[int, int], list[tuple[Key, _Chunk]]] = {}
    for key, of_series in chunks.items():
        nearest = [chunk for chunk in of_series if chunk.first <= at][-1:]
        for chunk in dict.fromkeys([*nearest, *(chunk for chunk in of_series if chunk.is_cut)]):
            wanted.setdefault((chunk.series_id, chunk.first), []).append((key, chunk))
    table = object_chunks.c
    query = sa.select(table.series_id, table.step_min, table.data)
    places = list(wanted)
    for start in range(0, len(places), CHUNKS_PER_STATEMENT):
        some = sa.tuple_(table.series_id, table.step_min).in_(places[start : start + CHUNKS_PER_STATEMENT])
        for series_id, first, data in connection.execute(query.where(some)):
            points = codec.decode(data)
            for key, chunk in wanted[series_id, first]:
                around[key] = _lightened(overlaid(points.within(None, chunk.last_step), around[key]), at)
    return around


def _overlaid(parts: Iterable[ObjectPoints]) -> ObjectPoints:
    whole = NO_OBJECTS
    for part in parts:
        whole = overlaid(whole, part)
    return whole


def _lightened(points: ObjectPoints, at: int) -> ObjectPoints:
    """The same points with the value of the one that is shown alone: many chunks would be much to hold at once."""
    place = int(points.steps.searchsorted(at, side="right")) - 1
    values = [value if number == place else b"" for number, value in enumerate(points.values)]
    return ObjectPoints(points.steps, points.times, values)
