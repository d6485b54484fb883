"""The page of a search, and the few results that the palette shows while one types."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.addresses import dashboard_address, plain_step, project_address, run_address, search_address
from tidelog_server.pages.axes import Choice
from tidelog_server.pages.objects.ansi import readable
from tidelog_server.pages.objects.origins import kept_pairs
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.runs.projects import find_project
from tidelog_server.search.logs import BEFORE_CHARACTERS, BEHIND_CHARACTERS, LogHit, search_logs
from tidelog_server.search.names import NameHit, search_names
from tidelog_server.search.phrases import phrase_of
from tidelog_server.urls import project_url

router = APIRouter(route_class=PageRoute)

PALETTE_EACH = 5
TABS = {"names": "Names and values", "logs": "Logs"}
TITLES = {
    "project": "Projects",
    "run": "Runs",
    "model": "Models",
    "dashboard": "Dashboards and reports",
    "artifact": "Artifacts",
    "attribute": "Attributes",
    "value": "Values",
}


@dataclass(frozen=True)
class Result:
    """A line of the results, and where it leads."""

    address: str
    name: str
    label: str
    detail: str
    project: str


@dataclass(frozen=True)
class Group:
    """The results of one kind."""

    title: str
    results: tuple[Result, ...]


@dataclass(frozen=True)
class LogLine:
    """A line of a log that was found, and where it is shown among its neighbours; `before` and `behind` as one reads
    them, with a mark where the line goes on."""

    hit: LogHit
    address: str
    before: str
    behind: str


@dataclass(frozen=True)
class SearchPage:
    """The context of pages/search.html and partials/palette_results.html."""

    q: str
    project: str
    tab: str
    tabs: tuple[Choice, ...]
    groups: tuple[Group, ...]
    lines: tuple[LogLine, ...]
    next_address: str
    mistake: str
    logs_address: str


@router.get("/search")
def show_search(request: Request, q: str = "", project: str = "", tab: str = "names", after: str = "") -> Response:
    """What has these words in its name, or which runs have printed them."""
    tab = tab if tab in TABS else "names"
    is_palette = wanted_partial(request) == "palette-results"
    groups: tuple[Group, ...] = ()
    lines: tuple[LogLine, ...] = ()
    next_address = mistake = ""
    with request.app.state.database.read() as connection:
        project_id = find_project(connection, project).id if project else None
        if is_palette:
            groups = grouped(search_names(connection, q, project_id=project_id, each=PALETTE_EACH))
        elif tab == "names":
            groups = grouped(search_names(connection, q, project_id=project_id, each=50))
        elif q.strip():
            try:
                found = search_logs(connection, phrase_of(q), project_id=project_id, after=after or None)
                lines = tuple(map(log_line, found.hits))
                next_address = search_address(q, project, "logs", found.next) if found.next else ""
            except InvalidRequestError as error:
                mistake = error.message
    page = SearchPage(
        q=q,
        project=project,
        tab=tab,
        tabs=tuple(Choice(name, text, search_address(q, project, name), name == tab) for name, text in TABS.items()),
        groups=groups,
        lines=lines,
        next_address=next_address,
        mistake=mistake,
        logs_address=search_address(q, project, "logs"),
    )
    return render(request, "partials/palette_results.html" if is_palette else "pages/search.html", page)


def grouped(hits: list[NameHit]) -> tuple[Group, ...]:
    """The hits by kind, in the order of `TITLES`."""
    by_kind: dict[str, list[Result]] = {kind: [] for kind in TITLES}
    for hit in hits:
        by_kind[hit.kind].append(Result(address_of(hit), hit.name, hit.label, hit.detail, hit.project))
    return tuple(Group(TITLES[kind], tuple(results)) for kind, results in by_kind.items() if results)


def address_of(hit: NameHit) -> str:
    """The page of what was found; an attribute's is the runs table with its column."""
    if hit.kind == "project":
        return project_address(hit.project)
    if hit.kind == "dashboard":
        return dashboard_address(hit.project, hit.number)
    if hit.kind == "artifact":
        return f"{project_url(hit.project)}/artifacts"
    if hit.kind == "attribute":
        return project_address(hit.project, [("column", hit.name), ("sort", hit.name)])
    return run_address(hit.project, hit.label)


def log_line(hit: LogHit) -> LogLine:
    """The line without what only a terminal understands."""
    before, behind = readable(hit.before), readable(hit.behind)
    if len(hit.before) == BEFORE_CHARACTERS:
        before = f"…{before}"
    if len(hit.behind) == BEHIND_CHARACTERS:
        behind = f"{behind}…"
    return LogLine(hit, log_address(hit), before, behind)


def log_address(hit: LogHit) -> str:
    """The log of the run, at this line."""
    pairs = [("tab", "console"), ("series", hit.path), ("step", plain_step(hit.step)), *kept_pairs(hit.abandoned_by)]
    return run_address(hit.project, hit.label, pairs)
