"""Groups: several runs as one curve, with how many runs it stands for and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.series import pyramid
from tidelog_server.series.curves import Axis, Curve
from tidelog_server.series.points import STEP_UNITS, Floats, Int64s, Points
from tidelog_server.series.pyramid import Blocks

GROUP_COLUMNS = ("step", "time", "min", "max", "mean", "low", "high", "n", "x")
SPREAD = 1.5  # distinct steps for each point of a run, above which runs are taken to be logged at steps of their own

# Student's t, the 97.5th percentile, for 1 to 9 degrees of freedom; beyond, an expansion around the normal's.
T_975 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)
Z_975 = 1.959964


@dataclass(frozen=True)
class Member:
    """One run of a group: its points or blocks, and where each of them stands on the x axis, ascending."""

    x: NDArray[Any]
    part: Points | Blocks


def on_axis(part: Points | Blocks, axis: Axis, origin_ms: int = 0) -> Member:
    """A member that stands at its steps, or at its times since `origin_ms`; its times count from there, too."""
    if isinstance(part, Points):
        moved: Points | Blocks = Points(part.steps, part.times - origin_ms, part.values)
        steps, times = part.steps, part.times
    else:
        blocks: Blocks = part.copy()
        blocks["time"] -= origin_ms
        moved = blocks
        steps, times = part["step"], part["time"]
    return Member(steps if axis == "step" else np.maximum.accumulate(times - origin_ms), moved)


def group_curve(members: Sequence[Member], buckets: int) -> Curve:
    """The curve of a group: in every bucket the mean of the runs' means, the least and the greatest value of any run,
    `low` to `high` the 95 % confidence interval of the mean over runs (Student's t; NaN where there is one run only),
    `n`, how many runs have values there, and `x`, where the bucket begins, in the unit of the members' x.

    Where the runs were logged at the same places and these are few, each place is a bucket.
    """
    members = [member for member in members if len(member.x)]
    if not members:
        return Curve(0, 0, GROUP_COLUMNS, tuple(np.empty(0) for _ in GROUP_COLUMNS))
    edges = _edges([member.x for member in members], buckets)
    found = [_on_buckets(member, edges) for member in members]
    means = np.stack([pyramid.means(blocks) for blocks in found])
    n = np.count_nonzero(~np.isnan(means), axis=0)
    mean, half = _mean_and_half_width(means, n)
    columns = (
        np.fmin.reduce([_or_nan(blocks, "step") for blocks in found]) / STEP_UNITS,
        np.fmin.reduce([_or_nan(blocks, "time") for blocks in found]) / 1000,
        np.fmin.reduce([blocks["min"] for blocks in found]),
        np.fmax.reduce([blocks["max"] for blocks in found]),
        mean,
        mean - half,
        mean + half,
        n.astype(np.float64),
        edges.astype(np.float64),
    )
    points = sum(int(blocks["points"].sum()) for blocks in found)
    finite = sum(int(blocks["finite"].sum()) for blocks in found)
    has_points = ~np.isnan(columns[0])
    return Curve(points, points - finite, GROUP_COLUMNS, tuple(column[has_points] for column in columns))


def _edges(xs: Sequence[NDArray[Any]], buckets: int) -> NDArray[Any]:
    """Where the buckets begin: at each step, or at the ends of equal stretches."""
    distinct = np.unique(np.concatenate(xs))
    longest = max(map(len, xs))
    if len(distinct) <= min(buckets, SPREAD * longest):
        return distinct
    usual = int(np.median([len(x) for x in xs]))
    count = max(2, min(buckets, usual))
    return distinct[pyramid.bucket_starts(distinct, count)]


def _on_buckets(member: Member, edges: NDArray[Any]) -> Blocks:
    """What a run has in each bucket: a point or a block counts where it begins. Buckets without any have no points."""
    place = edges.searchsorted(member.x, side="right") - 1
    starts = np.flatnonzero(np.append(True, place[1:] != place[:-1]))
    part = member.part
    found = pyramid.summarise(part, starts) if isinstance(part, Points) else pyramid.coarsened(part, starts)
    buckets = np.zeros(len(edges), pyramid.BLOCK)
    buckets["min"] = buckets["max"] = np.nan
    buckets[place[starts]] = found
    return buckets


def _or_nan(blocks: Blocks, field: str) -> Floats:
    return np.where(blocks["points"] > 0, blocks[field].astype(np.float64), np.nan)


def _mean_and_half_width(means: Floats, n: Int64s) -> tuple[Floats, Floats]:
    with np.errstate(all="ignore"):
        mean = np.nansum(means, axis=0) / n
        deviation = np.sqrt(np.nansum((means - mean) ** 2, axis=0) / (n - 1))
        half = t_975(n - 1) * deviation / np.sqrt(n)
    return np.where(n > 0, mean, np.nan), np.where(n > 1, half, np.nan)


def t_975(freedom: Int64s) -> Floats:
    """The 97.5th percentile of Student's t for these degrees of freedom, to four digits (Abramowitz and Stegun,
    26.7.5); NaN below 1.
    """
    with np.errstate(all="ignore"):
        z, v = Z_975, freedom.astype(np.float64)
        far = z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        far += (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    near = np.array((np.nan, *T_975))
    return np.where(freedom < len(near), near[np.clip(freedom, 0, len(near) - 1)], far)
