"""What changes dashboards and reports: each form of their pages, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from tidelog_server.dashboards import store
from tidelog_server.dashboards.content import OPTIONS, Content, Place, Widget, selection_of, widget_of
from tidelog_server.dashboards.store import Dashboard
from tidelog_server.errors import InvalidRequestError
from tidelog_server.pages.addresses import dashboard_address, dashboards_address
from tidelog_server.pages.dashboards import dashboard_page
from tidelog_server.pages.forms import Form, form_of
from tidelog_server.pages.problems import PageRoute, StoredId
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.runs import find_run

router = APIRouter(route_class=PageRoute)

ONE = "/projects/{project:path}/dashboards/{dashboard_id:int}"
Change = Callable[[sa.Connection, Dashboard], None]


@router.post("/projects/{project:path}/dashboards")
async def create(request: Request, project: str) -> Response:
    """Make a dashboard or a report, empty or as a copy of another one, and open it for editing."""
    form = await form_of(request)

    def make() -> int:
        with request.app.state.database.write() as connection:
            found = find_project(connection, project)
            name, kind, content = form.text("name"), form.text("kind", "dashboard"), Content()
            if copied := form.text("copy_of"):
                original = store.find_dashboard(connection, found.id, _number(copied))
                content, kind, name = original.content, original.kind, name or f"{original.name} (copy)"
            run_id = find_run(connection, form.text("run")).id if form.text("run") else None
            return store.create_dashboard(connection, found.id, kind, name, content, run_id)

    return _to(dashboard_address(project, await run_in_threadpool(make), pairs=[("edit", "1")]))


@router.post(ONE + "/settings")
async def change_settings(request: Request, project: str, dashboard_id: StoredId) -> Response:
    """Another name, other runs."""
    form = await form_of(request)

    def change(connection: sa.Connection, before: Dashboard) -> None:
        selection = selection_of(
            form.text("query"),
            form.text("sort"),
            descending=form.text("order", "descending") != "ascending",
            limit=form.text("limit", str(before.content.selection.limit)),
            labels=form.text("labels").split(),
        )
        content = replace(before.content, selection=selection)
        store.change_dashboard(connection, before, name=form.text("name", before.name), content=content)

    return await _changed(request, project, dashboard_id, change)


@router.post(ONE + "/widgets")
async def add_widget(request: Request, project: str, dashboard_id: StoredId) -> Response:
    """Another widget, below the others; its own form opens."""
    form = await form_of(request)
    added: list[str] = []

    def change(connection: sa.Connection, before: Dashboard) -> None:
        content, kind = before.content, form.text("kind")
        if kind not in OPTIONS:
            raise InvalidRequestError(f"There is no widget of the kind {kind[:40]!r}.")
        widget = widget_of(content.next_id(), kind, form.text("title"), content.free_place(kind), _options(kind, form))
        added.append(widget.id)
        store.change_dashboard(connection, before, content=content.with_widget(widget))

    await _changed(request, project, dashboard_id, change)
    return _to(dashboard_address(project, dashboard_id, pairs=[("edit", "1"), ("widget", added[-1])]) + "#edited")


@router.post(ONE + "/widgets/{widget_id}")
async def change_widget(request: Request, project: str, dashboard_id: StoredId, widget_id: str) -> Response:
    """Other options, another title, another place."""
    form = await form_of(request)

    def change(connection: sa.Connection, before: Dashboard) -> None:
        widget = before.content.widget(widget_id)
        options = _options(widget.kind, form)
        changed = widget_of(widget.id, widget.kind, form.text("title"), _place(widget, form), options)
        store.change_dashboard(connection, before, content=before.content.with_widget(changed))

    return await _changed(request, project, dashboard_id, change)


@router.post(ONE + "/widgets/{widget_id}/move")
async def move_widget(request: Request, project: str, dashboard_id: StoredId, widget_id: str) -> Response:
    """One place up or down in a report."""
    form = await form_of(request)
    by = -1 if form.text("by") == "up" else 1

    def change(connection: sa.Connection, before: Dashboard) -> None:
        store.change_dashboard(connection, before, content=before.content.moved(widget_id, by))

    return await _changed(request, project, dashboard_id, change)


@router.post(ONE + "/widgets/{widget_id}/remove")
async def remove_widget(request: Request, project: str, dashboard_id: StoredId, widget_id: str) -> Response:
    """Take a widget away."""

    def change(connection: sa.Connection, before: Dashboard) -> None:
        before.content.widget(widget_id)
        store.change_dashboard(connection, before, content=before.content.without(widget_id))

    return await _changed(request, project, dashboard_id, change)


@router.post(ONE + "/widgets/{widget_id}/freeze")
async def freeze_widget(request: Request, project: str, dashboard_id: StoredId, widget_id: str) -> Response:
    """Keep a widget as it is drawn at this moment."""

    def freeze() -> None:
        page = dashboard_page(request, project, dashboard_id, as_picture=True)
        view = next((view for view in page.views if view.widget.id == widget_id and view.frozen is None), None)
        if view is None:
            return
        html = request.app.state.templates.get_template("partials/widget_body.html").render(page=page, view=view)
        with request.app.state.database.write() as connection:
            store.freeze(connection, dashboard_id, widget_id, html)

    await run_in_threadpool(freeze)
    return _to(dashboard_address(project, dashboard_id, pairs=[("edit", "1")]))


@router.post(ONE + "/widgets/{widget_id}/thaw")
async def thaw_widget(request: Request, project: str, dashboard_id: StoredId, widget_id: str) -> Response:
    """Let a widget follow its runs again."""

    def change(connection: sa.Connection, before: Dashboard) -> None:
        store.thaw(connection, before.id, before.content.widget(widget_id).id)

    return await _changed(request, project, dashboard_id, change)


@router.post(ONE + "/delete")
async def delete(request: Request, project: str, dashboard_id: StoredId) -> Response:
    """Delete it; the runs that it was about stay as they are."""

    def change(connection: sa.Connection, before: Dashboard) -> None:
        store.delete_dashboard(connection, before.id)

    await _changed(request, project, dashboard_id, change)
    return _to(dashboards_address(project))


async def _changed(request: Request, project: str, dashboard_id: int, change: Change) -> Response:
    """Make a change in a transaction, then go back to editing."""

    def make() -> None:
        with request.app.state.database.write() as connection:
            found = find_project(connection, project)
            change(connection, store.find_dashboard(connection, found.id, dashboard_id))

    await run_in_threadpool(make)
    return _to(dashboard_address(project, dashboard_id, pairs=[("edit", "1")]))


def _options(kind: str, form: Form) -> dict[str, object]:
    return {name: form.text(f"option-{name}") for name in OPTIONS[kind]}


def _place(widget: Widget, form: Form) -> Place:
    now = widget.place
    sizes = ("x", now.x), ("y", now.y), ("width", now.width), ("height", now.height)
    return Place(*(_number(form.text(name, str(value))) for name, value in sizes))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequestError(f"{text[:40]!r} is not a whole number.")
    return int(text)


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)
