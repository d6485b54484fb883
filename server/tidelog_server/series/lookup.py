"""Find series by run and path, with what is not folded yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.runs.paths import path_ids
from tidelog_server.series.heads import SeriesHead, load_heads
from tidelog_server.series.points import Points
from tidelog_server.series.tails import Tails, tail_of


@dataclass(frozen=True)
class FoundSeries:
    """A series: what is folded of it (None: nothing yet) and what is not, in the order of logging."""

    head: SeriesHead | None
    tail: Points


def find_series(
    connection: sa.Connection,
    tails: Tails,
    project_id: int,
    wanted: Sequence[tuple[int, str]],
    *,
    abandoned_by: int = 0,
) -> list[FoundSeries | None]:
    """The series of these (run id, path) of one project, or what this attempt left behind of each; None where there is
    none.
    """
    run_ids = {run_id for run_id, _ in wanted}
    numbers = path_ids(connection, project_id, {path for _, path in wanted})
    heads = {
        (head.run_id, head.path_id): head
        for head in load_heads(connection, run_ids, numbers.values(), abandoned_by=abandoned_by)
    }
    # Nothing that is not folded yet is abandoned: reads of a resumed run fold it first.
    batches = {} if abandoned_by else tails.read(connection, run_ids)
    found: list[FoundSeries | None] = []
    for run_id, path in wanted:
        path_id = numbers.get(path, 0)
        head, tail = heads.get((run_id, path_id)), tail_of(batches.get(run_id, []), path_id)
        found.append(FoundSeries(head, tail) if head is not None or len(tail) else None)
    return found
