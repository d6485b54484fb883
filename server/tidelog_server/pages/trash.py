"""The trash of a project: what is in it, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.addresses import trash_address
from tidelog_server.pages.forms import Form, form_of
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render
from tidelog_server.runs import trash
from tidelog_server.runs.projects import Project, find_project
from tidelog_server.runs.runs import Run
from tidelog_server.runs.selection import Selection, selected
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

SHOWN = 500  # a form takes 1,000 fields


@dataclass(frozen=True)
class TrashPage:
    """The context of pages/trash.html. `kept` are labels of runs that could not be deleted, as forks need them."""

    project: Project
    runs: tuple[Run, ...]
    has_more: bool
    days: float
    kept: tuple[str, ...]
    now_ms: int


@router.get("/projects/{project:path}/trash")
def show_trash(request: Request, project: str, kept: str = "") -> Response:
    """What is in the trash, the latest first."""
    with request.app.state.database.read() as connection:
        found = find_project(connection, project)
        runs = tuple(trash.trashed_runs(connection, found.id, SHOWN + 1))
    days, labels = request.app.state.settings.trash_days, {run.label for run in runs}
    named = tuple(label for label in kept.split(",") if label in labels)
    shown, has_more = runs[:SHOWN], len(runs) > SHOWN
    page = TrashPage(project=found, runs=shown, has_more=has_more, days=days, kept=named, now_ms=now_ms())
    return render(request, "pages/trash.html", page)


@router.post("/projects/{project:path}/trash")
async def change_trash(request: Request, project: str) -> Response:
    """Restore or delete the runs that are ticked, or delete all."""
    form = await form_of(request)
    kept = await run_in_threadpool(_change, request.app.state.services, project, form)
    return RedirectResponse(trash_address(project, [("kept", ",".join(kept))]), status_code=303)


def _change(services: Services, project: str, form: Form) -> tuple[str, ...]:
    """Do what the form says; the labels of the runs that stay because of their forks."""
    action = form.text("action")
    with services.database.read() as connection:
        found = find_project(connection, project)
        if action == "empty":
            ids = trash.ids_in_trash(connection, found.id)
        else:
            ids = selected(connection, Selection(labels=form.texts("run")), trashed=True)
    with services.database.write() as connection:
        if action == "restore":
            trash.restore(connection, ids)
            return ()
        if action in ("purge", "empty"):
            return trash.purge(connection, ids).kept
    raise InvalidRequestError("What is to be done with the runs is none of restore, purge and empty.")
