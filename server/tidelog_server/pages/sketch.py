"""Charts as pictures (SVG) drawn by the server, for readers without JavaScript."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.chart_view import ChartView, view_from
from tidelog_server.pages.chosen_runs import MAX_RUNS, runs_by_label
from tidelog_server.pages.colours import RunColour, colour_of
from tidelog_server.pages.filters import duration, moment, number
from tidelog_server.pages.problems import PageRoute
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import origins
from tidelog_server.series.curves import Curve
from tidelog_server.series.drawings import Board, draw, parsed
from tidelog_server.series.points import Floats
from tidelog_server.series.smoothing import smoothed

router = APIRouter(route_class=PageRoute)

WIDTH, HEIGHT = 500, 214
LEFT, RIGHT, TOP, BOTTOM = 86, 10, 8, 22
BUCKETS = 220
MOST_LINES = 200  # of different metrics
OUTER_PERCENT = 2  # of the values at either end, that may be outliers


@dataclass(frozen=True)
class Line:
    """One curve in pixels: the line, the outline of its band (empty where every point is drawn), and the raw line
    behind a smoothed one."""

    colour: RunColour
    label: str
    strokes: tuple[str, ...]
    band: tuple[str, ...]
    behind: tuple[str, ...] = ()
    is_abandoned: bool = False


@dataclass(frozen=True)
class Source:
    """What a line is of: the number that gives its colour, its name, and when its run began."""

    number: int
    label: str
    created_ms: int = 0
    is_abandoned: bool = False  # by a later attempt


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
    run: Annotated[list[str], Query(min_length=1, max_length=MAX_RUNS)],
    path: Annotated[list[Annotated[str, Field(max_length=1024)]], Query(max_length=MOST_LINES)] = [],  # noqa: B006
    expression: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """One metric or expression of some runs, or a line for each of several metrics, looked at as the address says."""
    paths = list(dict.fromkeys(filter(None, path)))
    if not paths and not expression:
        raise InvalidRequestError("A picture of a chart shows a `path` or an `expression`.")
    view = view_from(request.query_params)
    services = request.app.state.services
    with services.database.read() as connection:
        chosen = runs_by_label(connection, find_project(connection, project), run)
    services.tails.prepare([one.id for one in chosen])
    with services.database.read() as connection:
        origin_of = origins(connection, [one.id for one in chosen])
        board = Board(
            runs=[origin_of[one.id] for one in chosen],
            paths=paths,
            buckets=BUCKETS,
            axis=view.x,
            x_path=view.x_path,
            start=view.start,
            stop=view.stop,
            expressions=parsed([expression] if expression else []),
            abandoned=view.shows_tails and any(one.attempt for one in chosen),
        )
        drawn = draw(connection, services.tails, board)
    sources = {one.id: Source(one.number, one.label, one.created_ms) for one in chosen}
    numbers = {one: place for place, one in enumerate(paths, start=1)}  # as of the lines of a chart with a script
    curves = [
        (
            replace(
                sources[item.run.run_id]
                if len(paths) <= 1
                else Source(numbers[item.text], item.text, item.run.created_ms),
                is_abandoned=bool(item.abandoned_by),
            ),
            item.curve,
        )
        for item in drawn
        if item.run is not None
    ]
    text = request.app.state.templates.get_template("partials/sketch.svg").render(
        page=sketch_of(expression or ", ".join(paths), curves, view), is_alone=True
    )
    return Response(text, media_type="image/svg+xml", headers={"Cache-Control": "no-cache"})


def sketch_of(path: str, drawn: Sequence[tuple[Source, Curve]], view: ChartView | None = None) -> Sketch:
    """The picture of these curves; over their steps unless a view says otherwise."""
    view = view or ChartView()
    shapes = [(source, _shape(curve, view, source.created_ms)) for source, curve in drawn]
    plane = _Plane.around([shape for _, shape in shapes], view)
    write = {"relative": _seconds, "time": _moment}.get(view.x, number)
    prefix = {"step": "step ", "metric": f"{view.x_path} "}.get(view.x, "")
    return Sketch(
        path=path,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        lines=tuple(_line(source, shape, plane, view) for source, shape in shapes),
        x_low=write(plane.x_low),
        x_high=prefix + write(plane.x_high),
        y_low=number(plane.y_low),
        y_high=number(plane.y_high),
    )


@dataclass(frozen=True)
class _Shape:
    """A curve on the axes of the view; `low` and `high` are None where every point is drawn."""

    x: Floats
    line: Floats
    low: Floats | None
    high: Floats | None


def _shape(curve: Curve, view: ChartView, created_ms: int) -> _Shape:
    columns = dict(zip(curve.names, curve.columns, strict=True))
    x = columns["step" if view.x == "step" else "x" if view.x == "metric" else "time"]
    if view.x == "relative":
        x = x - created_ms / 1000
    order = np.argsort(x, kind="stable")
    line = columns["value" if "value" in columns else "mean"]
    low, high = columns.get("min"), columns.get("max")
    return _Shape(x[order], line[order], None if low is None else low[order], None if high is None else high[order])


@dataclass(frozen=True)
class _Plane:
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    is_log: bool = False

    @classmethod
    def around(cls, drawn: Sequence[_Shape], view: ChartView) -> _Plane:
        is_log = view.y == "log"
        columns = [column for shape in drawn for column in (shape.line, shape.low, shape.high) if column is not None]
        if view.ignores_outliers:
            columns = [shape.line for shape in drawn]
        values = np.concatenate([np.empty(0), *columns])
        values = values[np.isfinite(values) & (values > (0 if is_log else -np.inf))]
        if view.ignores_outliers and len(values):
            values = np.percentile(values, [OUTER_PERCENT, 100 - OUTER_PERCENT])
        x = np.concatenate([np.empty(0), *(shape.x for shape in drawn)])
        if view.start is not None and view.stop is not None:
            x = np.array([view.start, view.stop])
        low, high = (values.min(), values.max()) if len(values) else (0.1 if is_log else 0.0, 1.0)
        x_low, x_high = (x.min(), x.max()) if len(x) else (0.0, 1.0)
        return cls(float(x_low), float(x_high), float(low), float(high), is_log)

    def at(self, place: float, value: float) -> str:
        x = LEFT + (place - self.x_low) / ((self.x_high - self.x_low) or 1.0) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - self._share(value) * (HEIGHT - TOP - BOTTOM)
        return f"{min(max(x, LEFT), WIDTH - RIGHT):.1f},{min(max(y, TOP), HEIGHT - BOTTOM):.1f}"

    def _share(self, value: float) -> float:
        if self.is_log:
            if value <= 0:
                return -1.0
            return math.log(value / self.y_low) / (math.log(self.y_high / self.y_low) or 1.0)
        half = self.y_high / 2 - self.y_low / 2  # the whole range may be beyond float64
        return (value / 2 - self.y_low / 2) / (half or 1.0)


def _line(source: Source, shape: _Shape, plane: _Plane, view: ChartView) -> Line:
    raw = _strokes(shape.x, shape.line, plane)
    if source.is_abandoned:
        return Line(colour_of(source.number), source.label, raw, (), is_abandoned=True)
    line = raw
    if view.smooth is not None:
        line = _strokes(shape.x, smoothed(shape.x, shape.line, plane.x_high - plane.x_low, view.smooth), plane)
    band: tuple[str, ...] = ()
    if shape.low is not None and shape.high is not None:
        x, low, high = (column.tolist() for column in (shape.x, shape.low, shape.high))
        band = tuple(
            " ".join(
                [
                    *(plane.at(x[place], high[place]) for place in stretch),
                    *(plane.at(x[place], low[place]) for place in reversed(stretch)),
                ]
            )
            for stretch in _finite([least + greatest for least, greatest in zip(low, high, strict=True)])
        )
    behind = raw if view.smooth is not None else ()
    return Line(colour=colour_of(source.number), label=source.label, strokes=line, band=band, behind=behind)


def _strokes(x: Floats, line: Floats, plane: _Plane) -> tuple[str, ...]:
    places, values = x.tolist(), line.tolist()
    return tuple(" ".join(plane.at(places[place], values[place]) for place in stretch) for stretch in _finite(values))


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


def _seconds(value: float) -> str:
    return duration(round(value * 1000))


def _moment(value: float) -> str:
    return moment(round(value * 1000))
