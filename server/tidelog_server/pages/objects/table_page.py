"""The page of a table that was logged: one, or a series of them with a stepper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tidelog_server.errors import FileNotHereError
from tidelog_server.files import reading as files
from tidelog_server.files.reading import RunFile
from tidelog_server.pages.addresses import run_address, table_address
from tidelog_server.pages.objects.tables import MEDIA_TYPE, ROWS, SHOWN_BYTES, TablePart, part_of
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.run.files import shown_file
from tidelog_server.pages.templating import render
from tidelog_server.runs.runs import Run, find_run_of
from tidelog_server.series.objects import reading
from tidelog_server.series.objects.lookup import FoundObjects, find_objects
from tidelog_server.series.points import STEP_UNITS
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

STEPS = 100  # of a series, that the stepper offers at once
STEPS_LIMIT = 2**62


@dataclass(frozen=True)
class Head:
    """A column's name, and where the table is sorted by it."""

    name: str
    is_number: bool
    address: str
    sorting: str  # of aria-sort


@dataclass(frozen=True)
class TablePage:
    """The context of pages/table.html. `table` is None where there is nothing to show yet, as `problem` says."""

    run: Run
    run_address: str
    path: str
    step: int | None
    download: str
    problem: str
    table: TablePart | None
    heads: tuple[Head, ...]
    before: str | None
    after: str | None
    steps: tuple[tuple[str, bool, int], ...]


@router.get("/projects/{project:path}/runs/{label}/table")
def show_table(
    request: Request,
    project: str,
    label: str,
    path: Annotated[str, Query(min_length=1, max_length=1024)],
    step: Annotated[int | None, Query(ge=-STEPS_LIMIT, le=STEPS_LIMIT)] = None,
    abandoned: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    sort: Annotated[int | None, Query(ge=0, le=100_000)] = None,
    descending: bool = False,
    first: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """Some rows of a table; of a series the one at this step (in millionths), by default the last, or one of those that
    an attempt abandoned.
    """
    services: Services = request.app.state.services
    path = path.strip("/")
    with services.database.read() as connection:
        run = find_run_of(connection, project, label)
    services.folder.fold_lineage(run.id)
    with services.database.read() as connection:
        where = (connection, services.tails, run.project_id, run.id, path)
        found = files.files_at(*where, step=step, abandoned_by=abandoned)
        series = find_objects(*where, abandoned_by=abandoned) if found.type == "file_series" else None
        steps = () if series is None else _steps(connection, series)
    if not found.files or found.files[0].media_type != MEDIA_TYPE:
        raise FileNotHereError(f"What the run {label} has at {path[:200]!r} is no table.")
    file = found.files[0]
    shown_step = None if file.step is None else round(file.step * STEP_UNITS)
    table, problem = _table(services, file, sort, descending, first)

    def address(**wanted: int | bool | None) -> str:
        kept = {"step": step, "abandoned": abandoned or None, "sort": sort, "descending": descending, "first": 0}
        return table_address(run.project, run.label, path, **{**kept, **wanted})

    length = table.rows_in_all if table is not None else 0
    page = TablePage(
        run=run,
        run_address=run_address(run.project, run.label),
        path=path,
        step=shown_step,
        download=shown_file(run, path, file, abandoned_by=abandoned).download,
        problem=problem,
        table=table,
        heads=_heads(table, sort, descending, address),
        before=address(first=max(first - ROWS, 0)) if first else None,
        after=address(first=first + ROWS) if first + ROWS < length else None,
        steps=tuple((address(step=one), one == shown_step, one) for one in steps),
    )
    return render(request, "pages/table.html", page)


def _heads(
    table: TablePart | None, sort: int | None, descending: bool, address: Callable[..., str]
) -> tuple[Head, ...]:
    """The heads of the columns; pressing the one that the table is sorted by turns the order around."""
    return tuple(
        Head(
            column.name,
            column.is_number,
            address(sort=column.place, descending=column.place == sort and not descending),
            ("descending" if descending else "ascending") if column.place == sort else "none",
        )
        for column in (table.columns if table is not None else ())
    )


def _steps(connection: sa.Connection, found: FoundObjects) -> tuple[int, ...]:
    """The newest steps of a series of files."""
    page = reading.page_of(connection, found, limit=STEPS, newest_first=True)
    return tuple(page.points.steps.tolist())


def _table(
    services: Services, file: RunFile, sort: int | None, descending: bool, first: int
) -> tuple[TablePart | None, str]:
    if file.key is None:
        return None, file.problem or "The table has not arrived yet: its bytes travel beside the journal."
    if file.size > SHOWN_BYTES:
        return None, f"The table is {file.size:,} bytes long; up to {SHOWN_BYTES:,} are shown. It can be downloaded."
    content = b"".join(services.blobs.read(file.key, 0, file.size))
    return part_of(content, sort=sort, descending=descending, first=first), ""
