"""Dashboards and reports for programs, and the places of widgets for the page that drags them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.api.table import ProjectName
from tidelog_server.dashboards import store
from tidelog_server.dashboards.content import Content, Place, as_json, content_from, widget_of
from tidelog_server.dashboards.store import Dashboard
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.runs import find_run
from tidelog_server.urls import dashboard_url

router = APIRouter(tags=["dashboards"])

DashboardId = Annotated[int, Path(ge=1, le=2**62)]
InProject = Annotated[ProjectName, Query()]


class OriginIn(BaseModel):
    """When a dashboard was made and changed where it was exported."""

    created_ms: int = Field(ge=0, le=2**53)
    changed_ms: int = Field(ge=0, le=2**53)


class DashboardIn(BaseModel):
    """A dashboard or report to make. docs/reference/dashboards.md has the form of `content`."""

    kind: Literal["dashboard", "report"] = "dashboard"
    name: str = Field(min_length=1, max_length=store.NAME_CHARACTERS)
    content: dict[str, Any] = {}
    run: str | None = Field(None, max_length=100, description="label of the run that it is about; else the project")
    origin: OriginIn | None = Field(None, description="of an import; one that was changed later here stays")


class DashboardOut(BaseModel):
    """A dashboard or report. `version` rises with every change."""

    id: int
    kind: str
    name: str
    content: dict[str, Any]
    run: str | None
    version: int
    created_ms: int
    changed_ms: int
    url: str


class DashboardChange(BaseModel):
    """A change of the `version` that was read before; what is left out stays."""

    version: int
    name: str | None = None
    content: dict[str, Any] | None = None


class Layout(BaseModel):
    """New places of some widgets, by id: x, y, width and height in columns and rows."""

    version: int
    places: dict[str, tuple[int, int, int, int]]


@router.get("/dashboards")
def list_dashboards(request: Request, project: InProject) -> list[DashboardOut]:
    """Those of a project, the one changed last first."""
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        return [_out(found.name, one) for one in store.list_dashboards(connection, found.id)]


@router.post("/dashboards", status_code=201)
def create_dashboard(request: Request, project: InProject, wanted: DashboardIn) -> DashboardOut:
    """Make one. Of an import, one of its kind that was made at the same moment is the same one."""
    content = content_from(json.dumps(wanted.content))
    with request.app.state.database.write() as connection:
        found = find_project(connection, project)
        run_id = None if wanted.run is None else find_run(connection, wanted.run).id
        about = (connection, found.id, wanted.kind, wanted.name, content, run_id)
        if wanted.origin is None:
            made = store.create_dashboard(*about)
        else:
            made = store.bring_dashboard(*about, store.Origin(**wanted.origin.model_dump()))
        return _found(connection, found, made)


@router.get("/dashboards/{dashboard_id}")
def read_dashboard(request: Request, project: InProject, dashboard_id: DashboardId) -> DashboardOut:
    """One of a project."""
    with request.app.state.database.read() as connection:
        return _found(connection, find_project(connection, project), dashboard_id)


@router.patch("/dashboards/{dashboard_id}")
def change_dashboard(
    request: Request, project: InProject, dashboard_id: DashboardId, change: DashboardChange
) -> DashboardOut:
    """Another name or content. 409 `changed_meanwhile` if `version` is not the newest."""
    content = None if change.content is None else content_from(json.dumps(change.content))
    return _changed(request, project, dashboard_id, change.version, content, change.name)


@router.put("/dashboards/{dashboard_id}/layout")
def lay_out(request: Request, project: InProject, dashboard_id: DashboardId, layout: Layout) -> DashboardOut:
    """Move and resize widgets."""
    with request.app.state.database.read() as connection:
        before = store.find_dashboard(connection, find_project(connection, project).id, dashboard_id)
    content = before.content
    for widget_id, (x, y, width, height) in layout.places.items():
        widget = content.widget(widget_id)
        place = Place(x, y, width, height)
        content = content.with_widget(widget_of(widget.id, widget.kind, widget.title, place, widget.options))
    return _changed(request, project, dashboard_id, layout.version, content, None)


@router.delete("/dashboards/{dashboard_id}", status_code=204)
def delete_dashboard(request: Request, project: InProject, dashboard_id: DashboardId) -> None:
    """Delete one; the runs that it was about stay as they are."""
    with request.app.state.database.write() as connection:
        found = find_project(connection, project)
        store.delete_dashboard(connection, store.find_dashboard(connection, found.id, dashboard_id).id)


def _changed(
    request: Request, project: str, dashboard_id: int, version: int, content: Content | None, name: str | None
) -> DashboardOut:
    with request.app.state.database.write() as connection:
        found = find_project(connection, project)
        newest = store.find_dashboard(connection, found.id, dashboard_id)
        store.change_dashboard(connection, replace(newest, version=version), content=content, name=name)
        return _found(connection, found, dashboard_id)


def _found(connection: sa.Connection, project: Project, dashboard_id: int) -> DashboardOut:
    return _out(project.name, store.find_dashboard(connection, project.id, dashboard_id))


def _out(project: str, dashboard: Dashboard) -> DashboardOut:
    return DashboardOut(
        id=dashboard.id,
        kind=dashboard.kind,
        name=dashboard.name,
        content=json.loads(as_json(dashboard.content)),
        run=dashboard.run,
        version=dashboard.version,
        created_ms=dashboard.created_ms,
        changed_ms=dashboard.changed_ms,
        url=dashboard_url(project, dashboard.id),
    )
