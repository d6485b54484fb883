"""Reading a series of objects: one bounded page at a time, from either end, with what is not folded yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.ingest.batches import LoggedBatch
from tidelog_server.runs.paths import path_ids
from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.heads import ObjectHead, load_object_heads
from tidelog_server.series.objects.points import ObjectPoints, joined, overlaid, settled
from tidelog_server.series.tails import Tails

PAGE_POINTS = 10_000
PAGE_BYTES = 32 * 1024 * 1024  # of values; a page ends early rather than hold more


@dataclass(frozen=True)
class FoundObjects:
    """A series of objects: what is folded of it (None: nothing yet) and what is not, settled."""

    type: str
    head: ObjectHead | None
    tail: ObjectPoints

    @property
    def points(self) -> int:
        """How many there are; a step that was logged again since the last fold counts twice."""
        return len(self.tail) + (0 if self.head is None else self.head.points)

    @property
    def step_last(self) -> int:
        """The greatest step."""
        ends: list[int] = self.tail.steps[-1:].tolist()
        return max(ends if self.head is None else [self.head.step_last, *ends])


@dataclass(frozen=True)
class ObjectPage:
    """Some points, ascending by step, and whether there are more beyond them in the direction of reading."""

    points: ObjectPoints
    more: bool


def find_objects(
    connection: sa.Connection, tails: Tails, project_id: int, run_id: int, path: str
) -> FoundObjects | None:
    """The series of objects at this path of a run; None if there is none."""
    return find_many(connection, tails, project_id, run_id, [path]).get(path)


def find_many(
    connection: sa.Connection, tails: Tails, project_id: int, run_id: int, wanted: Sequence[str]
) -> dict[str, FoundObjects]:
    """Those of these paths of a run that are series of objects. As many statements as for one."""
    ids = path_ids(connection, project_id, wanted)
    if not ids:
        return {}
    heads = {head.path_id: head for head in load_object_heads(connection, [run_id], ids.values())}
    batches = tails.read(connection, [run_id]).get(run_id, [])
    found = {path: found_of(heads.get(path_id), logged_at(batches, path_id)) for path, path_id in ids.items()}
    return {path: one for path, one in found.items() if one is not None}


def found_of(head: ObjectHead | None, logged: list[tuple[str, ObjectPoints]]) -> FoundObjects | None:
    """What is folded of a series and what is not, as one; None where there is neither."""
    kind = head.type if head is not None else next((kind for kind, _ in logged), None)
    if kind is None:
        return None
    tail = joined([points for its_kind, points in logged if its_kind == kind])
    return FoundObjects(kind, head, settled(tail, None if head is None else head.step_last) if len(tail) else tail)


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
    tail = found.tail.within(start, stop)
    parts: list[ObjectPoints] = []
    reach: int | None = None  # how far the chunks that were read go, if there are more
    stretches = _stretches(connection, found, start, stop, newest_first)
    count = size = 0
    for part in stretches:
        if count > limit or size > PAGE_BYTES:
            reach = int(parts[-1].steps[0 if newest_first else -1])
            break
        if len(part):
            parts.append(part)
            count += len(part)
            size += sum(map(len, part.values))
    stored = joined(parts[::-1] if newest_first else parts)
    tail = tail.within(reach, None) if newest_first else tail.within(None, reach)
    return _cut(overlaid(stored, tail), limit, newest_first, more=reach is not None)


def _stretches(
    connection: sa.Connection, found: FoundObjects, start: int | None, stop: int | None, newest_first: bool
) -> Iterable[ObjectPoints]:
    if found.head is None:
        return []
    return chunks.stretch(connection, found.head.id, start, stop, newest_first=newest_first)


def _cut(points: ObjectPoints, limit: int, newest_first: bool, *, more: bool) -> ObjectPage:
    """At most `limit` points, and no more than a page's bytes, but one at least."""
    size = 0
    for count, value in enumerate(reversed(points.values) if newest_first else points.values):
        size += len(value)
        if count == limit or (count and size > PAGE_BYTES):
            return ObjectPage(points[len(points) - count :] if newest_first else points[:count], more=True)
    return ObjectPage(points, more)


def logged_at(batches: Sequence[LoggedBatch], path_id: int) -> list[tuple[str, ObjectPoints]]:
    """What these batches hold of one path: type and points, in the order of logging."""
    return [stretch for batch in batches for stretch in batch.objects.of(path_id)]
