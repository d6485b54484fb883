"""Many series of many runs: which there are, and all their points."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from tidelog_server.api.frames import MEDIA_TYPE, FrameSeries, respond
from tidelog_server.errors import InvalidRequestError
from tidelog_server.ingest import log
from tidelog_server.query.patterns import check_pattern, matcher
from tidelog_server.runs.runs import Run, runs_by_label
from tidelog_server.series import bulk
from tidelog_server.series.bulk import Matches, Piece, Place
from tidelog_server.series.lineage import with_ancestors
from tidelog_server.series.points import STEP_UNITS, units
from tidelog_server.services import Services

router = APIRouter(tags=["series"])

RUNS = 200
PATHS = 1_000
NAMES = 5_000
POINTS = 1_000_000
LARGEST_STEP = 4e12

Label = Annotated[str, Field(min_length=1, max_length=100)]
SeriesPath = Annotated[str, Field(min_length=1, max_length=1024)]
Step = Annotated[float, Field(ge=-LARGEST_STEP, le=LARGEST_STEP, allow_inf_nan=False)]
SeriesType = Literal["float_series", "string_series", "histogram_series", "file_series", "file", "file_set", "artifact"]


class SeriesChoice(BaseModel):
    """Series of up to 200 runs: those at `paths`, or those in whose path the RE2 expression `pattern` occurs."""

    runs: list[Label] = Field(min_length=1, max_length=RUNS, examples=[["MNIST-3", "MNIST-4"]])
    paths: list[SeriesPath] | None = Field(None, max_length=PATHS)
    pattern: str = Field("", examples=["^metrics/.*loss$"])
    after: str | None = Field(None, max_length=80, description="`next` of the page before")
    own: bool = Field(False, description="without what forks inherit")


class SeriesSearch(SeriesChoice):
    """Which series there are, or which files."""

    types: list[SeriesType] = Field(default=["float_series"], min_length=1)
    limit: int = Field(NAMES, ge=1, le=NAMES)


class SeriesOut(BaseModel):
    """A series of a run."""

    run_id: int
    run: str = Field(examples=["MNIST-3"])
    path: str
    type: str


class SeriesList(BaseModel):
    """Series by run, in the order of the request. `next` is null at the end."""

    series: list[SeriesOut]
    next: str | None


class PointsRequest(SeriesChoice):
    """Every point with a step from `start` to `stop`, both included, at most `limit` in one answer.

    `exact` gives steps as integers of millionths instead of float64, which is exact up to 9e9 steps only.
    """

    start: Step | None = None
    stop: Step | None = None
    limit: int = Field(250_000, ge=1, le=POINTS)
    exact: bool = False


@router.post("/series/find")
def find_series(request: Request, wanted: SeriesSearch) -> SeriesList:
    """The series that a regular expression or a list of paths means, in pages."""
    services: Services = request.app.state.services
    runs = _runs(services, wanted)
    after = Place.parse(wanted.after) if wanted.after else Place()
    with services.database.read() as connection:
        names = bulk.series_of(connection, runs, _matches(wanted), wanted.types, after, own=wanted.own)
        found = list(islice(names, wanted.limit + 1))
    more = len(found) > wanted.limit
    found = found[: wanted.limit]
    return SeriesList(
        series=[SeriesOut(run_id=name.run.id, run=name.run.label, path=name.path, type=name.type) for name in found],
        next=str(found[-1].place) if more else None,
    )


@router.post(
    "/series/points", responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}
)
def read_points(request: Request, wanted: PointsRequest) -> Response:
    """All points of many float series, page after page: what exports and analyses read.

    A binary frame unless the request accepts application/json. Columns are step, time_ms (an integer) and value. A
    series may go on in the next page.
    """
    services: Services = request.app.state.services
    runs = _runs(services, wanted)
    after = Place.parse(wanted.after) if wanted.after else Place()
    services.tails.prepare(run.id for run in runs[after.run :])
    with services.database.read() as connection:
        pieces, following = bulk.pieces_of(
            connection,
            services.tails,
            runs,
            _matches(wanted),
            start=units(wanted.start),
            stop=units(wanted.stop),
            after=after,
            limit=wanted.limit,
            own=wanted.own,
        )
    frames = [_frame_series(piece, exact=wanted.exact) for piece in pieces]
    return respond(request, frames, next=str(following) if following else None)


def _runs(services: Services, wanted: SeriesChoice) -> list[Run]:
    """The runs; on a first page those with something unfolded are folded, so that no new series is missing."""
    with services.database.read() as connection:
        runs = runs_by_label(connection, wanted.runs)
        if wanted.after is not None:
            return runs
        waiting = log.waiting(connection, with_ancestors(connection, [run.id for run in runs]))
    for run_id in waiting:
        services.folder.fold(run_id)
    return runs


def _matches(wanted: SeriesChoice) -> Matches:
    if wanted.paths is not None:
        return {path.strip("/") for path in wanted.paths}.__contains__
    if not wanted.pattern:
        return lambda path: True
    wrong = check_pattern(wanted.pattern)
    if wrong:
        raise InvalidRequestError(
            f"{wanted.pattern[:200]!r} is no regular expression ({wrong}). The syntax is that of RE2.", field="pattern"
        )
    return matcher(wanted.pattern)


def _frame_series(piece: Piece, *, exact: bool) -> FrameSeries:
    points = piece.points
    steps = points.steps if exact else points.steps / STEP_UNITS
    header = {"run_id": piece.run.id, "run": piece.run.label, "path": piece.path, "points": len(points)}
    names = ("step_millionths" if exact else "step", "time_ms", "value")
    return FrameSeries(header, names, (steps, points.times, points.values))
