"""The points of a series of texts, histograms or files, page by page from either end."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.api.series import AbandonedBy, Step
from tidelog_server.errors import SeriesNotFoundError
from tidelog_server.runs import runs
from tidelog_server.series.objects import reading
from tidelog_server.series.objects.lookup import find_abandoned, find_objects
from tidelog_server.series.objects.summaries import as_value
from tidelog_server.series.points import STEP_UNITS, units
from tidelog_server.services import Services

router = APIRouter(tags=["series"])


class ObjectPage(BaseModel):
    """Points ascending by step. `next` is the `after` (newest first: the `before`) of the next page, null at the end.

    A value is a text, `{"edges", "counts"}` of a histogram, or a reference to a file.
    """

    path: str
    type: str = Field(examples=["string_series", "histogram_series", "file_series"])
    points: int
    steps: list[int] | list[float] = Field(description="with `exact` integers of millionths")
    times: list[int] | list[float] = Field(description="seconds since 1970 UTC; with `exact` integers of milliseconds")
    values: list[Any]
    next: int | None
    abandoned: list[int] = Field(
        description="attempts that left something behind of this series: read with `abandoned_by`"
    )


Position = Annotated[int | None, Query(ge=-(2**62), le=2**62, description="`next` of the page before")]


@router.get("/runs/{label}/objects")
def read_objects(
    request: Request,
    label: str,
    path: Annotated[str, Query(min_length=1, max_length=1024)],
    start: Step = None,
    stop: Step = None,
    after: Position = None,
    before: Position = None,
    newest_first: bool = False,
    exact: bool = False,
    limit: Annotated[int, Query(ge=1, le=reading.PAGE_POINTS)] = 1_000,
    abandoned_by: AbandonedBy = 0,
    own: Annotated[bool, Query(description="of a fork, without what it inherits")] = False,
) -> ObjectPage:
    """Points with a step from `start` to `stop`, both included, and between `after` and `before`: the first of them, or
    the last ones.
    """
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = runs.find_run(connection, label)
    services.tails.prepare([run.id])
    with services.database.read() as connection:
        path = path.strip("/")
        found = find_objects(
            connection, services.tails, run.project_id, run.id, path, abandoned_by=abandoned_by, own=own
        )
        abandoned = find_abandoned(connection, run.id, [path]).get(path, [])
        if found is None:
            raise SeriesNotFoundError(f"The run {label} has no series of texts or objects at {path[:200]!r}.")
        page = reading.page_of(
            connection,
            found,
            start=_greatest(units(start), None if after is None else after + 1),
            stop=_least(units(stop), None if before is None else before - 1),
            limit=limit,
            newest_first=newest_first,
        )
    points = page.points
    return ObjectPage(
        path=path,
        type=found.type,
        points=len(points),
        steps=(points.steps if exact else points.steps / STEP_UNITS).tolist(),
        times=(points.times if exact else points.times / 1000).tolist(),
        values=[as_value(found.type, value) for value in points.values],
        abandoned=[head.abandoned_by for head in abandoned],
        next=int(points.steps[0 if newest_first else -1]) if page.more and len(points) else None,
    )


def _greatest(one: int | None, other: int | None) -> int | None:
    return max((bound for bound in (one, other) if bound is not None), default=None)


def _least(one: int | None, other: int | None) -> int | None:
    return min((bound for bound in (one, other) if bound is not None), default=None)
