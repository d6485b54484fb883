"""What charts draw: many series at once, as many buckets as there are pixels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, field_validator, model_validator

from tidelog_server.api.frames import MEDIA_TYPE, FrameSeries, respond
from tidelog_server.errors import InvalidRequestError
from tidelog_server.runs.runs import origins
from tidelog_server.series.drawings import Board, Drawn, draw, parsed
from tidelog_server.services import Services

router = APIRouter(tags=["charts"])

RUNS = 200
PAIRS = 5_000
EXPRESSIONS = 50
LARGEST = 4e12  # of a step, or a second; in the unit of storage it still fits 64 bits

RunId = Annotated[int, Field(ge=1, le=2**62)]
SeriesPath = Annotated[str, Field(min_length=1, max_length=1024)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


class ChartRequest(BaseModel):
    """Every series that there is among all pairs of `runs` and `paths`, and expressions over the series of each run.

    `start` and `stop`, both included, are in the unit of the axis: steps, seconds since 1970 UTC, seconds since the run
    began, or values of the metric `x_path`. With `groups` (of runs, by id) each group is one curve. With `abandoned`
    each stretch of a path that a later attempt left behind is a further series, with `abandoned_by`; not of groups,
    of expressions or over a metric.
    """

    runs: list[RunId] = Field(min_length=1, max_length=RUNS)
    paths: list[SeriesPath] = Field([], max_length=PAIRS)
    expressions: list[Annotated[str, Field(min_length=1, max_length=1000)]] = Field([], max_length=EXPRESSIONS)
    groups: list[Annotated[list[RunId], Field(min_length=1, max_length=RUNS)]] = Field([], max_length=RUNS)
    buckets: int = Field(800, ge=10, le=4_000)
    axis: Literal["step", "time", "relative", "metric"] = "step"
    x_path: str = Field("", max_length=1024)
    start: Bound | None = None
    stop: Bound | None = None
    columns: Literal["all", "drawn"] = "all"
    abandoned: bool = False

    @field_validator("runs", "paths", mode="after")
    @classmethod
    def _distinct(cls, items: list[object]) -> list[object]:
        return list(dict.fromkeys(items))

    @model_validator(mode="after")
    def _within_storage(self) -> ChartRequest:
        is_too_far = any(bound is not None and abs(bound) > LARGEST for bound in (self.start, self.stop))
        if self.axis != "metric" and is_too_far:
            raise ValueError(f"start and stop are at most {LARGEST:g}, in steps or seconds")
        return self


@router.post("/charts", responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}})
def read_charts(request: Request, chart: ChartRequest) -> Response:
    """Series for charts, with the exact minimum, maximum, first and last value of every bucket.

    A binary frame unless the request accepts application/json; docs/reference/http-api.md has the layout. Series of
    few points come as columns step, time, value; longer ones as step, time, min, max, first, last, mean. `start_ms` is
    when the run began.
    """
    _check(chart)
    wanted = _columns(chart)
    services: Services = request.app.state.services
    services.tails.prepare(chart.runs)
    with services.database.read() as connection:
        runs = origins(connection, chart.runs)
        board = Board(
            runs=[runs[run_id] for run_id in chart.runs],
            paths=chart.paths,
            buckets=chart.buckets,
            axis=chart.axis,
            x_path=chart.x_path,
            start=chart.start,
            stop=chart.stop,
            expressions=parsed(chart.expressions),
            groups=chart.groups,
            abandoned=chart.abandoned,
            columns=wanted,
        )
        drawn = draw(connection, services.tails, board)
    return respond(request, [_frame_series(item, wanted) for item in drawn])


def _check(chart: ChartRequest) -> None:
    wanted = len(chart.paths) + len(chart.expressions)
    if not wanted:
        raise InvalidRequestError("The request names neither paths nor expressions, so there is nothing to draw.")
    if len(chart.runs) * wanted > PAIRS:
        raise InvalidRequestError(
            f"{len(chart.runs)} runs x {wanted} paths are more than {PAIRS:,} series. Ask in parts."
        )
    if (chart.axis == "metric") != bool(chart.x_path):
        raise InvalidRequestError("`x_path` names the metric of the axis `metric`: give both or neither.")
    if not {run_id for group in chart.groups for run_id in group} <= set(chart.runs):
        raise InvalidRequestError("A group has runs that are not among `runs`.")


def _columns(chart: ChartRequest) -> frozenset[str] | None:
    """The columns that a picture needs: where a point stands, its value, or mean and extremes of a bucket."""
    if chart.columns == "all" or chart.groups:
        return None
    place = {"step": "step", "metric": "x"}.get(chart.axis, "time")
    return frozenset((place, "value", "min", "max", "mean"))


def _frame_series(drawn: Drawn, wanted: frozenset[str] | None) -> FrameSeries:
    header: dict[str, Any] = {
        "run": drawn.run.run_id if drawn.run else None,
        "path": drawn.text,
        "points": drawn.curve.points,
        "nonfinite": drawn.curve.nonfinite,
        "start_ms": drawn.run.created_ms if drawn.run else 0,
    }
    if drawn.is_expression:
        header.update(expression=True, exact=drawn.is_exact)
    if drawn.abandoned_by:
        header["abandoned_by"] = drawn.abandoned_by
    if drawn.group is not None:
        header.update(group=drawn.group, runs=drawn.runs)
    names, columns = drawn.curve.names, drawn.curve.columns
    if wanted is not None and not wanted.issuperset(names):
        kept = {name: column for name, column in zip(names, columns, strict=True) if name in wanted}
        names, columns = tuple(kept), tuple(kept.values())
    return FrameSeries(header, names, columns)
