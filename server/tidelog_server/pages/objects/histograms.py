"""Histograms as the server draws them: one as bars, many steps side by side as a map of heat.

Sizes are in the units of an SVG's view box; the style sheet gives colours and letters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidelog_server.pages.filters import number, step
from tidelog_server.pages.plots import round_values
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.series.objects.summaries import as_value

# As wide as a card of the media and a telephone's screen: there a unit is a pixel, nearly, and letters stay readable.
WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 346, 10, 164
ROWS = 40  # of the map of heat
TICKS = 4
OPACITIES = 20  # shades of a cell
LEAST_WIDTH = 1e-300  # of a range that is drawn; narrower ones have no room for ticks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Box:
    """A rectangle with its title; `shade` from 0 to 1."""

    x: float
    y: float
    width: float
    height: float
    shade: float
    title: str


@dataclass(frozen=True)
class Drawing:
    """Bars, or cells of a map of heat, between two axes."""

    name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    boxes: tuple[Box, ...]


def bars(points: ObjectPoints, place: int, within: tuple[float, float] | None = None) -> Drawing:
    """The histogram at one place of these points, over its own range or `within` another that holds it."""
    edges, counts = _histogram(points.values[place])
    low, high = (float(edges[0]), float(edges[-1])) if within is None else within
    most = max(counts.max(), 1.0)
    middle = most // 2 or most / 2  # whole, as counts are
    boxes = tuple(
        Box(
            x=_round(_at_x(start, low, high)),
            y=_round(BOTTOM - (BOTTOM - TOP) * count / most),
            width=_round(max(_at_x(stop, low, high) - _at_x(start, low, high) - 0.5, 0.25)),
            height=_round((BOTTOM - TOP) * count / most),
            shade=1.0,
            title=f"{number(count)} from {number(start)} to {number(stop)}",
        )
        for start, stop, count in zip(edges.tolist(), edges[1:].tolist(), counts.tolist(), strict=False)
        if count
    )
    y_ticks = tuple(
        Tick(_round(BOTTOM - (BOTTOM - TOP) * mark / most), number(float(mark))) for mark in (0.0, middle, most)
    )
    return Drawing(f"step {step(int(points.steps[place]))}", _x_ticks(low, high), y_ticks, boxes)


def range_of(values: Sequence[bytes]) -> tuple[float, float]:
    """The range that holds all of these histograms."""
    edges = [_histogram(value)[0] for value in values]
    return min(float(one[0]) for one in edges), max(float(one[-1]) for one in edges)


def heat(points: ObjectPoints) -> Drawing:
    """All of these histograms, a column each: the darker a cell, the greater the share of its column's values."""
    histograms = [_histogram(value) for value in points.values]
    low = min(float(edges[0]) for edges, _ in histograms)
    high = max(float(edges[-1]) for edges, _ in histograms)
    rows = _between(low, high, ROWS + 1)
    width = (RIGHT - LEFT) / len(histograms)
    boxes: list[Box] = []
    for column, (edges, counts) in enumerate(histograms):
        shares = _rebinned(_placed(edges, low, high), counts)
        name = f"step {step(int(points.steps[column]))}"
        boxes.extend(_column(shares, rows, LEFT + column * width, width, name))
    shown = range(0, len(histograms), max(1, math.ceil(len(histograms) / TICKS)))
    x_ticks = tuple(Tick(_round(LEFT + (place + 0.5) * width), step(int(points.steps[place]))) for place in shown)
    y_ticks = tuple(
        Tick(_round(BOTTOM - (BOTTOM - TOP) * float(_placed(np.float64(mark), low, high))), number(mark))
        for mark in round_values(low, high, TICKS)
    )
    return Drawing("values by step", x_ticks, y_ticks, tuple(boxes))


def _column(shares: Floats, rows: Floats, left: float, width: float, name: str) -> list[Box]:
    most = float(shares.max()) or 1.0
    height = (BOTTOM - TOP) / ROWS
    return [
        Box(
            x=_round(left),
            y=_round(BOTTOM - (row + 1) * height),
            width=_round(width),
            height=_round(height),
            shade=math.ceil(float(share) / most * OPACITIES) / OPACITIES,
            title=f"{name}: {share:.1%} from {number(float(rows[row]))} to {number(float(rows[row + 1]))}",
        )
        for row, share in enumerate(shares)
        if share > 0
    ]


def _rebinned(edges: Floats, counts: Floats) -> Floats:
    """Shares of the counts in each row, for edges between 0 and 1; within a bin values are taken as spread evenly."""
    below = np.concatenate(([0.0], np.cumsum(counts)))
    with np.errstate(all="ignore"):  # edges that are one at this size
        shares: Floats = np.diff(np.interp(np.linspace(0.0, 1.0, ROWS + 1), edges, below)) / (below[-1] or 1.0)
    return np.nan_to_num(np.maximum(shares, 0.0), nan=0.0, posinf=0.0)


def _placed(values: Floats | np.float64, low: float, high: float) -> Any:
    """Where these are between `low` (0) and `high` (1). Halves, because the whole range may be too wide for a float."""
    placed: Floats | np.float64 = (values / 2 - low / 2) / max(high / 2 - low / 2, LEAST_WIDTH)
    return placed


def _between(low: float, high: float, count: int) -> Floats:
    """So many values from one to the other."""
    shares = np.linspace(0.0, 1.0, count)
    values: Floats = low * (1.0 - shares) + high * shares
    return values


def _histogram(value: bytes) -> tuple[Floats, Floats]:
    histogram = as_value("histogram_series", value)
    return np.array(histogram["edges"]), np.array(histogram["counts"])


def _x_ticks(low: float, high: float) -> tuple[Tick, ...]:
    return tuple(Tick(_round(_at_x(mark, low, high)), number(mark)) for mark in round_values(low, high, TICKS))


def _at_x(value: float, low: float, high: float) -> float:
    return LEFT + (RIGHT - LEFT) * float(_placed(np.float64(value), low, high))


def _round(value: float) -> float:
    return round(float(value), 2)
