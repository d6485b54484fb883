"""Search over everything, for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from tidelog_server.api.table import WITHOUT_NUL
from tidelog_server.runs.projects import find_project
from tidelog_server.search.logs import LogHit, search_logs
from tidelog_server.search.names import NameHit, search_names
from tidelog_server.search.phrases import PHRASE_CHARACTERS, phrase_of

router = APIRouter(tags=["search"])

Words = Annotated[str, Query(min_length=1, max_length=PHRASE_CHARACTERS, pattern=WITHOUT_NUL)]
ProjectName = Annotated[str, Query(max_length=255, pattern=WITHOUT_NUL)]


class LogHitList(BaseModel):
    """Where a phrase was printed, the newest runs first. With `next` as `after` a further request goes on."""

    hits: tuple[LogHit, ...]
    next: str | None


@router.get("/search/names")
def find_names(request: Request, q: Words, project: ProjectName = "") -> list[NameHit]:
    """What has all these words in its name or its texts, a few of each kind; in all projects, or in one."""
    with request.app.state.database.read() as connection:
        project_id = find_project(connection, project).id if project else None
        return search_names(connection, q, project_id=project_id)


@router.get("/search/logs")
def find_in_logs(
    request: Request,
    q: Words,
    project: ProjectName = "",
    after: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LogHitList:
    """Which runs printed or logged this: whole words that follow one another on a line of a string series."""
    phrase = phrase_of(q)
    with request.app.state.database.read() as connection:
        project_id = find_project(connection, project).id if project else None
        found = search_logs(connection, phrase, project_id=project_id, after=after, limit=limit)
    return LogHitList(hits=found.hits, next=found.next)
