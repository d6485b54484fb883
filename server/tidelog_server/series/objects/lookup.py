"""Find series of objects by run and path, with what is not folded yet, and of forks with what they inherit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from tidelog_server.ingest.batches import LoggedBatch
from tidelog_server.runs.paths import path_ids
from tidelog_server.series.lineage import Lineage, lineages
from tidelog_server.series.objects.heads import (
    ObjectHead,
    first_steps,
    load_lineage_heads,
    load_object_heads,
    select_heads,
)
from tidelog_server.series.objects.points import NO_OBJECTS, ObjectPoints, begun_at, joined, settled
from tidelog_server.series.objects.printed import Moments, printed_paths
from tidelog_server.series.tails import Tails
from tidelog_server.tables import paths, series

Key = tuple[int, int]  # id of the run, id of the path


@dataclass(frozen=True)
class Part:
    """What one run has of a series: what is folded of it (None: nothing) and what is not, settled; its points up to
    `last_step`, included, where it is inherited.
    """

    run_id: int
    head: ObjectHead | None
    tail: ObjectPoints
    last_step: int | None = None

    @property
    def logged(self) -> ObjectPoints:
        """What is not folded of it."""
        return self.tail.within(None, self.last_step)


@dataclass(frozen=True)
class FoundObjects:
    """A series of objects: its parts lie one behind the other, the oldest, which is inherited, first.

    `points` is how many there are, a step that was logged again since the last fold counting twice, and `step_last` the
    greatest step.
    """

    type: str
    parts: tuple[Part, ...]
    points: int
    step_last: int

    @property
    def inherited(self) -> tuple[Part, ...]:
        """The parts that ancestors have."""
        return tuple(part for part in self.parts if part.last_step is not None)

    def ancestor_at(self, step: int) -> int | None:
        """The id of the run that the point at this step is inherited from; None: it is the run's own."""
        return next(
            (part.run_id for part in self.inherited if part.last_step is not None and step <= part.last_step), None
        )


def find_objects(
    connection: sa.Connection,
    tails: Tails,
    project_id: int,
    run_id: int,
    path: str,
    *,
    abandoned_by: int = 0,
    own: bool = False,
) -> FoundObjects | None:
    """The series of objects at this path of a run, or what this attempt left behind of it; None if there is none. With
    `own`, without what a fork inherits.
    """
    if abandoned_by:
        return _left_behind(connection, project_id, run_id, path, abandoned_by)
    found = find_many(connection, tails, project_id, run_id, [path]).get(path)
    return _own(found) if found is not None and own else found


def find_many(
    connection: sa.Connection, tails: Tails, project_id: int, run_id: int, wanted: Sequence[str]
) -> dict[str, FoundObjects]:
    """Those of these paths of a run that are series of objects. As many statements as for one."""
    ids = path_ids(connection, project_id, wanted)
    found = find_by_ids(connection, tails, [run_id], ids.values()) if ids else {}
    return {path: found[run_id, path_id] for path, path_id in ids.items() if (run_id, path_id) in found}


def find_by_ids(
    connection: sa.Connection, tails: Tails, run_ids: Collection[int], wanted: Collection[int]
) -> dict[Key, FoundObjects]:
    """The series of objects that these runs have, or inherit, at the paths with these ids."""
    lines = lineages(connection, run_ids)
    everybody = set(run_ids).union(ancestor.run_id for line in lines.values() for ancestor in line.ancestors)
    heads = {(head.run_id, head.path_id): head for head in load_object_heads(connection, everybody, wanted)}
    whole_heads = load_lineage_heads(connection, lines, wanted) if lines else []
    wholes = {(head.run_id, head.path_id): head for head in whole_heads}
    printed = printed_paths(connection, wanted) if lines else set()
    firsts = first_steps(connection, heads.values()) if lines else {}
    lookup = _Lookup(heads, tails.read(connection, everybody), firsts, printed, Moments(connection))
    found: dict[Key, FoundObjects] = {}
    for run_id in run_ids:
        for path_id in wanted:
            one = lookup.find(run_id, path_id, lines.get(run_id), wholes.get((run_id, path_id)))
            if one is not None:
                found[run_id, path_id] = one
    return found


def find_abandoned(connection: sa.Connection, run_id: int, wanted: Collection[str]) -> dict[str, list[ObjectHead]]:
    """What attempts left behind of the series of objects at these paths of a run, in the order of the attempts. Only
    what is folded: reads of a resumed run fold it first.
    """
    query = select_heads().add_columns(paths.c.path).join(paths, paths.c.id == series.c.path_id)
    query = query.where(series.c.run_id == run_id, series.c.abandoned_by > 0).order_by(series.c.abandoned_by)
    found: dict[str, list[ObjectHead]] = {}
    for *columns, path in connection.execute(query):
        if path in wanted:
            found.setdefault(path, []).append(ObjectHead(*columns))
    return found


@dataclass(frozen=True)
class _Lookup:
    """What is folded and what is not, of runs and their ancestors."""

    heads: Mapping[Key, ObjectHead]
    batches: Mapping[int, Sequence[LoggedBatch]]
    first_steps: Mapping[int, int]
    printed: Collection[int]  # paths of what jobs print
    moments: Moments

    def find(self, run_id: int, path_id: int, line: Lineage | None, whole: ObjectHead | None) -> FoundObjects | None:
        """The series of a run; `whole` says what that of a fork amounts to."""
        parts: list[Part] = []
        kind, own = self._part(run_id, path_id, None if line is None else line.fork_step, None)
        if own is not None:
            parts.append(own)
        first = None if own is None else self._first(own)
        for ancestor in () if line is None else line.ancestors:
            last_step = ancestor.last_step if first is None else min(ancestor.last_step, first - 1)
            its_kind, part = self._part(ancestor.run_id, path_id, ancestor.fork_step, last_step)
            if part is None or kind not in (None, its_kind):
                continue
            if path_id in self.printed:
                last_line = self.moments.last_line(part.head, part.tail, ancestor.run_id, ancestor.last_step)
                last_step = min(last_step, last_line)
                part = replace(part, last_step=last_step)
            begin = self._first(part)
            if begin <= last_step:
                kind, first = its_kind, begin
                parts.append(part)
        if kind is None or not parts:
            return None
        return FoundObjects(kind, tuple(reversed(parts)), _count(parts, whole), _step_last(parts[0], whole))

    def _part(
        self, run_id: int, path_id: int, fork_step: int | None, last_step: int | None
    ) -> tuple[str | None, Part | None]:
        head = self.heads.get((run_id, path_id))
        logged = logged_at(self.batches.get(run_id, ()), path_id)
        kind = head.type if head is not None else next((kind for kind, _ in logged), None)
        if kind is None:
            return None, None
        tail = joined([points for its_kind, points in logged if its_kind == kind])
        if head is None:
            tail = begun_at(tail, fork_step)
        if len(tail):
            tail = settled(tail, None if head is None else head.step_last)
        return kind, Part(run_id, head, tail, last_step)

    def _first(self, part: Part) -> int:
        firsts: list[int] = part.tail.steps[:1].tolist()
        if part.head is not None:
            firsts.append(self.first_steps.get(part.head.id, part.head.step_last))
        return min(firsts)


def _count(parts: Sequence[Part], whole: ObjectHead | None) -> int:
    """How many points parts have; of a fork, what is folded of all is counted in its row for the lineage."""
    folded = sum(part.head.points for part in parts if part.head is not None) if whole is None else whole.points
    return folded + sum(len(part.logged) for part in parts)


def _step_last(youngest: Part, whole: ObjectHead | None) -> int:
    """The greatest step. Where the end of what is inherited lies, the row for the lineage says."""
    ends: list[int] = youngest.logged.steps[-1:].tolist()
    if youngest.last_step is not None and whole is not None:
        return max([whole.step_last, *ends])
    if youngest.head is not None:
        ends.append(youngest.head.step_last)
    return max(ends) if youngest.last_step is None else min(max(ends), youngest.last_step)


def _own(found: FoundObjects) -> FoundObjects | None:
    parts = tuple(part for part in found.parts if part.last_step is None)
    return FoundObjects(found.type, parts, _count(parts, None), found.step_last) if parts else None


def _left_behind(
    connection: sa.Connection, project_id: int, run_id: int, path: str, abandoned_by: int
) -> FoundObjects | None:
    """Nothing that is not folded yet is abandoned: reads of a resumed run fold it first."""
    path_id = path_ids(connection, project_id, [path]).get(path)
    if path_id is None:
        return None
    heads = load_object_heads(connection, [run_id], [path_id], abandoned_by=abandoned_by)
    return left_behind(heads[0]) if heads else None


def left_behind(head: ObjectHead) -> FoundObjects:
    """What an attempt left behind, to be read as a series is."""
    return FoundObjects(head.type, (Part(head.run_id, head, NO_OBJECTS),), head.points, head.step_last)


def logged_at(batches: Sequence[LoggedBatch], path_id: int) -> list[tuple[str, ObjectPoints]]:
    """What these batches hold of one path: type and points, in the order of logging."""
    return [stretch for batch in batches for stretch in batch.objects.of(path_id)]
