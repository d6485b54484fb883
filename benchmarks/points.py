"""Points as training jobs make them: losses with noise, half of them of float32 precision, times with jitter.

A step takes 50 ms give or take 1 ms, and one in a hundred takes longer: it validates, or saves a checkpoint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

START_S = 1_760_000_000.0
STEP_S = 0.050
JITTER_S = 0.001
PAUSE_S = 0.5
ONE_PAUSE_IN = 100

Floats = NDArray[np.float64]


def times(points: int, seed: int) -> Floats:
    """Unix times of the points, in seconds, ascending."""
    random = np.random.default_rng(seed)
    steps = STEP_S + np.abs(random.normal(0.0, JITTER_S, points))
    steps += np.where(random.random(points) < 1 / ONE_PAUSE_IN, random.exponential(PAUSE_S, points), 0.0)
    ascending: Floats = START_S + np.cumsum(steps)
    return ascending


def losses(points: int, seed: int, *, single_precision: bool) -> Floats:
    """A loss that falls, with 5 % noise, as a model in float32 computes it; or with all 53 bits of a float64 noisy."""
    random = np.random.default_rng(seed)
    falling = 0.2 + 2.0 * np.exp(-np.arange(points) / (points / 5))
    noisy: Floats = falling * (1.0 + 0.05 * random.standard_normal(points))
    return noisy.astype(np.float32).astype(np.float64) if single_precision else noisy
