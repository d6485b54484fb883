"""Projects as JSON."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tidelog_server.runs import projects

router = APIRouter(tags=["projects"])


class ProjectList(BaseModel):
    """All projects."""

    projects: list[projects.Project]


@router.get("/projects")
def list_projects(request: Request) -> ProjectList:
    """All projects, the one with the latest activity first."""
    with request.app.state.database.read() as connection:
        return ProjectList(projects=projects.list_projects(connection))
