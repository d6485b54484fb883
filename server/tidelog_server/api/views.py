"""Saved views of the runs table, for programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from tidelog_server.api.table import ProjectName
from tidelog_server.runs.projects import find_project
from tidelog_server.runs.saved_views import ADDRESS_CHARACTERS, NAME_CHARACTERS, Origin, save_view, views_of

router = APIRouter(tags=["views"])

Project = Annotated[ProjectName, Query()]
Moment = Annotated[int, Field(ge=0, le=2**53)]


class OriginIn(BaseModel):
    """What a view was where it was exported."""

    author: str | None = Field(None, max_length=NAME_CHARACTERS)
    created_ms: Moment
    modified_ms: Moment


class ViewIn(BaseModel):
    """A name for what an address shows, which is its query without the question mark."""

    name: str = Field(min_length=1, max_length=NAME_CHARACTERS)
    address: str = Field(max_length=ADDRESS_CHARACTERS, examples=["q=acc > 0.9&sort=acc"])
    origin: OriginIn | None = Field(None, description="of an import; a view that was changed later here stays")


class ViewOut(BaseModel):
    """A saved view."""

    id: int
    name: str
    address: str
    author: str | None
    created_ms: int
    modified_ms: int


class ViewList(BaseModel):
    """Saved views by name."""

    views: list[ViewOut]


@router.get("/views")
def list_views(request: Request, project: Project) -> ViewList:
    """The saved views of a project, by name."""
    with request.app.state.database.read() as connection:
        found: list[Any] = views_of(connection, find_project(connection, project).id)
    return ViewList(views=[ViewOut(**vars(view)) for view in found])


@router.post("/views", status_code=201)
def keep_view(request: Request, project: Project, view: ViewIn) -> ViewOut:
    """Save what an address shows under a name; a view of this name is replaced."""
    origin = None if view.origin is None else Origin(**view.origin.model_dump())
    with request.app.state.database.write() as connection:
        kept: Any = save_view(connection, find_project(connection, project).id, view.name, view.address, origin)
    return ViewOut(**vars(kept))
