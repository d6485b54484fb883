"""The tables of dashboards and of the frozen pictures of their widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidelog_server.clock import now_ms
from tidelog_server.dashboards.content import Content, as_json, content_from
from tidelog_server.errors import ChangedMeanwhileError, InvalidRequestError, NotFoundError
from tidelog_server.tables import DASHBOARD_KINDS, dashboards, frozen_widgets, runs

NAME_CHARACTERS = 200
MOST = 500  # of one project


@dataclass(frozen=True)
class Dashboard:
    """A dashboard or a report. `version` rises with every change; `run_id` and `run`, its label, are those of the run
    that it is about, if it is about one.
    """

    id: int
    project_id: int
    run_id: int | None
    kind: str
    name: str
    content: Content
    version: int
    created_ms: int
    changed_ms: int
    run: str | None = None


@dataclass(frozen=True)
class Origin:
    """When a dashboard was made and changed where it was exported."""

    created_ms: int
    changed_ms: int


@dataclass(frozen=True)
class Frozen:
    """A widget as it was drawn at a moment."""

    html: str
    frozen_ms: int


def list_dashboards(connection: sa.Connection, project_id: int) -> list[Dashboard]:
    """Those of a project, the one changed last first."""
    query = _select().where(dashboards.c.project_id == project_id)
    query = query.order_by(dashboards.c.changed_ms.desc(), dashboards.c.id.desc()).limit(MOST)
    return [_dashboard(row) for row in connection.execute(query)]


def find_dashboard(connection: sa.Connection, project_id: int, dashboard_id: int) -> Dashboard:
    """One of a project; raises `NotFoundError`."""
    query = _select().where(dashboards.c.project_id == project_id, dashboards.c.id == dashboard_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(
            "There is no such dashboard or report in this project. Its list shows those that there are."
        )
    return _dashboard(row)


def create_dashboard(
    connection: sa.Connection,
    project_id: int,
    kind: str,
    name: str,
    content: Content,
    run_id: int | None = None,
    origin: Origin | None = None,
) -> int:
    """Make one; its id. `origin` is that of one that is imported."""
    if kind not in DASHBOARD_KINDS:
        raise InvalidRequestError(f"There is no {kind[:40]!r}; make one of: {', '.join(DASHBOARD_KINDS)}.")
    in_project = sa.exists().where(runs.c.id == run_id, runs.c.project_id == project_id)
    if run_id is not None and not connection.scalar(sa.select(in_project)):
        raise InvalidRequestError("A dashboard is about a run of its own project. Nothing was stored.")
    counted = sa.select(sa.func.count()).select_from(dashboards).where(dashboards.c.project_id == project_id)
    if (connection.scalar(counted) or 0) >= MOST:
        raise InvalidRequestError(f"A project has up to {MOST} dashboards and reports. Delete one first.")
    moment = now_ms()
    values = {
        "project_id": project_id,
        "run_id": run_id,
        "kind": kind,
        "name": _name(name),
        "content": as_json(content),
        **vars(origin or Origin(moment, moment)),
    }
    return int(connection.scalar(sa.insert(dashboards).values(values).returning(dashboards.c.id)) or 0)


def bring_dashboard(
    connection: sa.Connection,
    project_id: int,
    kind: str,
    name: str,
    content: Content,
    run_id: int | None,
    origin: Origin,
) -> int:
    """Import one; its id. One of its kind that was made at the same moment is the same one: if it was not changed
    later here, it becomes what is imported.
    """
    same = (dashboards.c.kind == kind, dashboards.c.created_ms == origin.created_ms)
    query = sa.select(dashboards.c.id).where(dashboards.c.project_id == project_id, *same)
    known = connection.scalar(query.order_by(dashboards.c.name != name, dashboards.c.id).limit(1))
    if known is None:
        return create_dashboard(connection, project_id, kind, name, content, run_id, origin)
    before = find_dashboard(connection, project_id, known)
    if before.changed_ms < origin.changed_ms:
        change_dashboard(connection, before, content=content, name=name)
        imported = {"run_id": run_id, "changed_ms": origin.changed_ms}
        connection.execute(sa.update(dashboards).where(dashboards.c.id == known).values(imported))
    return int(known)


def change_dashboard(
    connection: sa.Connection, before: Dashboard, *, content: Content | None = None, name: str | None = None
) -> None:
    """Store another content or name.

    Raises `ChangedMeanwhileError` if somebody else has changed it since `before` was read, so that nobody's work is
    overwritten unseen.
    """
    values: dict[str, Any] = {"version": before.version + 1, "changed_ms": now_ms()}
    if content is not None:
        values["content"] = as_json(content)
    if name is not None:
        values["name"] = _name(name)
    changed = connection.execute(
        sa.update(dashboards).where(dashboards.c.id == before.id, dashboards.c.version == before.version).values(values)
    )
    if changed.rowcount != 1:
        raise ChangedMeanwhileError(
            f"{before.name!r} was changed by somebody else in the meantime. Nothing was stored; load it again, then "
            "repeat what you did."
        )
    if content is not None:
        _forget_frozen(connection, before.id, {widget.id for widget in content.widgets})


def delete_dashboard(connection: sa.Connection, dashboard_id: int) -> None:
    """Delete one with the frozen pictures of its widgets."""
    connection.execute(sa.delete(frozen_widgets).where(frozen_widgets.c.dashboard_id == dashboard_id))
    connection.execute(sa.delete(dashboards).where(dashboards.c.id == dashboard_id))


def freeze(connection: sa.Connection, dashboard_id: int, widget_id: str, html: str) -> None:
    """Keep a widget as it is drawn now; it is shown so until it is thawed."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"dashboard_id": dashboard_id, "widget": int(widget_id), "html": html, "frozen_ms": now_ms()}
    insert = dialect.insert(frozen_widgets).values(values)
    kept = {name: insert.excluded[name] for name in ("html", "frozen_ms")}
    connection.execute(insert.on_conflict_do_update(index_elements=["dashboard_id", "widget"], set_=kept))


def thaw(connection: sa.Connection, dashboard_id: int, widget_id: str) -> None:
    """Let a widget follow its runs again."""
    connection.execute(
        sa.delete(frozen_widgets).where(
            frozen_widgets.c.dashboard_id == dashboard_id, frozen_widgets.c.widget == int(widget_id)
        )
    )


def frozen_of(connection: sa.Connection, dashboard_id: int) -> Mapping[str, Frozen]:
    """The frozen pictures of a dashboard, by widget."""
    query = sa.select(frozen_widgets).where(frozen_widgets.c.dashboard_id == dashboard_id)
    return {str(row.widget): Frozen(row.html, row.frozen_ms) for row in connection.execute(query)}


def _forget_frozen(connection: sa.Connection, dashboard_id: int, widgets: set[str]) -> None:
    """Delete the pictures of widgets that are no longer there."""
    gone = [widget_id for widget_id in frozen_of(connection, dashboard_id) if widget_id not in widgets]
    for widget_id in gone:
        thaw(connection, dashboard_id, widget_id)


def _select() -> sa.Select[Any]:
    return sa.select(dashboards, runs.c.label.label("run")).outerjoin(runs, runs.c.id == dashboards.c.run_id)


def _dashboard(row: sa.Row[Any]) -> Dashboard:
    values = dict(row._mapping)
    return Dashboard(**{**values, "content": content_from(values["content"])})


def _name(name: str) -> str:
    text = " ".join(name.split())
    if not 1 <= len(text) <= NAME_CHARACTERS or not text.isprintable():
        raise InvalidRequestError(f"A name has 1 to {NAME_CHARACTERS} printable characters. Nothing was stored.")
    return text
