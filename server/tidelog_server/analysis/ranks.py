"""Ranks, and what follows from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ranks_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rank of each value, from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles = ends - (counts - 1) / 2
    shared: NDArray[np.float64] = middles[inverse]
    return shared


def spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Spearman's rank correlation; NaN where one side does not vary."""
    a, b = ranks_of(x), ranks_of(y)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / scale) if scale else float("nan")
