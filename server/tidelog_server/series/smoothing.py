"""Smoothing of what is drawn, for pictures of charts. The same rules as in frontend/src/smoothing.js.

All kinds measure along the x axis in thousandths of the range that is shown. `ema` is the time-weighted exponential
moving average as W&B documents it: the square root of the amount is the weight that a value keeps over one thousandth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidelog_server.series.points import Floats

PARTS = 1000
SIGMAS = 3
HEAVIEST = 0.999


@dataclass(frozen=True)
class Kind:
    """The greatest amount of a kind of smoothing, and the one to begin with."""

    text: str
    most: float
    usual: float


KINDS = {
    "ema": Kind("Moving average", 0.999, 0.6),
    "gaussian": Kind("Gaussian", 200.0, 10.0),
    "mean": Kind("Running mean", 500.0, 20.0),
}


@dataclass(frozen=True)
class Smoothing:
    """A kind of smoothing and how much of it."""

    kind: str
    amount: float


def smoothed(x: Floats, y: Floats, span: float, smoothing: Smoothing) -> Floats:
    """The values `y` at ascending `x`, smoothed; `span` is the range of x that is shown. What is NaN stays NaN."""
    found = np.full(len(y), np.nan)
    there = np.isfinite(y)
    if not span > 0 or not there.any():
        return np.array(y, np.float64)
    x, y = x[there], y[there]
    if smoothing.kind == "ema":
        found[there] = _exponential(x / span * PARTS, y, smoothing.amount)
    elif smoothing.kind == "gaussian":
        sigma = smoothing.amount / PARTS * span
        found[there] = [
            np.average(y[near], weights=np.exp(-0.5 * ((x[near] - at) / sigma) ** 2))
            for at, near in zip(x, _near(x, SIGMAS * sigma), strict=True)
        ]
    else:
        found[there] = [y[near].mean() for near in _near(x, smoothing.amount / PARTS * span / 2)]
    return found


def _exponential(parts: Floats, y: Floats, amount: float) -> list[float]:
    weight = min(amount**0.5, HEAVIEST)
    found: list[float] = []
    total = weights = 0.0
    for value, share in zip(y.tolist(), (weight ** np.diff(parts, prepend=parts[0])).tolist(), strict=True):
        total, weights = total * share + value, weights * share + 1
        found.append(total / weights)
    return found


def _near(x: Floats, reach: float) -> list[slice]:
    first, end = x.searchsorted(x - reach, side="left"), x.searchsorted(x + reach, side="right")
    return [slice(a, b) for a, b in zip(first.tolist(), end.tolist(), strict=True)]
