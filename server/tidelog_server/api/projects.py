"""Projects as JSON."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tidelog_server.runs import projects

router = APIRouter(tags=["projects"])


class ProjectOut(BaseModel):
    """A project; `key` is the prefix of its runs' labels. Times are milliseconds since 1970 UTC."""

    id: int
    name: str
    key: str
    runs: int
    running: int
    created_ms: int
    last_activity_ms: int


class ProjectList(BaseModel):
    """All projects."""

    projects: list[ProjectOut]


@router.get("/projects")
def list_projects(request: Request) -> ProjectList:
    """All projects, the one with the latest activity first."""
    with request.app.state.database.read() as connection:
        found = projects.list_projects(connection)
    return ProjectList(projects=[ProjectOut(**vars(project)) for project in found])
