"""Charts as pictures (SVG) drawn by the server, for readers without JavaScript."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tidelog_server.pages.chosen_runs import MAX_RUNS, runs_by_label
from tidelog_server.pages.colours import RunColour, colour_of
from tidelog_server.pages.filters import number
from tidelog_server.pages.problems import PageRoute
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import Run
from tidelog_server.series.charts import Curve, Wanted, Window, curves
from tidelog_server.series.lookup import find_series

router = APIRouter(route_class=PageRoute)

WIDTH, HEIGHT = 500, 214
LEFT, RIGHT, TOP, BOTTOM = 76, 10, 8, 22
BUCKETS = 220


@dataclass(frozen=True)
class Line:
    """One run's curve in pixels: the line, and the outline of its band (empty where every point is drawn)."""

    colour: RunColour
    label: str
    strokes: tuple[str, ...]
    band: tuple[str, ...]


@dataclass(frozen=True)
class Sketch:
    """The context of partials/sketch.svg."""

    path: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    lines: tuple[Line, ...]
    x_low: str
    x_high: str
    y_low: str
    y_high: str


@router.get("/projects/{project:path}/chart.svg")
def show_sketch(
    request: Request,
    project: str,
    path: Annotated[str, Query(min_length=1, max_length=1024)],
    run: Annotated[list[str], Query(min_length=1, max_length=MAX_RUNS)],
) -> Response:
    """One metric of some runs over its steps."""
    services = request.app.state.services
    with services.database.read() as connection:
        chosen = runs_by_label(connection, find_project(connection, project), run)
    services.tails.prepare([one.id for one in chosen])
    with services.database.read() as connection:
        pairs = [(one.id, path) for one in chosen]
        found = find_series(connection, services.tails, chosen[0].project_id, pairs)
        drawn = [(one, item) for one, item in zip(chosen, found, strict=True) if item is not None]
        results = curves(connection, [Wanted(item.head, item.tail, Window()) for _, item in drawn], BUCKETS)
    sketch = sketch_of(path, [(one, curve) for (one, _), curve in zip(drawn, results, strict=True)])
    text = request.app.state.templates.get_template("partials/sketch.svg").render(page=sketch)
    return Response(text, media_type="image/svg+xml", headers={"Cache-Control": "no-cache"})


def sketch_of(path: str, drawn: Sequence[tuple[Run, Curve]]) -> Sketch:
    """The picture of these curves over their steps."""
    plane = _Plane.around([curve for _, curve in drawn])
    return Sketch(
        path=path,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        lines=tuple(_line(run, curve, plane) for run, curve in drawn),
        x_low=number(plane.x_low),
        x_high=number(plane.x_high),
        y_low=number(plane.y_low),
        y_high=number(plane.y_high),
    )


@dataclass(frozen=True)
class _Plane:
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    @classmethod
    def around(cls, drawn: Sequence[Curve]) -> _Plane:
        steps = [step for curve in drawn for step in (curve.columns[0].tolist()[:1] + curve.columns[0].tolist()[-1:])]
        values = [
            value
            for curve in drawn
            for name in ("value", "min", "max")
            if name in curve.names
            for value in curve.columns[curve.names.index(name)].tolist()
            if math.isfinite(value)
        ]
        return cls(min(steps, default=0.0), max(steps, default=1.0), min(values, default=0.0), max(values, default=1.0))

    def at(self, step: float, value: float) -> str:
        x = LEFT + (step - self.x_low) / ((self.x_high - self.x_low) or 1.0) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - (value - self.y_low) / ((self.y_high - self.y_low) or 1.0) * (HEIGHT - TOP - BOTTOM)
        return f"{x:.1f},{min(max(y, TOP), HEIGHT - BOTTOM):.1f}"


def _line(run: Run, curve: Curve, plane: _Plane) -> Line:
    columns = dict(zip(curve.names, (column.tolist() for column in curve.columns), strict=True))
    steps, middle = columns["step"], columns["value" if "value" in columns else "mean"]
    strokes = tuple(" ".join(plane.at(steps[place], middle[place]) for place in stretch) for stretch in _finite(middle))
    band: tuple[str, ...] = ()
    if "min" in columns:
        low, high = columns["min"], columns["max"]
        band = tuple(
            " ".join(
                [
                    *(plane.at(steps[place], high[place]) for place in stretch),
                    *(plane.at(steps[place], low[place]) for place in reversed(stretch)),
                ]
            )
            for stretch in _finite([least + greatest for least, greatest in zip(low, high, strict=True)])
        )
    return Line(colour=colour_of(run.number), label=run.label, strokes=strokes, band=band)


def _finite(values: Sequence[float]) -> Iterator[list[int]]:
    """The stretches of places without NaN or infinity: a line has a gap there."""
    stretch: list[int] = []
    for place, value in enumerate(values):
        if math.isfinite(value):
            stretch.append(place)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch
