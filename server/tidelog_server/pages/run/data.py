"""Any series as it is: its points as a table, page by page, and all of them as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from tidelog_server.errors import SeriesNotFoundError
from tidelog_server.pages.addresses import data_address, run_address, with_query
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.run.log import STEPS_LIMIT, Path, Position, file_name, run_at
from tidelog_server.pages.spreadsheets import csv_lines, harmless
from tidelog_server.pages.templating import render
from tidelog_server.runs.runs import Run
from tidelog_server.series import export
from tidelog_server.series.lookup import FoundSeries, find_series
from tidelog_server.series.objects import reading
from tidelog_server.series.objects.lookup import FoundObjects, find_objects
from tidelog_server.series.objects.summaries import as_value
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

ROWS = 500
CHUNK_POINTS = 20_000  # read at a time while a series is downloaded
OBJECTS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Row:
    """A point: its step in millionths, its time, and its value as it was logged."""

    step: int
    time_ms: int
    value: str


@dataclass(frozen=True)
class DataPage:
    """The context of pages/data.html; `next` is empty on the last page."""

    run: Run
    run_address: str
    path: str
    type: str
    rows: tuple[Row, ...]
    first: str
    next: str
    from_step: str
    download: str


@router.get("/projects/{project:path}/runs/{label}/data")
def show_data(
    request: Request,
    project: str,
    label: str,
    path: Path,
    after: Position = None,
    start: Annotated[float | None, Query(ge=-4e12, le=4e12, allow_inf_nan=False)] = None,
) -> Response:
    """Points of a series behind a step (in millionths), or from the step `start` on."""
    services: Services = request.app.state.services
    run, path = run_at(services, project, label), path.strip("/")
    position = after if start is None else round(start * STEP_UNITS) - 1
    with services.database.read() as connection:
        kind, found = _found(connection, services, run, path)
        rows, more = _rows(connection, found, position, ROWS)
    page = DataPage(
        run=run,
        run_address=run_address(run.project, run.label),
        path=path,
        type=kind,
        rows=tuple(rows),
        first=data_address(run.project, run.label, path) if position is not None else "",
        next=data_address(run.project, run.label, path, [("after", str(rows[-1].step))]) if more and rows else "",
        from_step="" if start is None else f"{start:g}",
        download=with_query(f"{run_address(run.project, run.label)}/data.csv", [("path", path)]),
    )
    return render(request, "pages/data.html", page)


@router.get("/projects/{project:path}/runs/{label}/data.csv")
def download_data(request: Request, project: str, label: str, path: Path) -> Response:
    """All points of a series: step, time (ISO 8601, UTC), and value; floats with every digit."""
    services: Services = request.app.state.services
    run, path = run_at(services, project, label), path.strip("/")
    with services.database.read() as connection:
        _found(connection, services, run, path)
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(run, path)}.csv"',
        "Cache-Control": "no-cache",
    }
    return StreamingResponse(_csv(services, run, path), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(services: Services, run: Run, path: str) -> Iterator[str]:
    """A page at a time, each with a connection of its own: a slow reader holds none."""
    yield "step,time,value\r\n"
    position: int | None = -STEPS_LIMIT
    while position is not None:
        with services.database.read() as connection:
            try:
                _, found = _found(connection, services, run, path)
            except SeriesNotFoundError:  # deleted meanwhile
                return
            rows, more = _rows(connection, found, position, CHUNK_POINTS)
        yield csv_lines((_step(row.step), _iso(row.time_ms), harmless(row.value)) for row in rows)
        position = rows[-1].step if more and rows else None


def _found(
    connection: sa.Connection, services: Services, run: Run, path: str
) -> tuple[str, FoundSeries | FoundObjects]:
    """The series at this path, of numbers or of anything else, and its type."""
    objects = find_objects(connection, services.tails, run.project_id, run.id, path)
    if objects is not None:
        return objects.type, objects
    [numbers] = find_series(connection, services.tails, run.project_id, [(run.id, path)])
    if numbers is None:
        raise SeriesNotFoundError(f"The run {run.label} has no series at {path[:200]!r}.")
    return "float_series", numbers


def _rows(
    connection: sa.Connection, found: FoundSeries | FoundObjects, position: int | None, limit: int
) -> tuple[list[Row], bool]:
    """The rows behind a step, and whether more follow."""
    start = None if position is None else position + 1
    if isinstance(found, FoundObjects):
        page = reading.page_of(connection, found, start=start, limit=min(limit, OBJECTS_AT_ONCE))
        steps, times = page.points.steps.tolist(), page.points.times.tolist()
        values = [_text(as_value(found.type, value)) for value in page.points.values]
        return [Row(*row) for row in zip(steps, times, values, strict=True)], page.more
    numbers = export.page_of(connection, found.head, found.tail, found.inherited, start=start, limit=limit)
    points = numbers.points
    exact = map(repr, points.values.tolist())
    return [Row(*row) for row in zip(points.steps.tolist(), points.times.tolist(), exact, strict=True)], numbers.more


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _step(step: int) -> str:
    whole, rest = divmod(abs(step), STEP_UNITS)
    sign = "-" if step < 0 else ""
    return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".") if rest else f"{sign}{whole}"


def _iso(time_ms: int) -> str:
    try:
        return datetime.fromtimestamp(time_ms / 1000, tz=timezone.utc).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):  # a clock that was off by millennia
        return str(time_ms)
