"""Joins: series put beside one another by step, for expressions over metrics and for a metric as x axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidelog_server.series import expressions, pyramid
from tidelog_server.series.curves import (
    BUCKET_COLUMNS,
    PLAIN_POINTS_PER_BUCKET,
    POINT_COLUMNS,
    Curve,
    bucketed,
    curve_of,
)
from tidelog_server.series.expressions import Bounds, Expression
from tidelog_server.series.points import Floats, Int64s, Points
from tidelog_server.series.pyramid import Blocks

X_POINT_COLUMNS = (*POINT_COLUMNS, "x")
X_BUCKET_COLUMNS = (*BUCKET_COLUMNS, "x")


def common_steps(parts: Sequence[Points]) -> list[Points]:
    """Of each series the points at those steps that all of them have."""
    shared = parts[0].steps
    for other in parts[1:]:
        if len(other.steps) != len(shared) or not np.array_equal(shared, other.steps):
            shared = np.intersect1d(shared, other.steps, assume_unique=True)
    return [part if len(part) == len(shared) else part[part.steps.searchsorted(shared)] for part in parts]


def evaluated(expression: Expression, metrics: Sequence[Points]) -> Points:
    """The expression at every step that all its metrics have; `metrics` in the order of `metrics_of`. A point's time
    is when the last of its values was logged.
    """
    shared = common_steps(metrics)
    names = expressions.metrics_of(expression)
    values = expressions.evaluate(expression, {name: part.values for name, part in zip(names, shared, strict=True)})
    times = np.maximum.reduce([part.times for part in shared])
    return Points(shared[0].steps, times, values)


def bounded(expression: Expression, metrics: Sequence[Blocks], buckets: int) -> Blocks:
    """Bounds of the expression in buckets of steps, where its metrics are too long to be read point by point.

    No value leaves the band, which may be wider than the values reach: within a bucket it is not known which value of
    one metric met which of the other. The line is the expression of the means. `metrics` as for `evaluated`.
    """
    edges = _common_edges(metrics, buckets)
    blocks = np.zeros(len(edges), pyramid.BLOCK)
    if not len(edges):
        return blocks
    names = expressions.metrics_of(expression)
    unions = [_at_edges(part, edges) for part in metrics]
    limits = {name: _extremes(part, edges) for name, part in zip(names, metrics, strict=True)}
    band = expressions.bounds(expression, limits)
    line = expressions.evaluate(
        expression, {name: pyramid.means(part) for name, part in zip(names, unions, strict=True)}
    )
    blocks["step"], blocks["min"], blocks["max"] = edges, band.low, band.high
    blocks["time"] = np.maximum.reduce([part["time"] for part in unions])
    blocks["first"] = blocks["last"] = line
    blocks["points"] = np.minimum.reduce([part["points"] for part in unions])
    blocks["finite"] = np.where(np.isfinite(line), np.minimum.reduce([part["finite"] for part in unions]), 0)
    blocks["sum"] = np.where(blocks["finite"] > 0, line * blocks["finite"], 0.0)
    return blocks


def over_metric(x: Points, y: Points, start: float | None, stop: float | None) -> tuple[Floats, Points]:
    """`y` over the values that `x` has at the same steps, and these values, ascending. A place that is NaN or infinite
    is none. `start` and `stop`, both included, are values of `x`.
    """
    x, y = common_steps([x, y])
    inside = np.isfinite(x.values)
    if start is not None:
        inside &= x.values >= start
    if stop is not None:
        inside &= x.values <= stop
    order = np.argsort(x.values[inside], kind="stable")
    return x.values[inside][order], y[inside][order]


def curve_over(places: Floats, points: Points, buckets: int) -> Curve:
    """The curve of points at these places, ascending; its last column `x` is the place of a point, or of a bucket's
    first one.
    """
    if len(points) <= buckets * PLAIN_POINTS_PER_BUCKET:
        plain = curve_of(points, "step", max(len(points), 1))
        return Curve(plain.points, plain.nonfinite, X_POINT_COLUMNS, (*plain.columns, places))
    starts = pyramid.bucket_starts(places, buckets)
    nonfinite = int(np.count_nonzero(~np.isfinite(points.values)))
    curve = bucketed(pyramid.summarise(points, starts), len(points), nonfinite)
    return Curve(curve.points, curve.nonfinite, X_BUCKET_COLUMNS, (*curve.columns, places[starts]))


def _common_edges(metrics: Sequence[Blocks], buckets: int) -> Int64s:
    """Where buckets begin that all metrics reach into: at blocks of the one that has the fewest."""
    if not all(map(len, metrics)):
        return np.empty(0, np.int64)
    first = max(int(blocks["step"][0]) for blocks in metrics)
    fewest = min(metrics, key=len)["step"]
    steps = np.union1d([first], fewest[fewest > first])
    return np.asarray(steps[pyramid.bucket_starts(steps, buckets)] if len(steps) > buckets else steps, np.int64)


def _ends(blocks: Blocks, edges: Int64s) -> tuple[Int64s, Int64s]:
    """From which to before which block reaches into each bucket; the last bucket is open."""
    first = np.maximum(blocks["step"].searchsorted(edges, side="right") - 1, 0)
    ends = np.append(blocks["step"].searchsorted(edges[1:], side="left"), len(blocks))
    return first, np.maximum(ends, first + 1)


def _extremes(blocks: Blocks, edges: Int64s) -> Bounds:
    # reduceat takes pairs of begin and end; every second result is what lies between two pairs.
    pairs = np.ravel(np.column_stack(_ends(blocks, edges)))
    low, high = np.append(blocks["min"], np.nan), np.append(blocks["max"], np.nan)
    return Bounds(np.fmin.reduceat(low, pairs)[::2], np.fmax.reduceat(high, pairs)[::2])


def _at_edges(blocks: Blocks, edges: Int64s) -> Blocks:
    """For each bucket the union of the blocks that begin in it, or the block that it begins in."""
    first, _ = _ends(blocks, edges)
    starts = np.unique(first)
    return pyramid.coarsened(blocks, starts)[starts.searchsorted(first)]
