"""The points of one series, page by page."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from tidelog_server.api.frames import MEDIA_TYPE, FrameSeries, as_frame, json_numbers
from tidelog_server.errors import SeriesNotFoundError
from tidelog_server.runs import runs
from tidelog_server.series import export
from tidelog_server.series.lookup import find_series
from tidelog_server.series.points import STEP_UNITS, Floats, Int64s, units
from tidelog_server.services import Services

router = APIRouter(tags=["series"])

STEP_MAX = 4e12

Step = Annotated[float | None, Query(ge=-STEP_MAX, le=STEP_MAX, allow_inf_nan=False)]
AbandonedBy = Annotated[
    int, Query(ge=0, le=2**31 - 1, description="what this attempt left behind of the series; 0: the curve")
]


class SeriesPage(BaseModel):
    """Points ascending by step. `next` is the `after` of the next page, null at the end."""

    path: str
    points: int
    steps: list[float]
    times: list[float] = Field(description="seconds since 1970 UTC")
    values: list[float | str]
    next: int | None


@router.get(
    "/runs/{label}/series",
    response_model=SeriesPage,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
def read_series(
    request: Request,
    label: str,
    path: Annotated[str, Query(min_length=1, max_length=1024)],
    start: Step = None,
    stop: Step = None,
    after: Annotated[int | None, Query(ge=-(2**62), le=2**62, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=export.PAGE_POINTS)] = export.PAGE_POINTS,
    abandoned_by: AbandonedBy = 0,
    exact: Annotated[bool, Query(description="steps as integers of millionths, times of milliseconds")] = False,
) -> Response:
    """Every point with a step from `start` to `stop`, both included, and greater than `after`.

    Binary (columns step, time, value; with `exact` step_millionths, time_ms, value) unless the request accepts
    application/json only.
    """
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.tails.prepare([run.id])
    bounds = (units(start), None if after is None else after + 1)
    first = max((bound for bound in bounds if bound is not None), default=None)
    with services.database.read() as connection:
        [found] = find_series(
            connection, services.tails, run.project_id, [(run.id, path.strip("/"))], abandoned_by=abandoned_by
        )
        if found is None:
            raise SeriesNotFoundError(f"The run {label} has no series {path[:200]!r}.")
        page = export.page_of(
            connection, found.head, found.tail, found.inherited, start=first, stop=units(stop), limit=limit
        )
    points = page.points
    following = int(points.steps[-1]) if page.more and len(points) else None
    columns: tuple[Floats | Int64s, ...] = (points.steps / STEP_UNITS, points.times / 1000, points.values)
    if "application/json" in request.headers.get("accept", ""):
        steps, times, values = map(json_numbers, columns)
        body = {
            "path": path,
            "points": len(points),
            "steps": steps,
            "times": times,
            "values": values,
            "next": following,
        }
        return Response(json.dumps(body).encode(), media_type="application/json")
    if exact:
        columns = (points.steps, points.times, points.values)
    names = ("step_millionths", "time_ms", "value") if exact else ("step", "time", "value")
    item = FrameSeries({"run": run.id, "path": path, "points": len(points)}, names, columns)
    return Response(as_frame([item], next=following), media_type=MEDIA_TYPE)
