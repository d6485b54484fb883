"""Whether one group of runs is better than another: Welch's t test of the means, Mann-Whitney's U test of the ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidelog_server.analysis.distributions import exact_u, two_sided_normal, two_sided_t
from tidelog_server.analysis.ranks import ranks_of

LEAST_VALUES = 2  # of each group, for any test
EXACT_VALUES = 25  # of each group: up to so many, U's distribution is counted rather than approximated
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Sample:
    """One group: how many values, their mean, the standard deviation of the sample, a 95 % interval of the mean."""

    n: int
    mean: float
    deviation: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Test:
    """The outcome of one test, by name. `effect` is in words of its own: `effect_name` says which."""

    name: str
    statistic: str
    value: float
    p: float
    effect_name: str
    effect: float


@dataclass(frozen=True)
class Verdict:
    """Two groups beside one another. No tests where a group has fewer than two values."""

    a: Sample
    b: Sample
    difference: float
    tests: tuple[Test, ...]


def compare_groups(a: Sequence[float], b: Sequence[float]) -> Verdict:
    """Compare finite values of two independent groups, both tests two-sided."""
    first, second = np.array(a, np.float64), np.array(b, np.float64)
    enough = min(len(first), len(second)) >= LEAST_VALUES
    tests = (welch(first, second), mann_whitney(first, second)) if enough else ()
    one, other = sample_of(first), sample_of(second)
    return Verdict(one, other, one.mean - other.mean, tuple(test for test in tests if test is not None))


def sample_of(values: NDArray[np.float64]) -> Sample:
    """What a group's values amount to. The interval is that of Student's t."""
    n = len(values)
    if n == 0:
        return Sample(0, math.nan, None, None, None)
    mean = float(values.mean())
    if n < LEAST_VALUES:
        return Sample(n, mean, None, None, None)
    deviation = float(values.std(ddof=1))
    reach = t_quantile(CONFIDENCE, n - 1) * deviation / math.sqrt(n)
    return Sample(n, mean, deviation, mean - reach, mean + reach)


def t_quantile(confidence: float, freedom: float) -> float:
    """How far from 0 Student's t stays with this probability, by bisection."""
    low, high = 0.0, 1.0
    while two_sided_t(high, freedom) > 1 - confidence:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_t(middle, freedom) > 1 - confidence else (low, middle)
    return (low + high) / 2


def welch(a: NDArray[np.float64], b: NDArray[np.float64]) -> Test | None:
    """Welch's t test, which takes the variances as they are; the effect is Hedges' g. None without any variance."""
    shares = [float(values.var(ddof=1)) / len(values) for values in (a, b)]
    if sum(shares) == 0:
        return None
    t = float(a.mean() - b.mean()) / math.sqrt(sum(shares))
    freedom = sum(shares) ** 2 / sum(share**2 / (len(v) - 1) for share, v in zip(shares, (a, b), strict=True))
    together = len(a) + len(b) - 2
    pooled = math.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / together)
    g = float(a.mean() - b.mean()) / pooled * (1 - 3 / (4 * together - 1))
    return Test("Welch's t test", "t", t, two_sided_t(t, freedom), "Hedges' g", g)


def mann_whitney(a: NDArray[np.float64], b: NDArray[np.float64]) -> Test:
    """Mann-Whitney's U test: exact for small groups without ties, else by the normal approximation for ties.

    The effect is the probability that a run of A is above a run of B, ties counting half.
    """
    n, m = len(a), len(b)
    ranks = ranks_of(np.concatenate([a, b]))
    u = float(ranks[:n].sum() - n * (n + 1) / 2)
    _, ties = np.unique(ranks, return_counts=True)
    if max(n, m) <= EXACT_VALUES and ties.max() == 1:
        name, p = "Mann-Whitney U test, exact", exact_u(u, n, m)
    else:
        total = n + m
        spread = n * m / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1)))
        distance = max(abs(u - n * m / 2) - 0.5, 0.0)  # continuity
        name, p = "Mann-Whitney U test, normal approximation", 1.0
        if spread > 0:
            p = two_sided_normal(distance / math.sqrt(spread))
    return Test(name, "U", u, p, "probability that A is above B", u / (n * m))
