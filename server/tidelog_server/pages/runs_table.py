"""The runs table of a project: filtered, sorted, with the columns that its address names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.errors import QueryError
from tidelog_server.pages.addresses import columns_address, compare_address, project_address
from tidelog_server.pages.column_choice import ColumnChoice, ColumnChoices, choices_among, first_word
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.pages.usual_columns import usual_columns
from tidelog_server.query.parser import parse_subject
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.table import TablePage, TableRow, columns_of, runs_table

router = APIRouter(route_class=PageRoute)

ROWS = 50
MAX_COLUMNS = 40
NEWEST_FIRST = "sys/creation_time"
FIXED_COLUMNS = {"sys/name": "Run", "sys/state": "State", "sys/creation_time": "Started"}
Labels = Annotated[list[str], Query()]


@dataclass(frozen=True)
class View:
    """What an address of the table asks for."""

    project: str
    query: str = ""
    columns: tuple[str, ...] | None = None  # None: the page chooses
    sort: str = NEWEST_FIRST
    descending: bool = True
    after: str = ""
    chosen: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The parts of an address that shows this; defaults are not mentioned."""
        is_default = self.sort == NEWEST_FIRST and self.descending
        columns = [("column", column) for column in self.columns or ()]
        return [
            ("q", self.query),
            *(columns or ([("columns", "none")] if self.columns == () else [])),
            ("sort", "" if is_default else self.sort),
            ("order", "" if self.descending else "ascending"),
            ("after", self.after),
            *(("run", label) for label in self.chosen),
        ]

    @property
    def address(self) -> str:
        """The address that shows this."""
        return project_address(self.project, self.pairs)


@dataclass(frozen=True)
class Header:
    """The head of a column: pressing it sorts by the column, pressing it again turns the order."""

    path: str
    title: str
    address: str
    kind: str  # "number" or "text": how its cells are set
    direction: str  # "ascending", "descending" or "none", as aria-sort has it


@dataclass(frozen=True)
class Cell:
    """A value of a run, set as its column is."""

    value: object
    kind: str


@dataclass(frozen=True)
class Line:
    """A run as a line of the table. `cells` are its values in the order of the columns."""

    row: TableRow
    cells: tuple[Cell, ...]
    tags: tuple[str, ...]
    elapsed_ms: int
    is_chosen: bool


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the filter: the text before, at and behind the place."""

    message: str
    before: str
    wrong: str
    behind: str


@dataclass(frozen=True)
class RunsPage:
    """The context of pages/runs.html and of its partials."""

    project: Project
    view: View
    mistake: Mistake | None
    fixed: tuple[Header, ...]
    headers: tuple[Header, ...]
    lines: tuple[Line, ...]
    total: int
    total_is_exact: bool
    next_address: str
    first_address: str
    all_address: str
    compare: str
    chosen_elsewhere: tuple[str, ...]
    choices: ColumnChoices
    server: str
    now_ms: int


@router.get("/projects/{project:path}/columns")
def show_columns(request: Request, project: str, find: str = "", column: Labels = []) -> Response:  # noqa: B006
    """The list to choose columns from, those first that are chosen already."""
    with request.app.state.database.read() as connection:
        known = columns_of(connection, find_project(connection, project).id, containing=first_word(find))
    choices = choices_among(known, chosen=column, find=find, address=columns_address(project))
    return render(request, "partials/column_choices.html", choices)


@router.get("/projects/{project:path}")
def show_runs(
    request: Request,
    project: str,
    q: str = "",
    column: Labels = [],  # noqa: B006
    columns: str = "",
    sort: str = NEWEST_FIRST,
    order: str = "descending",
    after: str = "",
    run: Labels = [],  # noqa: B006
) -> Response:
    """One page of the project's runs."""
    named = tuple(dict.fromkeys(column))[:MAX_COLUMNS]
    view = View(
        project=project,
        query=q,
        columns=named or (() if columns == "none" else None),
        sort=sort or NEWEST_FIRST,
        descending=order != "ascending",
        after=after,
        chosen=tuple(dict.fromkeys(run)),
    )
    for subject in (*named, view.sort):
        parse_subject(subject)  # a wrong one is a wrong address, not a mistake in the filter
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        known = columns_of(connection, found.id)
        shown = usual_columns(connection, found.id) if view.columns is None else view.columns
        mistake, table = None, TablePage(rows=[], total=0, next=None)
        try:
            table = runs_table(
                connection,
                found.id,
                query=q,
                columns=(*shown, "sys/tags"),
                sort=view.sort,
                descending=view.descending,
                limit=ROWS,
                after=after or None,
            )
        except QueryError as error:
            mistake = mistake_in(q, error)
    choices = choices_among(known, chosen=shown, find="", address=columns_address(project))
    server = str(request.base_url).rstrip("/")
    page = runs_page(found, view, table, mistake, choices, server=server, now=now_ms())
    return render(request, "partials/runs.html" if wanted_partial(request) == "runs" else "pages/runs.html", page)


def runs_page(
    project: Project,
    view: View,
    table: TablePage,
    mistake: Mistake | None,
    choices: ColumnChoices,
    *,
    server: str,
    now: int,
) -> RunsPage:
    """Everything that the page shows of this part of the table."""
    lines = tuple(_line(row, choices.chosen, view, now) for row in table.rows)
    here = {line.row.run.label for line in lines}
    return RunsPage(
        project=project,
        view=view,
        mistake=mistake,
        fixed=tuple(_header(view, path, title, "text") for path, title in FIXED_COLUMNS.items()),
        headers=tuple(_header(view, choice.path, choice.path, choice.kind) for choice in choices.chosen),
        lines=lines,
        total=table.total,
        total_is_exact=table.total_is_exact,
        next_address=replace(view, after=table.next).address if table.next else "",
        first_address=replace(view, after="").address if view.after else "",
        all_address=replace(view, after="", query="").address,
        compare=compare_address(project.name),
        chosen_elsewhere=tuple(label for label in view.chosen if label not in here),
        choices=choices,
        server=server,
        now_ms=now,
    )


def mistake_in(query: str, error: QueryError) -> Mistake:
    """The filter cut at the place where it does not parse."""
    start = min(max(error.position, 0), len(query))
    stop = start + max(error.length, 1)
    return Mistake(message=error.message, before=query[:start], wrong=query[start:stop] or " ", behind=query[stop:])


def _header(view: View, path: str, title: str, kind: str) -> Header:
    is_sorted = view.sort == path
    turned = replace(view, sort=path, descending=not view.descending if is_sorted else True, after="")
    direction = ("descending" if view.descending else "ascending") if is_sorted else "none"
    return Header(path=path, title=title, address=turned.address, kind=kind, direction=direction)


def _line(row: TableRow, columns: Sequence[ColumnChoice], view: View, now: int) -> Line:
    run = row.run
    tags = row.values.get("sys/tags")
    end = run.ended_ms or (now if run.state == "running" else run.seen_ms)
    return Line(
        row=row,
        cells=tuple(Cell(row.values.get(column.path), column.kind) for column in columns),
        tags=tuple(tags) if isinstance(tags, list) else (),
        elapsed_ms=end - run.created_ms,
        is_chosen=run.label in view.chosen,
    )
