"""Find series by run and path, with what is not folded yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tidelog_server.runs.paths import path_ids
from tidelog_server.series.chunks import SERIES_PER_STATEMENT
from tidelog_server.series.heads import SeriesHead, load_heads, load_left_behind
from tidelog_server.series.lineage import lineages
from tidelog_server.series.points import Points, begun_at, with_steps
from tidelog_server.series.tails import Tails, tail_of
from tidelog_server.tables import chunks


@dataclass(frozen=True)
class Inherited:
    """What a fork shows of an ancestor's series: its points up to `last_step`, included."""

    head: SeriesHead | None
    tail: Points
    last_step: int


@dataclass(frozen=True)
class FoundSeries:
    """A series: what is folded of it (None: nothing yet) and what is not, in the order of logging; of a fork also what
    it inherits, the oldest first, which all lies before its own points.
    """

    head: SeriesHead | None
    tail: Points
    inherited: tuple[Inherited, ...] = ()


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
    lines = {} if abandoned_by else lineages(connection, run_ids)
    everybody = run_ids.union(ancestor.run_id for line in lines.values() for ancestor in line.ancestors)
    loaded = load_heads(connection, everybody, numbers.values(), abandoned_by=abandoned_by)
    heads = {(head.run_id, head.path_id): head for head in loaded}
    # Nothing that is not folded yet is abandoned: reads of a resumed run fold it first.
    batches = {} if abandoned_by else tails.read(connection, everybody)
    first_steps = _first_steps(connection, loaded) if lines else {}
    found: list[FoundSeries | None] = []
    for run_id, path in wanted:
        path_id = numbers.get(path, 0)
        head, tail = heads.get((run_id, path_id)), tail_of(batches.get(run_id, []), path_id)
        inherited: list[Inherited] = []
        if line := lines.get(run_id):
            if head is None:
                tail = begun_at(tail, line.fork_step)
            first = _first(head, tail, first_steps)
            for ancestor in line.ancestors:
                key = (ancestor.run_id, path_id)
                old_head, old_tail = heads.get(key), tail_of(batches.get(ancestor.run_id, []), path_id)
                old = Inherited(
                    old_head,
                    old_tail if old_head else begun_at(old_tail, ancestor.fork_step),
                    ancestor.last_step if first is None else min(ancestor.last_step, first - 1),
                )
                own_first = _first(old.head, old.tail, first_steps)
                if own_first is not None and own_first <= old.last_step:
                    inherited.append(old)
                    first = own_first
        if head is not None or len(tail) or inherited:
            found.append(FoundSeries(head, tail, tuple(reversed(inherited))))
        else:
            found.append(None)
    return found


def find_abandoned(
    connection: sa.Connection, project_id: int, run_ids: Sequence[int], paths: Sequence[str], *, newest: int
) -> dict[tuple[int, str], list[SeriesHead]]:
    """What attempts left behind of the series of one project, by run id and path: of each the `newest` attempts, the
    oldest first. Only what is folded: reads of a resumed run fold it first.
    """
    names = {number: path for path, number in path_ids(connection, project_id, set(paths)).items()}
    found: dict[tuple[int, str], list[SeriesHead]] = {}
    for head in sorted(load_left_behind(connection, run_ids, names), key=lambda head: head.abandoned_by):
        found.setdefault((head.run_id, names[head.path_id]), []).append(head)
    return {pair: heads[-newest:] for pair, heads in found.items()}


def _first_steps(connection: sa.Connection, heads: Sequence[SeriesHead]) -> dict[int, int]:
    """The first folded step of each of these series, by its id."""
    found: dict[int, int] = {}
    for start in range(0, len(heads), SERIES_PER_STATEMENT):
        ids = [head.id for head in heads[start : start + SERIES_PER_STATEMENT]]
        query = (
            sa.select(chunks.c.series_id, sa.func.min(chunks.c.step_min))
            .where(chunks.c.series_id.in_(ids))
            .group_by(chunks.c.series_id)
        )
        found.update((series_id, step) for series_id, step in connection.execute(query))
    return found


def _first(head: SeriesHead | None, tail: Points, first_steps: dict[int, int]) -> int | None:
    """The first step of a series with what is not folded; None if it has no points."""
    if len(tail):
        tail = with_steps(tail, None if head is None else head.step_last)
    firsts = [*([first_steps[head.id]] if head is not None else []), *([int(tail.steps.min())] if len(tail) else [])]
    return min(firsts, default=None)
