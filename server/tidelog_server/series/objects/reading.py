"""Reading a series of objects: one bounded page at a time, from either end, with what is not folded yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.lookup import FoundObjects, Part
from tidelog_server.series.objects.points import ObjectPoints, joined, overlaid

PAGE_POINTS = 10_000
PAGE_BYTES = 32 * 1024 * 1024  # of values; a page ends early rather than hold more


@dataclass(frozen=True)
class ObjectPage:
    """Some points, ascending by step, and whether there are more beyond them in the direction of reading."""

    points: ObjectPoints
    more: bool


@dataclass(frozen=True)
class _Wanted:
    """Which points are asked for; both steps are included."""

    start: int | None
    stop: int | None
    newest_first: bool

    def up_to(self, last_step: int | None) -> _Wanted:
        """The same without what lies behind a step."""
        stops = [stop for stop in (self.stop, last_step) if stop is not None]
        return _Wanted(self.start, min(stops, default=None), self.newest_first)


@dataclass(frozen=True)
class _Room:
    """How many points, and bytes of values, a page still takes; one point at least if it `needs_one`."""

    points: int
    bytes: int
    needs_one: bool


def page_of(
    connection: sa.Connection,
    found: FoundObjects,
    *,
    start: int | None = None,
    stop: int | None = None,
    limit: int = PAGE_POINTS,
    newest_first: bool = False,
) -> ObjectPage:
    """The first `limit` points (with `newest_first` the last) with steps from `start` to `stop`, both included."""
    wanted = _Wanted(start, stop, newest_first)
    pages: list[ObjectPoints] = []
    room = _Room(limit, PAGE_BYTES, needs_one=True)
    for part in reversed(found.parts) if newest_first else found.parts:
        page = _page_of_part(connection, part, wanted.up_to(part.last_step), room)
        if count := len(page.points):
            pages.append(page.points)
            size = sum(map(len, page.points.values))
            room = _Room(room.points - count, room.bytes - size, needs_one=False)
        if page.more:
            return ObjectPage(joined(pages[::-1] if newest_first else pages), more=True)
    return ObjectPage(joined(pages[::-1] if newest_first else pages), more=False)


def _page_of_part(connection: sa.Connection, part: Part, wanted: _Wanted, room: _Room) -> ObjectPage:
    tail = part.tail.within(wanted.start, wanted.stop)
    parts: list[ObjectPoints] = []
    reach: int | None = None  # how far the chunks that were read go, if there are more
    count = size = 0
    for points in _stretches(connection, part, wanted):
        if count > room.points or size > room.bytes:
            reach = int(parts[-1].steps[0 if wanted.newest_first else -1])
            break
        if len(points):
            parts.append(points)
            count += len(points)
            size += sum(map(len, points.values))
    stored = joined(parts[::-1] if wanted.newest_first else parts)
    tail = tail.within(reach, None) if wanted.newest_first else tail.within(None, reach)
    return _cut(overlaid(stored, tail), room, wanted.newest_first, more=reach is not None)


def _stretches(connection: sa.Connection, part: Part, wanted: _Wanted) -> Iterable[ObjectPoints]:
    if part.head is None:
        return []
    return chunks.stretch(connection, part.head.id, wanted.start, wanted.stop, newest_first=wanted.newest_first)


def _cut(points: ObjectPoints, room: _Room, newest_first: bool, *, more: bool) -> ObjectPage:
    """At most as many points as there is room for."""
    size = 0
    for count, value in enumerate(reversed(points.values) if newest_first else points.values):
        size += len(value)
        if count == room.points or (size > room.bytes and (count or not room.needs_one)):
            return ObjectPage(points[len(points) - count :] if newest_first else points[:count], more=True)
    return ObjectPage(points, more)
