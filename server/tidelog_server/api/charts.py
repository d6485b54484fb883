"""What charts draw: many series at once, as many buckets as there are pixels."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, field_validator

from tidelog_server.api.frames import MEDIA_TYPE, FrameSeries, respond
from tidelog_server.errors import InvalidRequestError
from tidelog_server.runs.runs import Origin, origins
from tidelog_server.series.charts import Curve, Wanted, Window, curves
from tidelog_server.series.lookup import find_series
from tidelog_server.series.points import units
from tidelog_server.services import Services

router = APIRouter(tags=["charts"])

RUNS = 200
PAIRS = 5_000
LARGEST = 4e12  # of a step, or a second; in the unit of storage it still fits 64 bits

RunId = Annotated[int, Field(ge=1, le=2**62)]
SeriesPath = Annotated[str, Field(min_length=1, max_length=1024)]
Bound = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class ChartRequest(BaseModel):
    """Every series that there is among all pairs of `runs` and `paths`.

    `start` and `stop`, both included, are in the unit of the axis: steps, seconds since 1970 UTC, or seconds since the
    run began.
    """

    runs: list[RunId] = Field(min_length=1, max_length=RUNS)
    paths: list[SeriesPath] = Field(min_length=1, max_length=PAIRS)
    buckets: int = Field(800, ge=10, le=4_000)
    axis: Literal["step", "time", "relative"] = "step"
    start: Bound | None = None
    stop: Bound | None = None

    @field_validator("runs", "paths", mode="after")
    @classmethod
    def _distinct(cls, items: list[object]) -> list[object]:
        return list(dict.fromkeys(items))


@router.post("/charts", responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}})
def read_charts(request: Request, chart: ChartRequest) -> Response:
    """Series for charts, with the exact minimum, maximum, first and last value of every bucket.

    A binary frame unless the request accepts application/json; docs/reference/http-api.md has the layout. Series of
    few points come as columns step, time, value; longer ones as step, time, min, max, first, last, mean. `start_ms` is
    when the run began.
    """
    if len(chart.runs) * len(chart.paths) > PAIRS:
        raise InvalidRequestError(
            f"{len(chart.runs)} runs x {len(chart.paths)} paths are more than {PAIRS:,} series. Ask in parts."
        )
    services: Services = request.app.state.services
    services.tails.prepare(chart.runs)
    with services.database.read() as connection:
        runs = origins(connection, chart.runs)
        drawn: list[tuple[Origin, str, Wanted]] = []
        for project_id in {run.project_id for run in runs.values()}:
            wanted = [pair for pair in product(chart.runs, chart.paths) if runs[pair[0]].project_id == project_id]
            for (run_id, path), found in zip(
                wanted, find_series(connection, services.tails, project_id, wanted), strict=True
            ):
                if found is not None:
                    window = _window(chart, runs[run_id])
                    drawn.append((runs[run_id], path, Wanted(found.head, found.tail, window)))
        results = curves(connection, [wanted for _, _, wanted in drawn], chart.buckets)
    return respond(
        request, [_frame_series(run, path, curve) for (run, path, _), curve in zip(drawn, results, strict=True)]
    )


def _window(chart: ChartRequest, run: Origin) -> Window:
    if chart.axis == "step":
        return Window("step", units(chart.start), units(chart.stop))
    origin_ms = run.created_ms if chart.axis == "relative" else 0
    start, stop = (None if bound is None else round(bound * 1000) + origin_ms for bound in (chart.start, chart.stop))
    return Window("time", start, stop)


def _frame_series(run: Origin, path: str, curve: Curve) -> FrameSeries:
    header = {
        "run": run.run_id,
        "path": path,
        "points": curve.points,
        "nonfinite": curve.nonfinite,
        "start_ms": run.created_ms,
    }
    return FrameSeries(header, curve.names, curve.columns)
