"""The first page: all projects."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from tidelog_server.clock import now_ms
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.runs.projects import Project, list_projects
from tidelog_server.runs.storage import Usage, usage_by_project

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class ProjectsPage:
    """The context of pages/projects.html."""

    projects: list[Project]
    usage: dict[int, Usage]
    server: str
    now_ms: int


@router.get("/")
def show_projects(request: Request) -> Response:
    """All projects, the one with the latest activity first."""
    with request.app.state.database.read() as connection:
        projects = list_projects(connection)
        usage = usage_by_project(connection)
    page = ProjectsPage(projects=projects, usage=usage, server=str(request.base_url).rstrip("/"), now_ms=now_ms())
    template = "partials/project_list.html" if wanted_partial(request) == "projects" else "pages/projects.html"
    return render(request, template, page)
