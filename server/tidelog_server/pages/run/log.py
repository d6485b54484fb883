"""A string series as a log: a page of lines before, behind or around a step, and all of it as a text file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from tidelog_server.errors import SeriesNotFoundError
from tidelog_server.pages.addresses import log_address, run_address, with_query
from tidelog_server.pages.objects.logs import LogLine, lines_of
from tidelog_server.pages.objects.origins import kept_pairs
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render
from tidelog_server.runs.runs import Run, find_run_of
from tidelog_server.series.objects import reading
from tidelog_server.series.objects.lookup import FoundObjects, find_objects
from tidelog_server.series.objects.points import ObjectPoints
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

LINES = 500
CHUNK_POINTS = 4_096  # read at a time while a log is downloaded
STEPS_LIMIT = 2**62
OLDEST = -STEPS_LIMIT  # behind this step lie all lines
STRING_SERIES = "string_series"

Path = Annotated[str, Query(min_length=1, max_length=1024)]
AbandonedBy = Annotated[int, Query(ge=0, le=2**31 - 1)]
Position = Annotated[int | None, Query(ge=-STEPS_LIMIT, le=STEPS_LIMIT)]


@dataclass(frozen=True)
class LogPage:
    """Lines of a log, ascending; `older` and `newer` lead to those before and behind, empty at an end.

    `target` is the step of the line that the address points to, `first` and `last` those of the lines, in millionths.
    """

    lines: tuple[LogLine, ...]
    older: str
    newer: str
    first: int | None
    last: int | None
    base: str
    target: int | None = None


def page_of_log(
    connection: sa.Connection,
    run: Run,
    path: str,
    found: FoundObjects,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    abandoned: int = 0,
) -> LogPage:
    """The lines before a step, behind one, or half of them on either side of one; the newest ones without any. `found`
    may be what an attempt abandoned, which addresses then say.
    """
    if around is not None:
        newer = reading.page_of(connection, found, start=around, limit=LINES // 2)
        older = reading.page_of(connection, found, stop=around - 1, limit=LINES // 2, newest_first=True)
        lines = lines_of(older.points) + lines_of(newer.points)
        has_older, has_newer = older.more, newer.more
        points: tuple[ObjectPoints, ...] = (older.points, newer.points)
    elif after is not None:
        page = reading.page_of(connection, found, start=after + 1, limit=LINES)
        lines, has_older, has_newer, points = lines_of(page.points), after > OLDEST, page.more, (page.points,)
    else:
        stop = None if before is None else before - 1
        page = reading.page_of(connection, found, stop=stop, limit=LINES, newest_first=True)
        lines, has_older, has_newer, points = lines_of(page.points), page.more, before is not None, (page.points,)
    kept = kept_pairs(abandoned)
    steps = [int(step) for part in points for step in (part.steps[:1].tolist() + part.steps[-1:].tolist())]
    first, last = (min(steps), max(steps)) if steps else (None, None)

    def address(name: str, step: int | None) -> str:
        return "" if step is None else log_address(run.project, run.label, path, [*kept, (name, str(step))])

    return LogPage(
        lines=lines,
        older=address("before", first) if has_older else "",
        newer=address("after", last) if has_newer else "",
        first=first,
        last=last,
        base=log_address(run.project, run.label, path, kept),
        target=around,
    )


def lines_address(run: Run, path: str, abandoned: int = 0) -> str:
    """Where the browser's script gets further lines."""
    return with_query(f"{run_address(run.project, run.label)}/log", [("path", path), *kept_pairs(abandoned)])


def text_address(run: Run, path: str, abandoned: int = 0) -> str:
    """The whole log as a text file."""
    return with_query(f"{run_address(run.project, run.label)}/log.txt", [("path", path), *kept_pairs(abandoned)])


@router.get("/projects/{project:path}/runs/{label}/log")
def show_lines(
    request: Request,
    project: str,
    label: str,
    path: Path,
    before: Position = None,
    after: Position = None,
    abandoned: AbandonedBy = 0,
) -> Response:
    """The lines before or behind a step (in millionths), as a piece of a page."""
    services: Services = request.app.state.services
    run = run_at(services, project, label)
    with services.database.read() as connection:
        found = _found(connection, services, run, path, abandoned)
        page = page_of_log(connection, run, path, found, before=before, after=after, abandoned=abandoned)
    return render(request, "partials/run/log_page.html", page)


@router.get("/projects/{project:path}/runs/{label}/log.txt")
def download_log(request: Request, project: str, label: str, path: Path, abandoned: AbandonedBy = 0) -> Response:
    """All lines, each text followed by the end of a line, as they were logged."""
    services: Services = request.app.state.services
    run = run_at(services, project, label)
    with services.database.read() as connection:
        _found(connection, services, run, path, abandoned)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(run, path)}.txt"', "Cache-Control": "no-cache"}
    return StreamingResponse(
        _texts(services, run, path, abandoned), media_type="text/plain; charset=utf-8", headers=headers
    )


def _texts(services: Services, run: Run, path: str, abandoned: int) -> Iterator[bytes]:
    """A page at a time, each with a connection of its own: a slow reader holds none."""
    after: int | None = None
    more = True
    while more:
        with services.database.read() as connection:
            found = find_objects(connection, services.tails, run.project_id, run.id, path, abandoned_by=abandoned)
            if found is None:  # deleted meanwhile
                return
            start = None if after is None else after + 1
            page = reading.page_of(connection, found, start=start, limit=CHUNK_POINTS)
        more = page.more and len(page.points) > 0
        after = int(page.points.steps[-1]) if len(page.points) else after
        yield b"".join(value + b"\n" for value in page.points.values)


def file_name(run: Run, path: str) -> str:
    """A name for a download of this series that is harmless anywhere; without an extension."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in f"{run.label}-{path}")[:120]


def run_at(services: Services, project: str, label: str) -> Run:
    """The run at this address, with what is not folded yet at hand."""
    with services.database.read() as connection:
        run = find_run_of(connection, project, label)
    services.tails.prepare([run.id])
    return run


def _found(connection: sa.Connection, services: Services, run: Run, path: str, abandoned: int) -> FoundObjects:
    found = find_objects(connection, services.tails, run.project_id, run.id, path, abandoned_by=abandoned)
    if found is None or found.type != STRING_SERIES:
        raise SeriesNotFoundError(f"The run {run.label} has no series of texts at {path[:200]!r}.")
    return found
