"""Sparklines: the curve of a series in the height of a line of the table, drawn on the server."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tidelog_server.runs.runs import Run
from tidelog_server.series.charts import Wanted, Window, curves
from tidelog_server.series.curves import Curve
from tidelog_server.series.lookup import find_series
from tidelog_server.services import Services

WIDTH, HEIGHT = 96, 22
MARGIN = 2
BUCKETS = 48


@dataclass(frozen=True)
class Spark:
    """The picture of a curve: its strokes, and the outline of its band of extremes."""

    strokes: tuple[str, ...]
    bands: tuple[str, ...]
    text: str


def sparks_of(
    services: Services, project_id: int, shown: Sequence[Run], paths: Sequence[str]
) -> dict[tuple[int, str], Spark]:
    """The sparklines of these runs, by (run id, path), read together."""
    if not paths or not shown:
        return {}
    services.tails.prepare([run.id for run in shown])
    pairs = [(run.id, path) for run in shown for path in paths]
    with services.database.read() as connection:
        found = find_series(connection, services.tails, project_id, pairs)
        there = [(pair, item) for pair, item in zip(pairs, found, strict=True) if item is not None]
        wanted = [Wanted(item.head, item.tail, Window(), item.inherited) for _, item in there]
        drawn = curves(connection, wanted, BUCKETS)
    return {pair: spark_of(curve) for (pair, _), curve in zip(there, drawn, strict=True)}


def spark_of(curve: Curve) -> Spark:
    """The picture of one curve, as high as its values reach."""
    columns = {name: column.tolist() for name, column in zip(curve.names, curve.columns, strict=True)}
    steps, middle = columns["step"], columns["value" if "value" in columns else "mean"]
    low, high = columns.get("min", middle), columns.get("max", middle)
    finite = [value for value in (*low, *high) if math.isfinite(value)]
    plane = _Plane(steps[0] if steps else 0, steps[-1] if steps else 1, min(finite, default=0), max(finite, default=1))
    strokes, bands = [], []
    for stretch in _stretches(middle):
        strokes.append(plane.line((steps[place], middle[place]) for place in stretch))
        if "min" in columns:
            there = [(steps[place], high[place]) for place in stretch]
            back = [(steps[place], low[place]) for place in reversed(stretch)]
            bands.append(plane.line([*there, *back]))
    text = f"{curve.points:,} points" if finite else "no finite point"
    return Spark(tuple(strokes), tuple(bands), text)


def spark_markup(spark: Spark) -> Markup:
    """The picture as SVG."""
    bands = "".join(f'<polygon class="spark-band" points="{band}"/>' for band in spark.bands)
    strokes = "".join(f'<polyline class="spark-line" points="{stroke}"/>' for stroke in spark.strokes)
    return Markup(
        f'<svg class="sparkline" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(spark.text)}" focusable="false">{bands}{strokes}</svg>'
    )


@dataclass(frozen=True)
class _Plane:
    left: float
    right: float
    low: float
    high: float

    def line(self, points: object) -> str:
        return " ".join(self._at(step, value) for step, value in points)  # type: ignore[attr-defined]

    def _at(self, step: float, value: float) -> str:
        across = (step - self.left) / ((self.right - self.left) or 1)
        up = (value - self.low) / ((self.high - self.low) or 1) if self.high > self.low else 0.5
        y = HEIGHT - MARGIN - min(max(up, 0), 1) * (HEIGHT - 2 * MARGIN)
        return f"{MARGIN + across * (WIDTH - 2 * MARGIN):.1f},{y:.1f}"


def _stretches(values: Sequence[float]) -> list[list[int]]:
    """Runs of places without NaN or infinity; one alone is drawn as a short stroke by the round ends of lines."""
    stretches: list[list[int]] = [[]]
    for place, value in enumerate(values):
        if math.isfinite(value):
            stretches[-1].append(place)
        elif stretches[-1]:
            stretches.append([])
    return [[*stretch, stretch[0]] if len(stretch) == 1 else stretch for stretch in stretches if stretch]
