"""What a fork inherits: the aggregates of its ancestors' series, up to the step of the fork, kept beside the fork.

Tables, queries and pages read one row for each series. That of a fork's curve is over the whole lineage: what it
inherits, worked out here whenever it may have changed, and its own points, which each fold of the fork adds anew.
A run that gets points at steps that a fork inherits says so in the fold's transaction (`mark`). Series are inherited,
those of texts, histograms and files too (`objects.inheritance`); values are not: a fork has parameters of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server import bulk
from tidelog_server.clock import now_ms
from tidelog_server.query.expressions import in_ids
from tidelog_server.runs.attributes import write_series_values
from tidelog_server.series import chunks, statistics
from tidelog_server.series.heads import (
    HEAD,
    STATISTICS_NAMES,
    Heads,
    SeriesHead,
    as_many,
    has_chunks,
    heads_at,
    hide_curves,
    load_all,
    show_curves,
)
from tidelog_server.series.history import NO_STEP
from tidelog_server.series.lineage import Ancestor, lineages
from tidelog_server.series.objects import inheritance as objects
from tidelog_server.series.objects.inheritance import ObjectSettlement
from tidelog_server.series.points import NEXT_STEP, STEP_UNITS, Int64s, PointsByPath
from tidelog_server.series.statistics import merge_each, statistics_of
from tidelog_server.tables import SERIES_TYPES, attributes, inherited_series, runs, series
from tidelog_server.tables import chunks as chunks_table

SERIES_AT_ONCE = 2_000  # of which chunks are cut and decoded; bounds memory
NOTHING = np.zeros(0, HEAD)

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Settlement:
    """What a fork inherits, worked out beforehand: `epochs` are its own fold's and that of what it inherits."""

    run_id: int
    project_id: int
    epoch: int
    inherits_epoch: int
    inherited: Heads
    curves: Heads
    objects: ObjectSettlement
    gone: list[int]  # paths of curves that are no longer there


def stale_forks(connection: sa.Connection) -> list[int]:
    """Forks of which what they inherit is to be worked out again."""
    query = sa.select(runs.c.id).where(runs.c.inherited_epoch != runs.c.inherits_epoch, runs.c.purge_ms.is_(None))
    return list(connection.scalars(query.order_by(runs.c.id)))


def is_stale(connection: sa.Connection, run_id: int) -> bool:
    """Whether this is one of them."""
    query = sa.select(runs.c.inherited_epoch != runs.c.inherits_epoch).where(runs.c.id == run_id)
    return bool(connection.scalar(query))


def mark(connection: sa.Connection, run_id: int, least_step: int) -> None:
    """Note that a run changed at this step, and perhaps behind it: forks that inherit it are to be worked out again."""
    doomed = [fork for fork, last_step in _descendants(connection, run_id) if last_step >= least_step]
    if doomed:
        mark_these(connection, doomed)


def mark_these(connection: sa.Connection, run_ids: Sequence[int]) -> None:
    """Note that what these forks inherit is to be worked out again."""
    changed = sa.update(runs).where(in_ids(runs.c.id, run_ids))
    connection.execute(changed.values(inherits_epoch=runs.c.inherits_epoch + 1))


def least_steps(new: PointsByPath, heads: Heads, fork_step: int | None) -> Int64s:
    """The least step that these points may have in each series; there is a head for each path."""
    unset = new.points.steps == NEXT_STEP
    explicit = np.where(unset, NO_STEP, new.points.steps)
    least = np.minimum.reduceat(explicit, new.offsets[:-1])
    begin = 0 if fork_step is None else fork_step + STEP_UNITS
    behind = np.where(heads["id"] == 0, begin, heads["step_last"])
    has_unset = np.logical_or.reduceat(unset, new.offsets[:-1])
    steps: Int64s = np.where(has_unset, np.minimum(least, behind), least)
    return steps


def load_inherited(connection: sa.Connection, run_id: int) -> Heads:
    """What a fork inherits, as last worked out: a head for each series, ascending by path."""
    data = connection.scalar(sa.select(inherited_series.c.data).where(inherited_series.c.run_id == run_id))
    return np.frombuffer(data, HEAD) if data else NOTHING


def lineage_of(inherited: Heads, own: Heads) -> Heads:
    """The curves of a fork over its whole lineage, where it has points of its own."""
    before = heads_at(inherited, own["path_id"])
    whole: Heads = own.copy()
    whole["points"] += before["points"]
    merge_each(whole, before)
    return whole


def settlement(connection: sa.Connection, run_id: int) -> Settlement | None:
    """Work out what a fork inherits; None if that is as it was."""
    columns = (runs.c.fold_epoch, runs.c.project_id, runs.c.inherits_epoch)
    stale = (runs.c.id == run_id, runs.c.inherited_epoch != runs.c.inherits_epoch, runs.c.purge_ms.is_(None))
    row = connection.execute(sa.select(*columns).where(*stale)).one_or_none()
    line = None if row is None else lineages(connection, [run_id]).get(run_id)
    if row is None or line is None:
        return None
    epoch, project_id, wanted = row
    own = load_all(connection, run_id)
    inherited = _inherited(connection, run_id, own, line.ancestors)
    others = objects.own_paths(connection, run_id)
    inherited = inherited[~np.isin(inherited["path_id"], list(others))]
    alone = inherited[~np.isin(inherited["path_id"], own["path_id"])]
    curves = np.concatenate([lineage_of(inherited, own), alone])
    gone = np.setdiff1d(load_inherited(connection, run_id)["path_id"], curves["path_id"])
    taken = {*others, *curves["path_id"].tolist()}
    shown = objects.settlement(connection, run_id, line.ancestors, taken)
    return Settlement(run_id, project_id, epoch, wanted, inherited, curves, shown, [*gone.tolist(), *shown.gone])


def apply(connection: sa.Connection, found: Settlement) -> bool:
    """Write it; False, and nothing is written, if the fork was folded in the meantime."""
    won = connection.execute(
        sa.update(runs)
        .where(runs.c.id == found.run_id, runs.c.fold_epoch == found.epoch)
        .values(fold_epoch=found.epoch + 1, inherited_epoch=found.inherits_epoch, modified_ms=now_ms())
    )
    if won.rowcount != 1:
        return False
    connection.execute(sa.delete(inherited_series).where(inherited_series.c.run_id == found.run_id))
    connection.execute(sa.insert(inherited_series).values(run_id=found.run_id, data=found.inherited.tobytes()))
    hide_curves(connection, found.run_id, found.gone)
    n = len(found.gone)
    for kind in SERIES_TYPES:
        gone: bulk.Columns = {"run_id": [found.run_id] * n, "path_id": found.gone, "type": [kind] * n}
        bulk.delete(connection, attributes, gone)
    show(connection, found.project_id, found.run_id, found.curves)
    objects.apply(connection, found.project_id, found.run_id, found.objects)
    return True


def show(connection: sa.Connection, project_id: int, run_id: int, curves: Heads) -> None:
    """Write the curves of a fork, and their last values, for whoever reads tables."""
    show_curves(connection, run_id, curves)
    every = np.ones(len(curves), bool)
    write_series_values(connection, project_id, run_id, curves["path_id"], curves["last"], every)


def _descendants(connection: sa.Connection, run_id: int) -> list[tuple[int, int]]:
    """The forks of a run and theirs, each with the last step that it inherits."""
    found: dict[int, int] = {run_id: NO_STEP}
    asked = [run_id]
    while asked:
        query = sa.select(runs.c.id, runs.c.fork_run_id, runs.c.fork_step).where(in_ids(runs.c.fork_run_id, asked))
        rows = [row for row in connection.execute(query) if row.id not in found]
        found.update((row.id, min(found[row.fork_run_id], row.fork_step)) for row in rows)
        asked = [row.id for row in rows]
    del found[run_id]
    return list(found.items())


def _inherited(connection: sa.Connection, run_id: int, own: Heads, ancestors: Sequence[Ancestor]) -> Heads:
    """Of each series of the ancestors, what lies before the points that the younger ones have; ascending by path."""
    found = NOTHING
    firsts = _first_steps(connection, run_id, ancestors[0].last_step)
    for place, ancestor in enumerate(ancestors):
        heads = load_all(connection, ancestor.run_id)
        lasts = np.full(len(heads), ancestor.last_step, np.int64)
        known = np.array(sorted(firsts), np.int64)
        places, is_known = _places(known, heads["path_id"])
        before = np.array([firsts[path_id] for path_id in known.tolist()], np.int64) - 1
        lasts[is_known] = np.minimum(lasts[is_known], before[places[is_known]])
        is_whole = heads["step_last"] <= lasts
        cut = _cut(connection, heads[~is_whole], lasts[~is_whole])
        found = _before(found, np.sort(np.concatenate([heads[is_whole], cut]), order="path_id"))
        if place + 1 < len(ancestors):
            for path_id, step in _first_steps(connection, ancestor.run_id, ancestors[place + 1].last_step).items():
                firsts[path_id] = min(step, firsts.get(path_id, step))
    return found


def _before(younger: Heads, older: Heads) -> Heads:
    """Both together, where the older one lies before the younger one in each series that both have."""
    both = lineage_of(older, younger)
    alone = older[~np.isin(older["path_id"], younger["path_id"])]
    return np.sort(np.concatenate([both, alone]), order="path_id")


def _places(known: Int64s, wanted: Int64s) -> tuple[NDArray[np.intp], Mask]:
    """Where each of `wanted` stands in `known`, which ascends, and whether it does."""
    if not len(known):
        return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), bool)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return places, known[places] == wanted


def _first_steps(connection: sa.Connection, run_id: int, last_step: int) -> dict[int, int]:
    """By path, the first step of those series of a run that begin at or before this step."""
    query = (
        sa.select(series.c.path_id, sa.func.min(chunks_table.c.step_min))
        .join(chunks_table, chunks_table.c.series_id == series.c.id)
        .where(series.c.run_id == run_id, has_chunks(), chunks_table.c.step_min <= last_step)
        .group_by(series.c.path_id)
    )
    return {path_id: int(step) for path_id, step in connection.execute(query)}


def _cut(connection: sa.Connection, heads: Heads, lasts: Int64s) -> Heads:
    """These series as they would be with their points up to a step each; without those that then have none."""
    parts: list[SeriesHead] = []
    order = np.argsort(heads["id"])
    heads, lasts = heads[order], lasts[order]
    for start in range(0, len(heads), SERIES_AT_ONCE):
        portion = slice(start, start + SERIES_AT_ONCE)
        parts.extend(_cut_some(connection, heads[portion], lasts[portion]))
    return as_many(parts)


def _cut_some(connection: sa.Connection, heads: Heads, lasts: Int64s) -> list[SeriesHead]:
    names = ("series_id", "step_min", "step_max", "points", *STATISTICS_NAMES)
    ids = heads["id"].tolist()
    query = (
        sa.select(*(chunks_table.c[name] for name in names))
        .where(chunks_table.c.series_id.in_(ids), chunks_table.c.step_min <= int(lasts.max()))
        .order_by(chunks_table.c.series_id, chunks_table.c.step_min)
    )
    last_of = dict(zip(ids, lasts.tolist(), strict=True))
    path_of = dict(zip(ids, heads["path_id"].tolist(), strict=True))
    rows = {
        series_id: [row for row in group if row.step_min <= last_of[series_id]]
        for series_id, group in groupby(connection.execute(query), key=lambda row: int(row.series_id))
    }
    rows = {series_id: found for series_id, found in rows.items() if found}
    loaded = chunks.load_keys(connection, [(series_id, found[-1].step_min) for series_id, found in rows.items()])
    cut = []
    for series_id, found in rows.items():
        newest = loaded[series_id, found[-1].step_min]
        newest = newest[newest.steps <= last_of[series_id]]
        older = [chunks.head_of(dict(row._mapping)) for row in found[:-1]]
        cut.append(
            SeriesHead(
                id=series_id,
                run_id=0,
                path_id=path_of[series_id],
                points=sum(chunk.points for chunk in older) + len(newest),
                step_last=int(newest.steps[-1]),
                open_step=0,
                open_points=0,
                last=float(newest.values[-1]),
                statistics=statistics.merged([*(chunk.statistics for chunk in older), statistics_of(newest.values)]),
            )
        )
    return cut
