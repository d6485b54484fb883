"""What changes a run from its page: each form, and where it leads. All of them work without JavaScript."""

from __future__ import annotations

import math
from collections.abc import Callable

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tidelog_server.errors import InvalidRequestError, RunNotFoundError
from tidelog_server.pages.addresses import run_address
from tidelog_server.pages.forms import form_of
from tidelog_server.pages.problems import PageRoute
from tidelog_server.runs import marks, requests, system, trash
from tidelog_server.runs.runs import Run, find_run
from tidelog_server.services import Services

router = APIRouter(route_class=PageRoute)

ONE = "/projects/{project:path}/runs/{label}"
COMMENT_CHARACTERS = 2_000
MOST_STEP = 4e12
Change = Callable[[sa.Connection, Run], object]


@router.post(ONE + "/request")
async def ask_of_run(request: Request, project: str, label: str) -> Response:
    """Ask the job to stop or to abort, or take that back."""
    form = await form_of(request)
    wanted = form.text("request")
    if wanted not in ("stop", "abort", ""):
        raise InvalidRequestError(f"A run can be asked to stop or to abort, not to {wanted[:40]!r}.")
    return await _changed(
        request, project, label, lambda connection, run: requests.ask(connection, run, wanted or None)
    )


@router.post(ONE + "/edit")
async def edit_run(request: Request, project: str, label: str) -> Response:
    """Another name, description, tags or stage; each tag stands on a line of its own."""
    form = await form_of(request)
    changes: dict[str, str | list[str]] = {"name": form.text("name"), "description": form.text("description")}
    for key in ("tags", "group_tags"):
        if form.texts(key):  # there are not too many to be changed by hand
            changes[key] = [tag.strip() for tag in form.text(key).splitlines() if tag.strip()]
    if form.text("stage"):
        changes["stage"] = form.text("stage")
    return await _changed(request, project, label, lambda connection, run: system.edit(connection, run, changes))


@router.post(ONE + "/trash")
async def trash_run(request: Request, project: str, label: str) -> Response:
    """Put the run in the trash."""
    return await _changed(request, project, label, lambda connection, run: trash.trash(connection, [run.id]))


@router.post(ONE + "/restore")
async def restore_run(request: Request, project: str, label: str) -> Response:
    """Take the run out of the trash."""
    return await _changed(request, project, label, lambda connection, run: trash.restore(connection, [run.id]))


@router.post(ONE + "/comments")
async def comment_on_run(request: Request, project: str, label: str) -> Response:
    """Keep a comment on the run, at a step if one was written."""
    form = await form_of(request)
    text, step = form.text("text").strip(), _step(form.text("step"))
    if not 0 < len(text) <= COMMENT_CHARACTERS:
        raise InvalidRequestError(f"A comment has 1 to {COMMENT_CHARACTERS:,} characters. Nothing was kept.")

    def change(connection: sa.Connection, run: Run) -> None:
        marks.add_comment(connection, run.id, text, step=step, author=None)

    return await _changed(request, project, label, change, tab="events")


@router.post(ONE + "/comments/{mark_id:int}/delete")
async def delete_comment_on_run(request: Request, project: str, label: str, mark_id: int) -> Response:
    """Delete a comment of this run. One that is gone already is no mistake: the page shows that it is."""
    return await _changed(
        request,
        project,
        label,
        lambda connection, run: marks.delete_comment(connection, mark_id, run_id=run.id),
        tab="events",
    )


def _step(text: str) -> float | None:
    """The step that was written; nothing for all of the run."""
    if not text.strip():
        return None
    try:
        step = float(text)
    except ValueError:
        step = math.nan
    if not abs(step) <= MOST_STEP:  # NaN as well
        raise InvalidRequestError(f"{text[:40]!r} is no step. Nothing was kept.")
    return step


async def _changed(request: Request, project: str, label: str, change: Change, *, tab: str = "") -> Response:
    """Change a run, and show its page."""
    services: Services = request.app.state.services

    def act() -> None:
        with services.database.read() as connection:
            run = find_run(connection, label)
        if run.project != project:
            raise RunNotFoundError(f"There is no run {label[:80]!r} in the project {project[:80]!r}.")
        services.folder.fold(run.id)  # what was logged before must not undo an edit
        with services.database.write() as connection:
            change(connection, run)

    await run_in_threadpool(act)
    return RedirectResponse(run_address(project, label, [("tab", tab)]), status_code=303)
