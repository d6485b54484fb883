"""Statistics of a series over its finite values, which can be merged without the values.

Two parts are merged by the pairwise update of Chan, Golub and LeVeque (1979, "Updating formulae and a pairwise
algorithm for computing sample variances").
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.series.points import Floats, Int64s


@dataclass(frozen=True)
class Statistics:
    """Number of finite values, their least, greatest and mean, and the sum of squared deviations from the mean."""

    finite: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    m2: float | None = None

    def merged_with(self, other: Statistics) -> Statistics:
        """The statistics of both parts together."""
        if self.min is None or self.max is None or self.mean is None or self.m2 is None:
            return other
        if other.min is None or other.max is None or other.mean is None or other.m2 is None:
            return self
        finite = self.finite + other.finite
        distance = other.mean - self.mean
        mean = self.mean + distance * (other.finite / finite)
        m2 = self.m2 + other.m2 + distance * distance * (self.finite * (other.finite / finite))
        return Statistics(finite, min(self.min, other.min), max(self.max, other.max), mean, m2)


NONE = Statistics(0)


STATISTICS = np.dtype([("finite", "<i8"), ("min", "<f8"), ("max", "<f8"), ("mean", "<f8"), ("m2", "<f8")])
ManyStatistics = NDArray[Any]  # with at least the fields of STATISTICS; where `finite` is 0 the others are NaN


def statistics_of_each(values: Floats, offsets: Int64s) -> ManyStatistics:
    """The statistics of each stretch between neighbouring offsets; none of these is empty."""
    starts, counts = offsets[:-1], np.diff(offsets)
    is_finite = np.isfinite(values)
    result = np.empty(len(starts), STATISTICS)
    result["finite"] = np.add.reduceat(is_finite.astype(np.int64), starts)
    without = np.where(is_finite, values, np.nan)
    result["min"], result["max"] = np.fmin.reduceat(without, starts), np.fmax.reduceat(without, starts)
    with np.errstate(all="ignore"):
        result["mean"] = np.add.reduceat(np.where(is_finite, values, 0.0), starts) / result["finite"]
        deviations = np.where(is_finite, values - np.repeat(result["mean"], counts), 0.0)
        result["m2"] = np.add.reduceat(deviations * deviations, starts)
    result["m2"][result["finite"] == 0] = np.nan
    return result


def merge_each(into: ManyStatistics, other: ManyStatistics) -> None:
    """Element by element, `into` becomes what `Statistics.merged_with` gives."""
    finite = into["finite"] + other["finite"]
    with np.errstate(all="ignore"):
        share = other["finite"] / finite
        distance = other["mean"] - into["mean"]
        mean = into["mean"] + distance * share
        m2 = into["m2"] + other["m2"] + distance * distance * (into["finite"] * share)
    for name, both in (("mean", mean), ("m2", m2)):
        alone = np.where(into["finite"] == 0, other[name], into[name])
        into[name] = np.where((into["finite"] == 0) | (other["finite"] == 0), alone, both)
    into["min"], into["max"] = np.fmin(into["min"], other["min"]), np.fmax(into["max"], other["max"])
    into["finite"] = finite


def statistics_of(values: Floats) -> Statistics:
    """The statistics of these values; NaN and infinities take no part."""
    if len(values) == 1:  # what the fold of a run with very many series consists of
        value = float(values[0])
        return Statistics(1, value, value, value, 0.0) if math.isfinite(value) else NONE
    finite = values if np.isfinite(values).all() else values[np.isfinite(values)]
    if not len(finite):
        return NONE
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(finite.mean())
        deviations = finite - mean
        m2 = float(np.dot(deviations, deviations))
    return Statistics(len(finite), float(finite.min()), float(finite.max()), mean, m2)


def merged(parts: Iterable[Statistics]) -> Statistics:
    """The statistics of all parts together."""
    whole = NONE
    for part in parts:
        whole = whole.merged_with(part)
    return whole
