"""Probabilities that tests need: Student's t, and the exact and the approximate distribution of Mann-Whitney's U."""

from __future__ import annotations

import math

import numpy as np

ITERATIONS = 300
PRECISION = 1e-14
TINY = 1e-300


def two_sided_t(t: float, freedom: float) -> float:
    """The probability of a value of Student's t at least as far from 0 as `t`."""
    if not math.isfinite(t):
        return 0.0
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, modified Lentz)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, ITERATIONS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _nonzero(1 + numerator * d)
            c = _nonzero(1 + numerator / c)
            found *= d * c
        if abs(d * c - 1) < PRECISION:
            break
    return found


def _nonzero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def two_sided_normal(z: float) -> float:
    """The probability of a standard normal value at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))


def exact_u(u: float, first: int, second: int) -> float:
    """The two-sided probability of Mann-Whitney's U for so many values without ties, by counting all arrangements."""
    # ways[k][s]: sets of k of the ranks seen so far that sum to s; of the group with fewer values.
    few, total = min(first, second), first + second
    ways = np.zeros((few + 1, few * total + 1))
    ways[0, 0] = 1
    for rank in range(1, total + 1):
        for size in range(min(few, rank), 0, -1):
            ways[size, rank:] += ways[size - 1, :-rank]
    least = few * (few + 1) // 2
    counts = ways[few, least : least + first * second + 1]
    extreme = int(min(u, first * second - u))
    share = float(counts[: extreme + 1].sum() / counts.sum())
    return min(1.0, 2 * share)
