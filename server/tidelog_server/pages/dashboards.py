"""Dashboards and reports: their list, one of them to look at or to edit, and one as a file that needs no server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.dashboards.content import OPTIONS, OVER, Selection, Widget
from tidelog_server.dashboards.selection import as_selection_of, runs_with_labels, selected_runs
from tidelog_server.dashboards.store import Dashboard, find_dashboard, frozen_of, list_dashboards
from tidelog_server.errors import QueryError
from tidelog_server.pages.addresses import dashboard_address, dashboards_address
from tidelog_server.pages.axes import Axes, axes_from
from tidelog_server.pages.problems import PageRoute, StoredId
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.pages.widgets import Surroundings, WidgetView, view_of
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.runs import Run, runs_by_id

router = APIRouter(route_class=PageRoute)

WIDGET_ELEMENT = "widget-"
KIND_NAMES = {
    "charts": "Charts",
    "value": "Single value",
    "table": "Table",
    "scatter": "Scatter",
    "parallel": "Parallel coordinates",
    "images": "Images",
    "text": "Text",
}
Labels = Annotated[list[str], Query(max_length=100)]


@dataclass(frozen=True)
class DashboardsPage:
    """The context of pages/dashboards.html."""

    project: Project
    dashboards: tuple[Dashboard, ...]
    address: str
    now_ms: int


@dataclass(frozen=True)
class DashboardPage:
    """The context of pages/dashboard.html and of the partials of its widgets.

    `labels` are the runs that the address names, in the place of those that the dashboard selects.
    """

    project: Project
    dashboard: Dashboard
    runs: tuple[Run, ...]
    selection: Selection
    views: tuple[WidgetView, ...]
    mistake: str
    editing: bool
    edited: Widget | None
    labels: tuple[str, ...]
    address: str
    plain_address: str
    edit_address: str
    export_address: str
    layout_address: str
    list_address: str
    axes: Axes
    kinds: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    overs: tuple[str, ...]
    style: Markup
    now_ms: int

    @property
    def is_report(self) -> bool:
        """Whether it is read from the top to the bottom rather than looked at."""
        return self.dashboard.kind == "report"


@router.get("/projects/{project:path}/dashboards")
def show_dashboards(request: Request, project: str) -> Response:
    """The dashboards and reports of a project."""
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        listed = list_dashboards(connection, found.id)
    page = DashboardsPage(found, tuple(listed), dashboards_address(project), now_ms())
    return render(request, "pages/dashboards.html", page)


@router.get("/projects/{project:path}/dashboards/{dashboard_id:int}")
def show_dashboard(
    request: Request,
    project: str,
    dashboard_id: StoredId,
    run: Labels = [],  # noqa: B006 - FastAPI copies it
    edit: str = "",
    widget: str = "",
    x: str = "",
    y: str = "",
) -> Response:
    """One dashboard or report. With `run`, over other runs than its own; with `edit`, with what changes it."""
    page = dashboard_page(
        request, project, dashboard_id, labels=run, editing=bool(edit), edited=widget, axes=(x, y), as_picture=False
    )
    target = wanted_partial(request)
    if target.startswith(WIDGET_ELEMENT):
        wanted = [view for view in page.views if WIDGET_ELEMENT + view.widget.id == target]
        return render(request, "partials/widget.html", replace(page, views=tuple(wanted)))
    return render(request, "pages/dashboard.html", page)


@router.get("/projects/{project:path}/dashboards/{dashboard_id:int}/layout.css")
def show_layout(request: Request, project: str, dashboard_id: StoredId) -> Response:
    """Where the widgets stand, as a style sheet: the page itself may hold no styles. Its address names the version."""
    with request.app.state.database.read() as connection:
        found = find_dashboard(connection, find_project(connection, project).id, dashboard_id)
    rules = "\n".join(_rule(widget) for widget in found.content.widgets)
    text = f"@media (min-width: 900px) {{\n{rules}\n}}\n"
    return Response(text, media_type="text/css", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/projects/{project:path}/dashboards/{dashboard_id:int}/export.html")
def export_dashboard(request: Request, project: str, dashboard_id: StoredId, run: Labels = []) -> Response:  # noqa: B006
    """All of it as one file, with pictures in the place of charts: it can be mailed, and opened without a server."""
    page = dashboard_page(request, project, dashboard_id, labels=run, axes=("", ""), as_picture=True)
    style = Markup(request.app.state.assets.text("dist/style.css"))
    answer = render(request, "pages/dashboard_export.html", replace(page, style=style))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", page.dashboard.name).strip("-.")[:80] or page.dashboard.kind
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.html"'
    return answer


def dashboard_page(
    request: Request,
    project: str,
    dashboard_id: StoredId,
    *,
    labels: Sequence[str] = (),
    editing: bool = False,
    edited: str = "",
    axes: tuple[str, str] = ("", ""),
    as_picture: bool,
) -> DashboardPage:
    """Everything that the page shows of a dashboard."""
    services = request.app.state.services
    with services.database.read() as connection:
        found = find_project(connection, project)
        dashboard = find_dashboard(connection, found.id, dashboard_id)
        mistake, chosen = "", []
        try:
            chosen = _runs_of(connection, dashboard, labels)
        except QueryError as error:
            mistake = error.message
    services.tails.prepare([run.id for run in chosen])
    with services.database.read() as connection:
        selection = as_selection_of(chosen) if labels or dashboard.run_id else dashboard.content.selection
        around = Surroundings(connection, services, found.id, found.name, selection, chosen)
        frozen = frozen_of(connection, dashboard.id)
        views = tuple(
            WidgetView(widget, widget.title, frozen=frozen[widget.id])
            if widget.id in frozen
            else view_of(widget, around, as_picture=as_picture)
            for widget in _in_order(dashboard)
        )
    named = [("run", label) for label in labels]
    plain = dashboard_address(project, dashboard_id, pairs=named)
    editing_pairs = [*named, ("edit", "1")]
    return DashboardPage(
        project=found,
        dashboard=dashboard,
        runs=tuple(chosen),
        selection=dashboard.content.selection,
        views=views,
        mistake=mistake,
        editing=editing,
        edited=next((one for one in dashboard.content.widgets if one.id == edited), None) if editing else None,
        labels=tuple(labels),
        address=dashboard_address(project, dashboard_id),
        plain_address=plain,
        edit_address=dashboard_address(project, dashboard_id, pairs=editing_pairs),
        export_address=dashboard_address(project, dashboard_id, "/export.html", named),
        layout_address=dashboard_address(project, dashboard_id, "/layout.css", [("v", str(dashboard.version))]),
        list_address=dashboards_address(project),
        axes=axes_from(*axes, base=dashboard_address(project, dashboard_id), others=tuple(named)),
        kinds=KIND_NAMES,
        options=OPTIONS,
        overs=OVER,
        style=Markup(""),
        now_ms=now_ms(),
    )


def _runs_of(connection: sa.Connection, dashboard: Dashboard, labels: Sequence[str]) -> list[Run]:
    if labels:
        return runs_with_labels(connection, dashboard.project_id, labels)
    if dashboard.run_id is not None:
        return runs_by_id(connection, [dashboard.run_id])
    return selected_runs(connection, dashboard.project_id, dashboard.content.selection)


def _in_order(dashboard: Dashboard) -> list[Widget]:
    """The widgets as they are read: those of a report in its order, those of a dashboard row by row."""
    if dashboard.kind == "report":
        return list(dashboard.content.widgets)
    return sorted(dashboard.content.widgets, key=lambda widget: (widget.place.y, widget.place.x, int(widget.id)))


def _rule(widget: Widget) -> str:
    """The style of one widget's place; it is made of whole numbers only."""
    place = widget.place
    return (
        f"#{WIDGET_ELEMENT}{int(widget.id)} {{ grid-area: {place.y + 1} / {place.x + 1} / "
        f"span {place.height} / span {place.width}; }}"
    )
