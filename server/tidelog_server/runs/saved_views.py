"""Saved views: names for what a page of a project shows, which is the query of its address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tidelog_server.clock import now_ms
from tidelog_server.errors import InvalidRequestError
from tidelog_server.tables import saved_views

NAME_CHARACTERS = 200
ADDRESS_CHARACTERS = 30_000
MAX_VIEWS = 200  # of one project


@dataclass(frozen=True)
class SavedView:
    """A name, and the query of the address that it stands for, without a question mark."""

    id: int
    name: str
    address: str
    author: str | None
    created_ms: int
    modified_ms: int


@dataclass(frozen=True)
class Origin:
    """Who made a view where it was exported, and when; when it was changed there."""

    author: str | None
    created_ms: int
    modified_ms: int


def views_of(connection: sa.Connection, project_id: int) -> list[SavedView]:
    """The saved views of a project, by name."""
    query = _select().where(saved_views.c.project_id == project_id).order_by(saved_views.c.name)
    return [SavedView(*row) for row in connection.execute(query.limit(MAX_VIEWS))]


def save_view(
    connection: sa.Connection, project_id: int, name: str, address: str, origin: Origin | None = None
) -> SavedView:
    """Give what an address shows a name; a view of the same name is replaced, by an import if it was changed before."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS or not name.isprintable():
        raise InvalidRequestError(f"A view has a name of 1 to {NAME_CHARACTERS} printable characters.", field="name")
    if len(address) > ADDRESS_CHARACTERS or not address.isprintable():
        raise InvalidRequestError("The address of this view is too long to be kept.", field="address")
    counted = sa.select(sa.func.count()).select_from(saved_views)
    others = counted.where(saved_views.c.project_id == project_id, saved_views.c.name != name)
    if (connection.scalar(others) or 0) >= MAX_VIEWS:
        raise InvalidRequestError(f"A project has up to {MAX_VIEWS} views. Delete one first.")
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    moment = now_ms()
    insert = dialect.insert(saved_views).values(
        project_id=project_id, name=name, address=address, **vars(origin or Origin(None, moment, moment))
    )
    replaced = {"address": insert.excluded.address, "modified_ms": insert.excluded.modified_ms}
    older = None if origin is None else saved_views.c.modified_ms < origin.modified_ms
    connection.execute(insert.on_conflict_do_update(index_elements=["project_id", "name"], set_=replaced, where=older))
    named = (saved_views.c.project_id == project_id, saved_views.c.name == name)
    return SavedView(*connection.execute(_select().where(*named)).one())


def _select() -> sa.Select[Any]:
    return sa.select(*(saved_views.c[name] for name in SavedView.__dataclass_fields__))


def delete_view(connection: sa.Connection, project_id: int, view_id: int) -> None:
    """Forget a view of this project."""
    connection.execute(
        sa.delete(saved_views).where(saved_views.c.project_id == project_id, saved_views.c.id == view_id)
    )
