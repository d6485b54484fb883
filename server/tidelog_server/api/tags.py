"""Tags of many runs at once, as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from tidelog_server.runs.selection import Selection, selected
from tidelog_server.runs.system import TAG_CHARACTERS, TAGS, change_tags
from tidelog_server.services import Services

router = APIRouter(tags=["runs"])

RUNS_AT_ONCE = 1_000
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=TAG_CHARACTERS)]], Field(max_length=TAGS)]


class TagChange(BaseModel):
    """Tags that some runs are to have, and tags that they are not to have any more."""

    labels: list[Annotated[str, Field(max_length=100)]] = Field(max_length=RUNS_AT_ONCE, examples=[["MNIST-3"]])
    add: Tags = []
    remove: Tags = []


class TagsChanged(BaseModel):
    """How many runs were looked at."""

    runs: int


@router.post("/runs/tags")
def change_tags_of_runs(request: Request, wanted: TagChange) -> TagsChanged:
    """Add tags to runs, and take tags from them; a run that has one already keeps it."""
    services: Services = request.app.state.services
    with services.database.read() as connection:
        ids = selected(connection, Selection(labels=wanted.labels), trashed=False)
    for run_id in ids:
        services.folder.fold(run_id)  # what was logged before this request must not undo it
    with services.database.write() as connection:
        change_tags(connection, ids, add=wanted.add, remove=wanted.remove)
    return TagsChanged(runs=len(ids))
