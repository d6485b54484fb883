"""How a series grows: from its head, the points at hand and what is new, to the chunks that replace and extend it.

Nothing here writes. New points behind the end, which is what training does, touch the open chunk only; points at steps
that exist or lie before the end rewrite the chunks that they overlap, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from tidelog_server.series import chunks, statistics
from tidelog_server.series.chunks import OPEN_POINTS, STUB_POINTS, Row
from tidelog_server.series.heads import SeriesHead
from tidelog_server.series.history import NO_STEP
from tidelog_server.series.points import Points, begun_at, first_step, joined, merged, with_steps


@dataclass
class Growth:
    """What is to be written for one series; `head.id` is 0 for a new one.

    `least_step` is the least step that changes, where that cannot be told from the points that are new.
    """

    head: SeriesHead
    rows: list[Row]
    replaced: list[int] = field(default_factory=list)  # step_min of chunks that go
    least_step: int = NO_STEP


def grown(
    connection: sa.Connection,
    run_id: int,
    path_id: int,
    head: SeriesHead | None,
    opened: Points | None,
    new: Points,
    fork_step: int | None = None,
) -> Growth:
    """Fold `new`, in the order of logging, into a series, all of whose points are of one attempt.

    `head` is None for a series that does not exist yet; `opened` are the points of its open chunk if they may be
    rewritten. `fork_step` is that of a fork.
    """
    first = first_step(int(new.steps[0]) if head is None else head.attempt_step, new.steps, fork_step)
    new = begun_at(new, fork_step) if head is None else new
    new = with_steps(new, None if head is None else head.step_last)
    if not new.is_ascending():
        new = merged(new[:0], new)
    if head is None:
        return _begun(run_id, path_id, new, first)
    head = replace(head, attempt_step=first)
    if int(new.steps[0]) > head.step_last:
        return _appended(connection, head, opened, new)
    return _rewritten(connection, head, new)


def _begun(run_id: int, path_id: int, new: Points, first: int) -> Growth:
    rows = list(chunks.rows_of(new, run_id=run_id, series_id=None))
    whole = statistics.merged(chunks.head_of(row).statistics for row in rows)
    head = SeriesHead(
        id=0,
        run_id=run_id,
        path_id=path_id,
        points=len(new),
        step_last=int(new.steps[-1]),
        open_step=rows[-1]["step_min"],
        open_points=rows[-1]["points"],
        last=float(new.values[-1]),
        statistics=whole,
        attempt_step=first,
    )
    return Growth(head, rows)


def _appended(connection: sa.Connection, head: SeriesHead, opened: Points | None, new: Points) -> Growth:
    replaced, parts = [], [new]
    if opened is not None and (len(opened) < STUB_POINTS or len(new) >= STUB_POINTS):
        replaced, parts = [head.open_step], [opened, new]
        outgrown = len(opened) < STUB_POINTS <= len(opened) + len(new) and head.points > len(opened)
        if outgrown and (before := chunks.load_before(connection, head.id, head.open_step)) is not None:
            replaced, parts = [before[0], head.open_step], [before[1], opened, new]
    rows = list(chunks.rows_of(joined(parts), run_id=head.run_id, series_id=head.id))
    after = replace(
        head,
        points=head.points + len(new),
        step_last=int(new.steps[-1]),
        open_step=rows[-1]["step_min"],
        open_points=rows[-1]["points"],
        last=float(new.values[-1]),
        statistics=head.statistics.merged_with(statistics.statistics_of(new.values)),
    )
    return Growth(after, rows, replaced)


def _rewritten(connection: sa.Connection, head: SeriesHead, new: Points) -> Growth:
    """Points that rewind, repeat or fill in: aggregates come from the chunks again, never from a correction."""
    present = chunks.heads(connection, head.id)
    gone = [chunk.step_min for chunk in touched(present, int(new.steps[0]), int(new.steps[-1]))]
    old = chunks.load(connection, head.id, gone)
    points = merged(joined(old), new)
    rows = list(chunks.rows_of(points, run_id=head.run_id, series_id=head.id))
    remaining = [chunk for chunk in present if chunk.step_min not in set(gone)]
    after = sorted([*remaining, *map(chunks.head_of, rows)], key=lambda chunk: chunk.step_min)
    is_tail = after[-1].step_max == int(points.steps[-1])
    return Growth(
        replace(
            head,
            points=sum(chunk.points for chunk in after),
            step_last=after[-1].step_max,
            open_step=after[-1].step_min,
            open_points=after[-1].points,
            last=float(points.values[-1]) if is_tail else head.last,
            statistics=statistics.merged(chunk.statistics for chunk in after),
        ),
        rows,
        gone,
    )


def touched(present: list[chunks.Head], first: int, last: int) -> Iterator[chunks.Head]:
    """Chunks that overlap the steps from `first` to `last`, and the small ones right before and right after these."""
    for before, chunk, after in zip([None, *present], present, [*present[1:], None], strict=False):
        overlaps = chunk.step_max >= first and chunk.step_min <= last
        right_before = chunk.step_max < first and (after is None or after.step_max >= first)
        right_after = chunk.step_min > last and (before is None or before.step_min <= last)
        if overlaps or ((right_before or right_after) and chunk.points < OPEN_POINTS):
            yield chunk
