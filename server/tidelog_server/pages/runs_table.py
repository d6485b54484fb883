"""The runs table of a project: filtered, sorted, grouped, with the columns that its address names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.errors import QueryError
from tidelog_server.pages import compare
from tidelog_server.pages.addresses import columns_address, compare_address, project_address
from tidelog_server.pages.axes import Choice
from tidelog_server.pages.chosen_runs import run_ids_by_label
from tidelog_server.pages.compare import ComparePage, asked_of, comparison_of, within_table
from tidelog_server.pages.first_run import FirstRun, first_run
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.table.choices import choices_among
from tidelog_server.pages.table.columns import Header, Scale, cells_of, fixed_headers, headers_of, scales_of
from tidelog_server.pages.table.conditions import Condition, conditions_in
from tidelog_server.pages.table.groups import GroupPart, RunsOfGroup, parts_of, value_of_key, within_places
from tidelog_server.pages.table.rows import Line
from tidelog_server.pages.table.sparks import sparks_of
from tidelog_server.pages.table.usual import usual_columns
from tidelog_server.pages.table.view import View, pinned_first, sparkline_path, subject_of, view_of
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.query.syntax import subject_attribute
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.table import TableRow, columns_of, rows_of, runs_table, types_of
from tidelog_server.services import Services
from tidelog_server.sheets.table import select

router = APIRouter(route_class=PageRoute)

ROWS = 24  # of a page: what a window shows, for a browser takes a millisecond for each row; more follow at once
ROWS_BEHIND = 48  # that follow one page as one scrolls to its end
TAGS = "sys/tags"
MANY_RUNS = 5_000  # of a project whose columns take long enough to be read ahead
MAX_ONLY = 200  # runs that are asked for by label, to be brought up to date
PARTIALS = {
    "runs": "partials/table/runs.html",
    "runs-and-more": "partials/table/runs.html",  # a table of several pages, renewed while one looks at its top
    "rows": "partials/table/rows.html",
    "pane": "partials/table/pane.html",
}
# Parts of the comparison beside the table, which its scripts ask for at the address of the page.
PANE_PARTIALS = {**compare.PARTIALS, "legend": "partials/legend.html"}


@dataclass(frozen=True)
class OpenRuns:
    """The lines of an open group, and where all of them are."""

    lines: tuple[Line, ...]
    more: int
    alone_address: str
    level: int


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the filter: the text before, at and behind the place."""

    message: str
    before: str
    wrong: str
    behind: str


@dataclass(frozen=True)
class Shown:
    """What the database gave for a view: lines or groups, and how many runs there are."""

    lines: tuple[Line, ...] = ()
    groups: tuple[GroupPart | OpenRuns, ...] = ()
    total: int = 0
    total_is_exact: bool = True
    next: str | None = None
    within: tuple[tuple[str, object], ...] = ()
    mistake: Mistake | None = None


@dataclass(frozen=True)
class RunsPage:
    """The context of pages/runs.html and of its partials."""

    project: Project
    view: View
    mistake: Mistake | None
    conditions: tuple[Condition, ...] | None
    fixed: tuple[Header, ...]
    headers: tuple[Header, ...]
    lines: tuple[Line, ...]
    groups: tuple[GroupPart | OpenRuns, ...]
    within: tuple[tuple[str, object], ...]
    leave_address: str
    total: int
    total_is_exact: bool
    next_address: str
    first_address: str
    all_address: str
    trash_address: str
    layouts: tuple[Choice, ...]
    compare: str
    chosen_elsewhere: tuple[str, ...]
    pane: ComparePage | None
    first_run: FirstRun
    now_ms: int


@router.get("/projects/{project:path}/columns")
def show_columns(request: Request, project: str, find: str = "") -> Response:
    """The columns that there can be, those whose path has the words or fits the glob of `find`."""
    view = view_of(project, request.query_params)
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        known = columns_of(connection, found.id)
    choices = choices_among(known, chosen=view.columns or (), find=find, address=columns_address(project))
    return render(request, "partials/table/column_choices.html", choices)


@router.get("/projects/{project:path}")
def show_runs(request: Request, project: str) -> Response:
    """A part of the project's runs: the first page, the page behind a cursor, or the runs that `refresh` names."""
    view = view_of(project, request.query_params)
    only = request.query_params.getlist("refresh")[:MAX_ONLY]
    partial = wanted_partial(request)
    limit = ROWS_BEHIND if partial in ("rows", "runs-and-more") else ROWS
    services: Services = request.app.state.services
    now = now_ms()
    with services.database.read() as connection:
        found = find_project(connection, project)
        columns = usual_columns(connection, found.id) if view.columns is None else view.columns
        columns = pinned_first(columns, view.pinned)
        paths = {subject_attribute(subject_of(column)).path for column in columns}
        headers = headers_of(view, columns, types_of(connection, found.id, paths))
        shown = _shown(services, connection, found, view, headers, only, now, limit)
    has_pane = view.layout == "split" and partial in ("", "pane", *PANE_PARTIALS)
    pane = _pane(request, view, shown) if has_pane else None
    page = runs_page(found, view, headers, shown, pane, start=first_run(request, found.name), now=now)
    if partial in PANE_PARTIALS and pane is not None:
        return render(request, PANE_PARTIALS[partial], pane)
    answer = render(request, PARTIALS.get(partial, "pages/runs.html"), page)
    if not partial and found.runs > MANY_RUNS:
        answer.background = BackgroundTask(_load_columns, services, found.id, columns)
    return answer


def _load_columns(services: Services, project_id: int, columns: Sequence[str]) -> None:
    """Read what the next press on a head or the next filter will need, while the page is looked at.

    One column at a time: a request that comes meanwhile waits for one of them, not for all.
    """
    for subject in services.sheets.lacking(project_id, [subject_of(column) for column in columns]):
        with services.database.read() as connection:
            services.sheets.sheet(connection, project_id, [subject])


def _pane(request: Request, view: View, shown: Shown) -> ComparePage | None:
    """The comparison beside the table: of the runs that are chosen, else of the first ones of the table."""
    labels = view.chosen if view.chosen is not None else _first_labels(view, shown)
    if not labels:
        return None
    services: Services = request.app.state.services
    pane = comparison_of(services, view.project, labels, asked_of(request.query_params))
    return within_table(pane, replace(view, after=""))


def _first_labels(view: View, shown: Shown) -> tuple[str, ...]:
    lines = [*shown.lines, *(line for part in shown.groups if isinstance(part, OpenRuns) for line in part.lines)]
    return tuple(line.row.run.label for line in lines[: view.first])


def _shown(
    services: Services,
    connection: sa.Connection,
    project: Project,
    view: View,
    headers: Sequence[Header],
    only: Sequence[str],
    now: int,
    limit: int,
) -> Shown:
    columns = [header.column for header in headers if header.kind != "spark"]
    if only:
        rows = rows_of(connection, project.id, run_ids_by_label(connection, project, only), [*columns, TAGS])
        return Shown(lines=_lines(services, project, view, headers, rows, {}, now), total=project.runs)
    try:
        if view.is_plain and not view.scaled:
            return _plain(services, connection, project, view, headers, columns, now, limit)
        return _selected(services, connection, project, view, headers, columns, now, limit)
    except QueryError as error:
        return Shown(mistake=mistake_in(view.query, error))


def _plain(
    services: Services,
    connection: sa.Connection,
    project: Project,
    view: View,
    headers: Sequence[Header],
    columns: Sequence[str],
    now: int,
    limit: int,
) -> Shown:
    """All runs by one key: an index of the database has them in order."""
    [sort] = view.sorts
    table = runs_table(
        connection,
        project.id,
        columns=(*columns, TAGS),
        sort=sort.column,
        descending=sort.descending,
        limit=limit,
        after=view.after or None,
        there=project.runs,
    )
    lines = _lines(services, project, view, headers, table.rows, {}, now)
    return Shown(lines=lines, total=table.total, total_is_exact=table.total_is_exact, next=table.next)


def _selected(
    services: Services,
    connection: sa.Connection,
    project: Project,
    view: View,
    headers: Sequence[Header],
    columns: Sequence[str],
    now: int,
    limit: int,
) -> Shown:
    """What a filter, several keys or groups need: the columns in memory."""
    numbers = [header.column for header in headers if header.kind == "number"] if view.groups else view.scaled
    more = [subject_of(column) for column in (*numbers, *view.groups)]
    selection = select(
        connection, services.sheets, project.id, query=view.query, keys=view.keys, more=more, trashed=view.trash
    )
    within = tuple(
        (path, value_of_key(key, selection.sheet.column(subject_of(path))))
        for path, key in zip(view.groups, view.within, strict=False)
    )
    selection = replace(selection, places=within_places(selection, view))
    scales = scales_of(selection, headers)
    wanted = (*columns, TAGS)
    if view.groups and not view.within:
        parts = parts_of(selection, view, headers)
        run_ids = [run_id for part in parts if isinstance(part, RunsOfGroup) for run_id in part.run_ids]
        rows = rows_of(connection, project.id, run_ids, wanted)
        lines = _lines(services, project, view, headers, rows, scales, now)
        return Shown(groups=_with_lines(parts, lines), total=selection.total, within=within)
    page = selection.page(limit, view.after or None)
    rows = rows_of(connection, project.id, page.run_ids, wanted)
    lines = _lines(services, project, view, headers, rows, scales, now)
    return Shown(lines=lines, total=selection.total, next=page.next, within=within)


def _with_lines(parts: Sequence[GroupPart], lines: Sequence[Line]) -> tuple[GroupPart | OpenRuns, ...]:
    by_id = {line.row.run.id: line for line in lines}
    return tuple(
        OpenRuns(
            lines=tuple(replace(by_id[run_id], level=part.level) for run_id in part.run_ids if run_id in by_id),
            more=part.more,
            alone_address=part.alone_address,
            level=part.level,
        )
        if isinstance(part, RunsOfGroup)
        else part
        for part in parts
    )


def runs_page(
    project: Project,
    view: View,
    headers: Sequence[Header],
    shown: Shown,
    pane: ComparePage | None,
    *,
    start: FirstRun,
    now: int,
) -> RunsPage:
    """Everything that the page shows of this part of the table."""
    here = {line.row.run.label for line in shown.lines}
    return RunsPage(
        project=project,
        view=view,
        mistake=shown.mistake,
        conditions=None if shown.mistake else conditions_in(view.query),
        fixed=fixed_headers(view),
        headers=tuple(headers),
        lines=shown.lines,
        groups=shown.groups,
        within=shown.within,
        leave_address=replace(view, within=(), after="").address,
        total=shown.total,
        total_is_exact=shown.total_is_exact,
        next_address=replace(view, after=shown.next).address if shown.next else "",
        first_address=replace(view, after="").address if view.after else "",
        all_address=replace(view, after="", query="", within=(), trash=False).address,
        trash_address=project_address(project.name, [("trash", "1")]),
        layouts=_layouts(view, shown),
        compare=compare_address(project.name),
        chosen_elsewhere=tuple(label for label in view.chosen or () if label not in here),
        pane=pane,
        first_run=start,
        now_ms=now,
    )


def _layouts(view: View, shown: Shown) -> tuple[Choice, ...]:
    """Table, table and charts, charts alone: of the runs that are chosen, else the first ones."""
    labels = view.chosen or tuple(line.row.run.label for line in shown.lines[: view.first])
    charts = compare_address(view.project, labels, view.others)
    return (
        Choice("table", "Table", replace(view, layout="table").address, view.layout == "table"),
        Choice("split", "Split", replace(view, layout="split", after="").address, view.layout == "split"),
        Choice("charts", "Charts", charts, False),
    )


def mistake_in(query: str, error: QueryError) -> Mistake:
    """The filter cut at the place where it does not parse."""
    start = min(max(error.position, 0), len(query))
    stop = start + max(error.length, 1)
    return Mistake(message=error.message, before=query[:start], wrong=query[start:stop] or " ", behind=query[stop:])


def _lines(
    services: Services,
    project: Project,
    view: View,
    headers: Sequence[Header],
    rows: Sequence[TableRow],
    scales: Mapping[str, Scale],
    now: int,
) -> tuple[Line, ...]:
    paths = list(filter(None, (sparkline_path(header.column) for header in headers)))
    sparks = sparks_of(services, project.id, [row.run for row in rows], paths)
    chosen = set(view.chosen or ())
    lines = []
    for number, row in enumerate(rows):
        run = row.run
        tags = row.values.get(TAGS)
        drawn = {path: sparks[run.id, path] for path in paths if (run.id, path) in sparks}
        is_first = view.chosen is None and view.layout == "split" and not view.after and number < view.first
        lines.append(
            Line(
                row=row,
                cells=cells_of(headers, row.values, scales, drawn),
                tags=tuple(tags) if isinstance(tags, list) else (),
                elapsed_ms=run.running_ms(now),
                is_chosen=run.label in chosen or is_first,
            )
        )
    return tuple(lines)
