"""Stubs: how very many series that get a few points each grow at once.

A model that logs every layer touches 100,000 series in one fold. One by one, as `growth` takes them, each costs a
hundred microseconds; here they are columns of arrays, and cost what the database takes for three rows. Only points
behind the end of a series that begin a stub or fit into the one that is there; the others are for `growth`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from tidelog_server import bulk
from tidelog_server.series import codec
from tidelog_server.series.chunks import STUB_POINTS, statistics_columns
from tidelog_server.series.heads import Heads, has_chunks, within
from tidelog_server.series.points import (
    NEXT_STEP,
    NO_POINTS,
    STEP_UNITS,
    Points,
    PointsByPath,
    grouped_by_path,
    joined,
)
from tidelog_server.series.statistics import merge_each, statistics_of_each
from tidelog_server.tables import chunks as chunks_table
from tidelog_server.tables import past_attempts, series


@dataclass(frozen=True)
class StubGrowth:
    """Series after they grew, and the columns of their last chunks, which were there before where `extended`; the
    columns of `past` are what is to be noted of attempts that were the newest.
    """

    heads: Heads
    columns: dict[str, list[Any]]
    extended: NDArray[np.bool_]
    past: dict[str, list[Any]]


@dataclass(frozen=True)
class Fitting:
    """Points with their steps filled in; `counted` says of which paths they had none."""

    points: PointsByPath
    counted: NDArray[np.bool_]


def fitting(new: PointsByPath, heads: Heads, fork_step: int | None) -> tuple[Fitting, NDArray[np.bool_]]:
    """What `grown_stubs` can take of these points, and which of the paths that is.

    `heads` has one for each path of `new`. Points of one attempt that goes on behind the end fit like any others.
    """
    counts = new.counts
    first, last = (reduce.reduceat(new.attempts, new.offsets[:-1]) for reduce in (np.minimum, np.maximum))
    few = (counts < STUB_POINTS) & (first == last) & (first >= heads["attempt"])
    stub = np.where(heads["open_points"] < STUB_POINTS, heads["open_points"], 0)
    fits = few & (stub + counts < STUB_POINTS)
    if not fits.any():
        return Fitting(NO_POINTS, fits[:0]), fits
    new, heads = new.where(fits), heads[fits]
    filled, counted, known = _with_steps(new, heads, fork_step)
    steps, starts = filled.points.steps, filled.offsets[:-1]
    ascending = np.ones(len(steps), bool)
    ascending[1:] = steps[1:] > steps[:-1]
    ascending[starts] = True
    goes_on = (heads["id"] != 0) & (first[fits] == heads["attempt"])
    known &= counted | (heads["attempt_step"] != NEXT_STEP) | ~goes_on  # else it counts no more
    good = (
        known & np.logical_and.reduceat(ascending, starts) & ((heads["id"] == 0) | (steps[starts] > heads["step_last"]))
    )
    fits[fits] = good
    return Fitting(filled.where(good), counted[good]), fits


def grown_stubs(connection: sa.Connection, run_id: int, fitted: Fitting, heads: Heads) -> StubGrowth:
    """Append points that `fitting` gave to these series, one for each path."""
    new = fitted.points
    extended = (heads["id"] != 0) & (heads["open_points"] < STUB_POINTS)
    stubs = _with_old(new, _load(connection, run_id, heads[extended]))
    points, starts, ends = stubs.points, stubs.offsets[:-1], stubs.offsets[1:] - 1
    after = heads.copy()
    after["points"] += new.counts
    after["step_last"], after["last"] = points.steps[ends], points.values[ends]
    after["open_step"], after["open_points"] = points.steps[starts], stubs.counts
    attempts, firsts = new.attempts[new.offsets[:-1]], new.points.steps[new.offsets[:-1]]
    begins = (heads["id"] == 0) | (attempts > heads["attempt"])
    after["attempt"][begins] = attempts[begins]
    after["attempt_step"][begins] = np.where(fitted.counted, NEXT_STEP, firsts)[begins]
    merge_each(after, statistics_of_each(new.points.values, new.offsets))
    columns = {
        "run_id": [run_id] * len(heads),
        "step_min": points.steps[starts].tolist(),
        "step_max": points.steps[ends].tolist(),
        "time_min": np.minimum.reduceat(points.times, starts).tolist(),
        "time_max": np.maximum.reduceat(points.times, starts).tolist(),
        "points": stubs.counts.tolist(),
        **statistics_columns(statistics_of_each(points.values, stubs.offsets)),
        "coarse": [None] * len(heads),
        "fine": [None] * len(heads),
        "data": codec.encode_plain(points, stubs.offsets),
    }
    return StubGrowth(after, columns, extended, _past(run_id, heads[begins & (heads["id"] != 0)]))


def write_chunks(connection: sa.Connection, growth: StubGrowth, series_ids: list[int]) -> None:
    """Write the chunks, and what is noted of attempts; `series_ids` are those of the heads, new ones included."""
    columns = {"series_id": series_ids, **growth.columns}
    old, new = np.flatnonzero(growth.extended).tolist(), np.flatnonzero(~growth.extended).tolist()
    bulk.insert(connection, chunks_table, {name: [values[i] for i in new] for name, values in columns.items()})
    kept = {name: values for name, values in columns.items() if name not in ("coarse", "fine")}
    bulk.update(
        connection,
        chunks_table,
        {name: [values[i] for i in old] for name, values in kept.items()},
        ["series_id", "step_min", "run_id"],
    )
    bulk.upsert(connection, past_attempts, growth.past, ["run_id", "path_id", "attempt"])


def _past(run_id: int, heads: Heads) -> dict[str, list[Any]]:
    """What the heads of curves say of an attempt that is no longer the newest."""
    names = {"path_id": "path_id", "attempt": "attempt", "first_step": "attempt_step", "step_last": "step_last"}
    return {"run_id": [run_id] * len(heads), **{name: heads[column].tolist() for name, column in names.items()}}


def _with_steps(
    new: PointsByPath, heads: Heads, fork_step: int | None
) -> tuple[PointsByPath, NDArray[np.bool_], NDArray[np.bool_]]:
    """Steps filled in where all points of a path lack theirs; which paths these are, and which have all steps now."""
    missing = new.points.steps == NEXT_STEP
    if not missing.any():
        return new, np.zeros(len(new), bool), np.ones(len(new), bool)
    counts = new.counts
    lacking = np.add.reduceat(missing.astype(np.int64), new.offsets[:-1])
    place = np.arange(len(missing)) - np.repeat(new.offsets[:-1], counts)
    start = np.where(heads["id"] == 0, -STEP_UNITS if fork_step is None else fork_step, heads["step_last"])
    filled = np.where(missing, np.repeat(start, counts) + STEP_UNITS * (place + 1), new.points.steps)
    points = Points(filled, new.points.times, new.points.values)
    counted = lacking == counts
    return PointsByPath(new.path_ids, new.offsets, points, new.attempts), counted, (lacking == 0) | counted


def _load(connection: sa.Connection, run_id: int, heads: Heads) -> PointsByPath:
    """The stubs of these series, by path."""
    if not len(heads):
        return NO_POINTS
    query = (
        sa.select(series.c.path_id, chunks_table.c.data)
        .join(
            chunks_table,
            (chunks_table.c.series_id == series.c.id)
            & (chunks_table.c.step_min == series.c.open_step)
            & (chunks_table.c.run_id == series.c.run_id),
        )
        .where(series.c.run_id == run_id, has_chunks(), series.c.open_points < STUB_POINTS)
    )
    found: dict[int, bytes] = {}
    for condition in within(series.c.path_id, heads["path_id"]):
        found.update((path_id, data) for path_id, data in connection.execute(query.where(condition)))
    points, offsets = codec.decode_each([found[path_id] for path_id in heads["path_id"].tolist()])
    return PointsByPath(heads["path_id"], offsets, points, np.zeros(len(points), np.int64))


def _with_old(new: PointsByPath, old: PointsByPath) -> PointsByPath:
    """For each path of `new`, its points in `old`, if any, then the new ones."""
    if not len(old):
        return new
    path_ids = np.concatenate([np.repeat(old.path_ids, old.counts), np.repeat(new.path_ids, new.counts)])
    return grouped_by_path(path_ids, joined([old.points, new.points]), np.append(old.attempts, new.attempts))
