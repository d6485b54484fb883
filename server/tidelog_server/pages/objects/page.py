"""The page of one series of texts or histograms: a log, or drawings with a stepper; page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tidelog_server.errors import SeriesNotFoundError
from tidelog_server.pages.addresses import log_address, objects_address, run_address
from tidelog_server.pages.objects.histograms import Drawing, bars, heat
from tidelog_server.pages.objects.logs import LogLine, lines_of
from tidelog_server.pages.objects.origins import PARAMETER, Origins, kept_pairs, origins_of
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.runs.runs import Run, find_run_of
from tidelog_server.series.objects import reading
from tidelog_server.series.objects.lookup import FoundObjects, find_abandoned, find_objects
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

LINES = 500
HISTOGRAMS = 60
STEPS_LIMIT = 2**62

Position = Annotated[int | None, Query(ge=-STEPS_LIMIT, le=STEPS_LIMIT)]


@dataclass(frozen=True)
class ObjectsPage:
    """The context of pages/objects.html: points of one series, and where the others are."""

    run: Run
    run_address: str
    path: str
    type: str
    points: int
    first_step: int | None
    last_step: int | None
    older: str | None
    newer: str | None
    newest: str
    log_address: str
    origins: Origins
    lines: tuple[LogLine, ...] = ()
    heat: Drawing | None = None
    bars: Drawing | None = None
    steps: tuple[tuple[str, bool, int], ...] = ()  # address, whether it is shown, step in millionths


@router.get("/projects/{project:path}/runs/{label}/objects")
def show_objects(
    request: Request,
    project: str,
    label: str,
    path: Annotated[str, Query(min_length=1, max_length=1024)],
    before: Position = None,
    after: Position = None,
    step: Position = None,
    abandoned: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """The newest points of a series, or those `before` or `after` a step (in millionths); or of what an attempt
    abandoned.
    """
    services: Services = request.app.state.services
    with services.database.read() as connection:
        run = find_run_of(connection, project, label)
    services.tails.prepare([run.id])
    with services.database.read() as connection:
        path = path.strip("/")
        where = (connection, services.tails, run.project_id, run.id, path)
        found = find_objects(*where, abandoned_by=abandoned)
        if found is None or found.type == "file_series":
            raise SeriesNotFoundError(f"The run {label} has no series of texts or histograms at {path[:200]!r}.")
        page = reading.page_of(
            connection,
            found,
            start=None if after is None else after + 1,
            stop=None if before is None else before - 1,
            limit=LINES if found.type == "string_series" else HISTOGRAMS,
            newest_first=after is None,
        )
        left_behind = find_abandoned(connection, run.id, [path]).get(path, []) if run.attempt else []
        address = partial(_address, run, path)
        origins = origins_of(connection, run, [found], left_behind, abandoned, address)
    shown = _page(run, path, found, page, step, abandoned, origins, from_start=after is not None)
    template = "partials/objects/body.html" if wanted_partial(request) == "objects" else "pages/objects.html"
    return render(request, template, shown)


def _page(
    run: Run,
    path: str,
    found: FoundObjects,
    page: reading.ObjectPage,
    step: int | None,
    abandoned: int,
    origins: Origins,
    *,
    from_start: bool,
) -> ObjectsPage:
    points = page.points
    first, last = (int(points.steps[0]), int(points.steps[-1])) if len(points) else (None, None)
    has_newer = last is not None and last < found.step_last
    has_older = first is not None and (from_start or page.more)

    address = partial(_address, run, path, abandoned)
    parts = _parts(address, found.type, points, step) if len(points) else {}
    return ObjectsPage(
        run=run,
        run_address=run_address(run.project, run.label),
        path=path,
        type=found.type,
        points=len(points),
        first_step=first,
        last_step=last,
        older=address(before=first) if has_older and first is not None else None,
        newer=address(after=last) if has_newer and last is not None else None,
        newest=address(),
        log_address=log_address(run.project, run.label, path, kept_pairs(abandoned)),
        origins=origins,
        **parts,  # type: ignore[arg-type]
    )


def _address(run: Run, path: str, abandoned: int, **position: int) -> str:
    kept = {PARAMETER: abandoned} if abandoned else {}
    return objects_address(run.project, run.label, path, **position, **kept)


def _parts(address: Callable[..., str], kind: str, points: ObjectPoints, step: int | None) -> dict[str, object]:
    if kind == "string_series":
        return {"lines": lines_of(points)}
    steps = points.steps.tolist()
    place = steps.index(step) if step in steps else len(steps) - 1
    before = steps[-1] + 1
    stepper = tuple((address(before=before, step=one), index == place, one) for index, one in enumerate(steps))
    return {"heat": heat(points), "bars": bars(points, place), "steps": stepper}
