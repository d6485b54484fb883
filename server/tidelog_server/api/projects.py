"""Projects as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from tidelog_server.runs import projects

router = APIRouter(tags=["projects"])


class ProjectList(BaseModel):
    """Projects."""

    projects: list[projects.Project]


@router.get("/projects")
def list_projects(
    request: Request, name: Annotated[str | None, Query(max_length=255, description="only this one")] = None
) -> ProjectList:
    """Projects, the one with the latest activity first, at most 1,000; or the one of a name."""
    with request.app.state.database.read() as connection:
        if name is not None:
            return ProjectList(projects=[projects.find_project(connection, name)])
        return ProjectList(projects=projects.list_projects(connection))
