"""Deleting attributes of a run: a page that says what would go, and the form on it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from tidelog_server.errors import AttributeNotFoundError, RunNotFoundError
from tidelog_server.pages.addresses import deletion_address, run_address
from tidelog_server.pages.problems import PageRoute
from tidelog_server.pages.templating import render
from tidelog_server.query.value_types import VIRTUAL
from tidelog_server.runs.attributes import Attribute, attributes_of
from tidelog_server.runs.runs import Run, find_run
from tidelog_server.series import deletion
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

SHOWN = 100  # attributes that are named one by one
ADDRESS = "/projects/{project:path}/runs/{label}/delete"


@dataclass(frozen=True)
class DeletionPage:
    """The context of pages/deletion.html. `points` counts those of all series that would go."""

    run: Run
    path: str
    attributes: tuple[Attribute, ...]
    count: int
    points: int
    action: str
    back: str


@router.get(ADDRESS)
def ask_for_deletion(request: Request, project: str, label: str, path: str) -> Response:
    """What would be deleted."""
    services: Services = request.app.state.services
    wanted = deletion.path_of(path)
    run = _run(services, project, label)
    services.folder.fold(run.id)
    with services.database.read() as connection:
        found = [one for one in attributes_of(connection, run.id, wanted) if one.path not in VIRTUAL]
    if not found:
        raise AttributeNotFoundError(f"The run {run.label} has nothing of its own at {wanted[:200]!r} or below it.")
    page = DeletionPage(
        run=run,
        path=wanted,
        attributes=tuple(found[:SHOWN]),
        count=len(found),
        points=sum(_points(attribute) for attribute in found),
        action=deletion_address(project, label, wanted),
        back=run_address(project, label, [("tab", "attributes")]),
    )
    return render(request, "pages/deletion.html", page)


@router.post(ADDRESS)
def delete_attributes(request: Request, project: str, label: str, path: str) -> Response:
    """Delete them, and show what the run still has."""
    services: Services = request.app.state.services
    deletion.delete_at(services.folder, _run(services, project, label), deletion.path_of(path))
    return RedirectResponse(run_address(project, label, [("tab", "attributes")]), status_code=303)


def _run(services: Services, project: str, label: str) -> Run:
    with services.database.read() as connection:
        run = find_run(connection, label)
    if run.project != project:
        raise RunNotFoundError(f"There is no run {label[:80]!r} in the project {project[:80]!r}.")
    return run


def _points(attribute: Attribute) -> int:
    extent = attribute.series or attribute.extent
    return 0 if extent is None else extent.points
