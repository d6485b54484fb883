"""How a series of objects grows: to the chunks that replace and extend it. Nothing here writes.

New points behind the end touch the open chunk only; points at steps that exist or lie before the end rewrite the
chunks whose stretch they fall into, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import sqlalchemy as sa

from tidelog_server.series.objects import chunks
from tidelog_server.series.objects.chunks import Row
from tidelog_server.series.objects.heads import ObjectHead
from tidelog_server.series.objects.points import ObjectPoints, begun_at, joined, overlaid, settled
from tidelog_server.series.points import first_step


@dataclass(frozen=True)
class ObjectGrowth:
    """What is to be written for one series; `head.id` is 0 for a new one. `last` is None where it stays as it was.

    `least_step` is the least step that changes.
    """

    head: ObjectHead
    rows: list[Row]
    last: bytes | None
    least_step: int
    replaced: list[int] = field(default_factory=list)  # step_min of chunks that go


def begun(run_id: int, path_id: int, kind: str, logged: ObjectPoints, fork_step: int | None = None) -> ObjectGrowth:
    """The first points of a series, in the order of logging; `fork_step` is that of a fork."""
    new = settled(begun_at(logged, fork_step), None)
    rows = list(chunks.rows_of(new, run_id=run_id, series_id=None, kind=kind))
    head = ObjectHead(
        id=0,
        run_id=run_id,
        path_id=path_id,
        type=kind,
        points=len(new),
        step_last=int(new.steps[-1]),
        open_step=rows[-1]["step_min"],
        open_points=rows[-1]["points"],
        attempt_step=first_step(int(logged.steps[0]), logged.steps, fork_step),
    )
    return ObjectGrowth(head, rows, new.values[-1], int(new.steps[0]))


def grown(
    connection: sa.Connection,
    head: ObjectHead,
    opened: ObjectPoints | None,
    logged: ObjectPoints,
    fork_step: int | None = None,
) -> ObjectGrowth:
    """Fold `logged`, in the order of logging, into a series, all of whose points are of one attempt. `opened` are the
    points of its last chunk if that is still open.
    """
    head = replace(head, attempt_step=first_step(head.attempt_step, logged.steps, fork_step))
    new = settled(logged, head.step_last)
    if int(new.steps[0]) > head.step_last:
        stretch = new if opened is None else joined([opened, new])
        rows = list(chunks.rows_of(stretch, run_id=head.run_id, series_id=head.id, kind=head.type))
        after = _ending(head, len(new), rows[-1])
        replaced = [] if opened is None else [head.open_step]
        return ObjectGrowth(after, rows, new.values[-1], int(new.steps[0]), replaced)
    return _rewritten(connection, head, new)


def _rewritten(connection: sa.Connection, head: ObjectHead, new: ObjectPoints) -> ObjectGrowth:
    rows: list[Row] = []
    replaced: list[int] = []
    added = 0
    for step_min, part in _by_chunk([extent.step_min for extent in chunks.extents(connection, head.id)], new):
        old = chunks.load(connection, head.id, step_min)
        both = overlaid(old, part)
        rows.extend(chunks.rows_of(both, run_id=head.run_id, series_id=head.id, kind=head.type))
        replaced.append(step_min)
        added += len(both) - len(old)
    is_tail = replaced[-1] == head.open_step
    after = _ending(head, added, rows[-1]) if is_tail else replace(head, points=head.points + added)
    last = new.values[-1] if int(new.steps[-1]) >= head.step_last else None
    return ObjectGrowth(after, rows, last, int(new.steps[0]), replaced)


def _by_chunk(step_mins: list[int], new: ObjectPoints) -> Iterator[tuple[int, ObjectPoints]]:
    """Each chunk that gets some of these points, by its `step_min`, and those points."""
    owners = np.maximum(np.searchsorted(np.array(step_mins), new.steps, side="right") - 1, 0)
    starts = np.flatnonzero(np.diff(owners, prepend=-1)).tolist()
    for start, stop in zip(starts, [*starts[1:], len(new)], strict=True):
        yield step_mins[int(owners[start])], new[start:stop]


def _ending(head: ObjectHead, added: int, last: Row) -> ObjectHead:
    """The head with so many points more, whose last chunk is this one."""
    return replace(
        head,
        points=head.points + added,
        step_last=last["step_max"],
        open_step=last["step_min"],
        open_points=last["points"],
    )
