"""Saved views of the runs table: their list, and the forms that keep and delete them."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tidelog_server.pages.addresses import project_address
from tidelog_server.pages.forms import form_of
from tidelog_server.pages.problems import PageRoute, StoredId
from tidelog_server.pages.templating import render, wanted_partial
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.saved_views import SavedView, delete_view, save_view, views_of

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class ViewsPage:
    """The context of pages/views.html and of its part."""

    project: Project
    views: tuple[SavedView, ...]
    address: str


@router.get("/projects/{project:path}/views")
def show_views(request: Request, project: str) -> Response:
    """The saved views of a project."""
    return _answer(request, project)


@router.post("/projects/{project:path}/views")
async def keep_view(request: Request, project: str) -> Response:
    """Save what an address shows under a name."""
    form = await form_of(request)

    def keep() -> Response:
        with request.app.state.database.write() as connection:
            save_view(connection, find_project(connection, project).id, form.text("name"), form.text("address"))
        return _answer(request, project)

    return await run_in_threadpool(keep)


@router.post("/projects/{project:path}/views/{view_id:int}/delete")
def forget_view(request: Request, project: str, view_id: StoredId) -> Response:
    """Delete a view; what it showed stays as it is."""
    with request.app.state.database.write() as connection:
        delete_view(connection, find_project(connection, project).id, view_id)
    return _answer(request, project)


def _answer(request: Request, name: str) -> Response:
    with request.app.state.database.read() as connection:
        project = find_project(connection, name)
        page = ViewsPage(project, tuple(views_of(connection, project.id)), project_address(name))
    if wanted_partial(request) == "saved-views":
        return render(request, "partials/table/views.html", page)
    if request.method == "POST":
        return RedirectResponse(f"{page.address}/views", status_code=303)
    return render(request, "pages/views.html", page)
